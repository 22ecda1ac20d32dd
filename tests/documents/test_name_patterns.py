"""Names and patterns with `*`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.documents.name_patterns import NamePatterns


@pytest.mark.parametrize(
    ("pattern", "name", "meets"),
    [
        ("a@contoso.com", "A@Contoso.COM", True),
        ("a@contoso.com", "aa@contoso.com", False),
        ("STRASSE*", "straße 1", True),
        ("admin*@contoso.com", "admin@contoso.com", True),
        ("admin*@contoso.com", "admin@contoso.com.evil.org", False),
        ("admin*@contoso.com", "xadmin@contoso.com", False),
        ("*.contoso.com", "contoso.com", False),
        ("*.contoso.com", "eu.contoso.com", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a.c*", "abc", False),
        ("*", "", True),
        ("*", "line\nbreak", True),
        ("a**b*", "a-b-", True),
    ],
)
def test_a_name_meets_a_pattern_as_a_whole(pattern, name, meets):
    assert (NamePatterns([pattern]).matching(name) == pattern) is meets


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_is_any_characters(pattern, name):
    expected = re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None
    assert (NamePatterns([pattern]).matching(name) is not None) is expected


def test_what_was_written_is_told():
    patterns = NamePatterns(["Root", "Admin*"])
    assert (patterns.matching("root"), patterns.matching("administrator"), patterns.matching("user")) == ("Root", "Admin*", None)
    assert patterns
    assert not NamePatterns([])
