"""Nobody gets around it by another way to write the same name."""

import pytest

from casbd.config.governance import Governance
from casbd.governance.protection import Protection

GUID = "6cdf381d-5eef-4ab2-be3d-07780fcc4b5d"


def protected(entry, user, user_id=None):
    return Protection(Governance(protected_users=(entry,))).why_not(user, user_id)


@pytest.mark.parametrize(
    "user",
    [
        "break.glass@contoso.com",
        " break.glass@contoso.com",
        "break.glass@contoso.com\u00a0",
        "break.glass@contoso.com\t",
        "break\u200b.glass@contoso.com",
        "\uff42reak.glass@contoso.com",
        "break.glass\uff20contoso.com",
        "break.glass@contoso.com.",
        "CONTOSO\\break.glass",
        "CORP\\break.glass",
        "contoso\\\uff42reak.glass",
        "smtp:break.glass@contoso.com",
        "break.glass_contoso.com#EXT#@fabrikam.onmicrosoft.com",
        "live.com#break.glass@contoso.com",
        "sip: break.glass@contoso.com",
        "AROAEXAMPLE:break.glass@contoso.com",
        "Break Glass <break.glass@contoso.com>",
        "break.glass%40contoso.com",
        "spo:guest#break.glass@contoso.com;x",
        "contoso\\ break.glass",
        "break.glass+x@contoso.com",
        "bre\u00e0k.glass@contoso.com",
        "brea\u0301k.glass@contoso.com",
        "break.gl\u00e4ss+x@contoso.com",
        "break.glass@contoso.onmicrosoft.com",
    ],
)
def test_one_address(user):
    assert protected("Break.Glass@contoso.com", user)


@pytest.mark.parametrize(
    ("entry", "user"),
    [
        ("admin*@contoso.com", "CONTOSO\\admin1"),
        ("*@corp.contoso.com", "corp\\anna"),
        ("admin*", "\uff41dmin1"),
        ("anna", "contoso\\anna"),
        ("contoso\\anna", "anna"),
        ("contoso\\anna", "anna@contoso.com"),
        ("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com", "anna@fabrikam.com"),
        ("anna\u200b@contoso.com", "anna@contoso.com"),
        ("\u00e4nna@contoso.com", "anna@contoso.com"),
        ("LISI@contoso.com", "l\u0131si@contoso.com"),
        ("anna@b\u00fccher.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@b\u00fccher.example"),
        ("anna@contoso.onmicrosoft.com", "anna@contoso.com"),
        ("admin*@contoso.com", "admin1@contoso.onmicrosoft.com"),
    ],
)
def test_patterns_and_other_ways_to_name_somebody(entry, user):
    assert f"protected_users ({entry})" in protected(entry, user)


@pytest.mark.parametrize(
    ("entry", "user"),
    [
        ("anna@contoso.com", "anna@fabrikam.com"),
        ("anna@contoso.com", "contoso\\annabel"),
        ("*@contoso.com", "fabrikam\\anna"),
        ("*@contoso.com", "bob"),
        ("contoso\\anna", "anna@fabrikam.com"),
        ("anna@contoso.com", "anna@corp.contoso.com"),
        ("anna@contoso.com", "joanna@contoso.com"),
        ("anna@contoso.com", "anna@fabrikam.onmicrosoft.com"),
        ("anna@contoso.com", "anna@xn--\uffff.example"),
        ("anna@contoso.onmicrosoft.com", "anna@fabrikam.com"),
    ],
)
def test_others_are_not(entry, user):
    assert not protected(entry, user)


def test_the_apps_own_id_is_looked_up():
    assert protected(GUID, "anna@contoso.com", GUID.upper())
    assert protected("admin@contoso.com", "anna@contoso.com", "admin@contoso.com")
    assert not protected(GUID, "anna@contoso.com", GUID.replace("6", "7"))


@pytest.mark.parametrize("part", ["a@b.c,", "+", "a+", ":", "\u00e4", "@xn--", "#ext#", "_a."])
def test_a_name_of_any_length_takes_no_time(part):
    assert not protected("anna@contoso.com", part * 200_000)


def test_groups_are_looked_up_by_every_name():
    members = {"anna@fabrikam.com": ("Board",), "anna": ("Board",), GUID: ("Board",)}
    board = Protection(Governance(protected_groups=("Board",)), lambda user: members.get(user, ()))
    assert "in the group Board" in board.why_not("Anna_fabrikam.com#EXT#@contoso.onmicrosoft.com")
    assert board.why_not("contoso\\ANNA")
    assert board.why_not("x@contoso.com", GUID)
    assert not board.why_not("x@contoso.com")
