"""Text as it reads: layers of escapes taken off, and nothing else changed."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.pseudonyms.escapes import MOST, PART, as_read, has_escapes


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("%61%40b", "a@b"),
        ("a%2525252540b", "a@b"),
        ("a&#64;b&commat;c&#x40;", "a@b@c@"),
        ("\\u0061\\\\u0062", "ab"),
        ("%26%2364%3B", "@"),
        ("100% %zz \\u00", "100% %zz \\u00"),
        ("a+b", "a+b"),
    ],
)
def test_reads(text, read):
    assert as_read(text) == read


@given(st.text(), st.integers(0, MOST - 1))
def test_takes_off_layers_and_is_stable(text, layers):
    plain = as_read(text)
    for _ in range(layers):
        plain = quote(plain.encode(errors="replace"), safe="")
    assert as_read(plain) == as_read(as_read(plain)) or has_escapes(as_read(plain))


@given(st.text())
def test_parts_are_parts_of_the_text(text):
    assert PART.sub(lambda part: part[0], text) == text
