"""The section `governance`: what can never match a user is a mistake, told where it stands."""

import pytest

from casbd.config import reading


def told(tmp_path, text):
    path = tmp_path / "casbd.yaml"
    path.write_text(text)
    return [str(mistake).removeprefix(f"{path}:") for mistake in reading.read(path)[1]]


@pytest.mark.parametrize(
    "entry",
    [
        "a@contoso.com",
        " a@contoso.com ",
        "admin*@contoso.com",
        "*@contoso.com",
        "*@*.contoso.com",
        "*.contoso.com",
        "admin*",
        "*admin",
        "*",
        "a@*",
        "anna_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "o'neil+x@contoso.com",
        "CONTOSO\\anna smith",
        "SHAREPOINT\\system",
        "NT AUTHORITY\\SYSTEM (w3wp)",
        "bert-jan",
        "AdminRole/*",
        "dependabot[bot]",
        "pc1$",
        "münchen@bücher.example",
        "6cdf381d-5eef-4ab2-be3d-07780fcc4b5d",
    ],
)
def test_users_and_patterns(tmp_path, entry):
    assert told(tmp_path, f"governance: {{protected_users: ['{entry.replace(chr(39), chr(39) * 2)}']}}\n") == []


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "  ",
        "admin@contoso",
        "admin @contoso.com",
        "a@b@contoso.com",
        "a@contoso.com, b@contoso.com",
        "a@contoso.com;b@contoso.com",
        "Anna <anna@contoso.com>",
        "^admin.*@contoso.com$",
        ".*@contoso.com",
        "admin?@contoso.com",
        "(a|b)@contoso.com",
        "a@contoso..com",
        "^admin",
        "Anna Smith",
        "anna, bert",
        "mailto:a@contoso.com",
    ],
)
def test_what_can_never_match_is_told_at_its_place(tmp_path, entry):
    [mistake] = told(tmp_path, f"governance:\n  protected_users:\n    - a@contoso.com\n    - '{entry}'\n")
    assert mistake.startswith("4:7: `governance.protected_users[1]`: ")
    assert mistake.endswith("such as admin*@contoso.com")


def test_a_domain_with_its_at_is_meant_for_everybody(tmp_path):
    [mistake] = told(tmp_path, "governance: {protected_users: ['@contoso.com']}\n")
    assert mistake == "1:32: `governance.protected_users[0]`: `@contoso.com` can never be a user; for everybody there write *@contoso.com"


@pytest.mark.parametrize("value", ["0h", "-1h", "3600", "soon"])
def test_an_age_is_a_length_of_time(tmp_path, value):
    [mistake] = told(tmp_path, f"governance: {{max_activity_age: {value}}}\n")
    assert "`governance.max_activity_age`" in mistake
    assert "write a whole number and s, m, h or d" in mistake
