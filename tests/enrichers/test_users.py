from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from casbd.enrichers.users import Users
from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.pipeline.enrichment import Enrichment

DOMAINS = ("contoso.com", "*.Contoso.net")


def enriched(user: str | None, domains: tuple[str, ...] = DOMAINS, groups: Path | None = None, **fields: Any) -> Activity:
    activity = Activity(user=user, **fields)
    Enrichment([Users(Users.Options(domains=domains, user_groups=groups))]).enrich([activity])
    return activity


@pytest.mark.parametrize(
    ("user", "domain", "external"),
    [
        ("a@contoso.com", "contoso.com", False),
        ("A@CONTOSO.COM", "contoso.com", False),
        ("a@mail.contoso.com", "mail.contoso.com", True),
        ("a@mail.contoso.net", "mail.contoso.net", False),
        ("a@contoso.net", "contoso.net", True),
        ("a@evilcontoso.com", "evilcontoso.com", True),
        ("a@evilcontoso.net", "evilcontoso.net", True),
        ("a@contoso.com@evil.org", "evil.org", True),
        ("a@*.contoso.net", None, None),
        ("a@münchen.example", "münchen.example", True),
        ("anna_fabrikam.com#EXT#@contoso.com", "contoso.com", True),
        ("app@sharepoint", None, None),
        ("SHAREPOINT\\system", None, None),
        ("root", None, None),
        ("@", None, None),
        (None, None, None),
    ],
)
def test_domain_and_external(user: str | None, domain: str | None, external: bool | None) -> None:
    found = enriched(user)
    assert (found.user_domain, found.is_external_user) == (domain, external)


@pytest.mark.parametrize(
    ("user_type", "user", "external"),
    [
        ("Guest", "a@contoso.com", True),
        ("Guest", "bob", True),
        ("System", "NT AUTHORITY\\SYSTEM", False),
        ("System", "x@microsoft.com", False),
        ("Application", "serviceprincipal_1", None),
        ("Regular", "a@fabrikam.com", True),
    ],
)
def test_the_user_type_has_a_say(user_type: str, user: str, external: bool | None) -> None:
    assert enriched(user, user_type=user_type).is_external_user is external


def test_without_domains_only_guests_are_known_to_be_external() -> None:
    assert enriched("a@contoso.com", ()).is_external_user is None
    assert enriched("a@contoso.com", (), user_type="Guest").is_external_user is True
    assert enriched("a_b.com#ext#@contoso.com", ()).is_external_user is True


def test_what_the_export_says_of_the_domain_counts() -> None:
    found = enriched("anna", user_domain="Contoso.com")
    assert (found.user_domain, found.is_external_user) == ("Contoso.com", False)


def test_what_cannot_be_told_stays() -> None:
    assert enriched("root", is_external_user=True).is_external_user is True


def test_a_name_of_any_length_is_looked_up() -> None:
    found = enriched("a" * 100_000 + "@fabrikam.com")
    assert (found.user_domain, found.is_external_user) == ("fabrikam.com", True)


def test_groups(tmp_path: Path) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text("groups:\n  Finance: [Anna@Contoso.com, bob]\n  Admins: [anna@contoso.com, anna@contoso.com]\n  Empty: []\n")
    assert enriched("anna@contoso.com", groups=file).user_groups == ("Admins", "Finance")
    assert enriched("BOB", groups=file).user_groups == ("Finance",)
    assert enriched("carl@contoso.com", groups=file).user_groups == ()
    assert Users(Users.Options(user_groups=file)).files() == [file]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("group: {}\n", "groups.yaml:1:1: unknown key `group` (did you mean `groups`?)"),
        ("groups:\n  Finance: anna\n", "groups.yaml:2:12: `groups.Finance`"),
        ("groups:\n  Finance: [[anna]]\n", "groups.yaml:2:13"),
        ("groups: [\n", "groups.yaml:2:1"),
    ],
)
def test_mistakes_in_the_group_file_are_told(text: str, mistake: str, tmp_path: Path) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text(text)
    with pytest.raises(Mistakes) as caught:
        Users(Users.Options(user_groups=file))
    assert any(mistake in str(found) for found in caught.value.mistakes), str(caught.value)


@pytest.mark.parametrize("domain", ["", "a@contoso.com", "contoso", "*contoso.com", "*.", "contoso.com/", "con toso.com"])
def test_what_is_no_domain_is_a_mistake(domain: str) -> None:
    with pytest.raises(ValidationError, match="is no domain"):
        Users.Options(domains=(domain,))
