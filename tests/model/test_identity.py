"""The one form in which names are compared."""

from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casbd.model.identity import canonical, is_address, is_odd, names_of, person, spelling

ZERO_WIDTH = "\u200b"
ODD = [
    " anna@contoso.com",
    "anna@contoso.com ",
    "anna@contoso.com\u00a0",
    "\tanna@contoso.com",
    f"an{ZERO_WIDTH}na@contoso.com",
    "anna\ufeff@contoso.com",
    "an\u00adna@contoso.com",
    "an\u034fna@contoso.com",
    "an\u3164na@contoso.com",
    "an\ufe0fna@contoso.com",
    "an\U000e0061na@contoso.com",
    "\uff41nna@contoso.com",
    "anna\uff20contoso.com",
    "\U0001d41anna@contoso.com",
    "anna@contoso.com.",
    "anna@contoso.com\u2024",
    "anna@contoso.com. .",
]


@pytest.mark.parametrize("name", ["anna@contoso.com", "ANNA@Contoso.COM", *ODD])
def test_one_name_however_it_is_written(name):
    assert canonical(name) == "anna@contoso.com"


@pytest.mark.parametrize("name", ODD)
def test_what_is_written_oddly(name):
    assert is_odd(name)


@pytest.mark.parametrize(
    "name",
    [
        "anna@contoso.com",
        "ANNA@contoso.com",
        "CONTOSO\\anna smith",
        "m\u00fcnchen@b\u00fccher.example",
        "mu\u0308nchen",
        "stra\u00dfe",
        "bert-jan",
    ],
)
def test_what_is_not(name):
    assert not is_odd(name)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("SMTP:Anna@contoso.com", "anna@contoso.com"),
        ("mailto:anna@contoso.com", "anna@contoso.com"),
        ("i:0#.f|membership|anna@contoso.com", "anna@contoso.com"),
        ("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com", "anna@fabrikam.com"),
        ("anna_smith_fabrikam.co.uk#ext#@contoso.onmicrosoft.com", "anna_smith@fabrikam.co.uk"),
        ("STRASSE", "stra\u00dfe"),
        ("mu\u0308nchen", "M\u00dcNCHEN"),
        ("contoso\\ANNA", "contoso\\anna"),
    ],
)
def test_prefixes_guests_and_cases(name, same):
    assert canonical(name) == canonical(same)


@pytest.mark.parametrize(("one", "other"), [("contoso\\anna", "fabrikam\\anna"), ("anna", "anna@contoso.com"), ("\u0430nna", "anna")])
def test_what_is_somebody_else(one, other):
    assert canonical(one) != canonical(other)


@given(st.text(max_size=400))
@example("\\\u00af")  # whose macron is, in NFKC, a blank with a combining one
def test_a_canonical_name_is_its_own(name):
    once = spelling(name)
    assert spelling(once) == once
    assert spelling(name.upper()) == spelling(name.upper().lower())
    assert all(spelling(one) == one for one in names_of(canonical(name)))


@given(st.from_regex(r"[a-zA-Z.@+'\\ -]{1,12}@?[a-z0-9.-]{0,8}", fullmatch=True))
def test_a_plain_address_is_no_shortcut_to_something_else(name):
    whole = canonical(name)
    assert person(name, "a", "b") == (whole if is_address(whole) else f'["{whole}", "a", "b"]'.replace("\\", "\\\\"))


@pytest.mark.parametrize("length", [1, 100_000])
@pytest.mark.parametrize("part", ["a", "_a.b", "smtp:", "#ext#", "@", ".", " ", ZERO_WIDTH, "\ufdfa"])
def test_it_takes_linear_time(part, length):
    canonical(part * length)


def test_a_name_of_megabytes_is_not_brought_into_its_form():
    name = "é\u200b" * 2_000_000
    begun = thread_time()
    assert len(canonical(name)) < 400
    assert thread_time() - begun < 0.5  # it took four
    assert canonical(name) != canonical(name + "x")
    assert canonical(name) == canonical(canonical(name))
    assert canonical("\ud800" * 10_000)


def test_an_address_is_one_person_everywhere():
    assert person("Anna@contoso.com", "Okta", "one") == person("anna@contoso.com.", "AWS", None) == "anna@contoso.com"


def test_any_other_name_is_one_within_its_app_and_instance():
    bobs = {person("bob", app, instance) for app in ("AWS", "GitHub", None) for instance in ("1", "2", None)}
    assert len(bobs) == 9
    assert person("BOB", "aws", "A") == person("bob", "AWS", "a")


@pytest.mark.parametrize("name", ["bob", "contoso\\bob", "app@sharepoint", "a b@contoso.com", "@contoso.com", "bob@", "a@b@contoso.com"])
def test_what_is_no_address(name):
    assert not is_address(name)
