"""How a person's name is written: in any letters and escapes it is found, and what only looks like it is not."""

import json
from html import escape
from urllib.parse import quote

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from casbd.personal_data.person import Person
from tests.personal_data.conftest import ANNA


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        (ANNA, "by Anna.Berg@contoso.com.", True),
        (ANNA, "joanna.berg@contoso.com", False),
        (ANNA, "anna.berg@contoso.com2", False),
        (ANNA, "anna.berg@contoso.com.au", False),
        (ANNA, r'"{\"u\": \"anna.berg\u0040contoso.com\"}"', True),
        (ANNA, r"line\nanna.berg@contoso.com", True),
        (ANNA, "/personal/anna_berg_contoso_com/", True),
        (ANNA, "x=%2fanna.berg%40contoso.com&y", True),
        (ANNA, "anna.berg_contoso.com#EXT#@fabrikam.onmicrosoft.com", True),
        (ANNA, "anna berg", False),
        ("anna.berg", "anna.berg@contoso.com", False),
        ("anna.berg", "anna.berg.larsen", False),
        ("anna.berg", "x/anna.berg: y", True),
        ("admin", "the admin did it", False),
        ("CONTOSO\\anna", "by contoso\\anna!", True),
        ("CONTOSO\\anna", r"by contoso\\\\anna!", True),
        ("CONTOSO\\anna", "u=contoso%5Canna", True),
        (ANNA, "to=anna.berg%2525252540contoso.com&", True),
        (ANNA, "%61nna.berg@contoso.com", True),
        (ANNA, "%256Aoanna.berg@contoso.com", False),
        (ANNA, "anna.berg&#64;contoso&period;com", True),
        (ANNA, "%26lt%3Banna.berg%2526commat%253Bcontoso.com", True),
        (ANNA, "anna.berg=40contoso.com", True),
        ("Anna Müller", r"by Anna M\\u00fcller", True),
        ("Anna Müller", "by Anna M%C3%BCller", True),
        ("Anna Müller", "by Anna M%25C3%25BCller", True),
        ("Anna Müller", "by&nbsp;Anna&#32;M&uuml;ller", True),
    ],
)
def test_how_a_name_is_written(name, text, there):
    about = Person((name,))
    assert (about.without(text, "X") is not text) is there
    assert about.without(about.without(text, "X"), "Y") == about.without(text, "X")


LAYERS = {
    "url": quote,
    "whole url": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "json": lambda text: json.dumps(text)[1:-1],
    "whole json": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "html": escape,
    "whole html": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
}


@given(st.lists(st.sampled_from(sorted(LAYERS)), max_size=4), st.sampled_from(["{}", "u={}&x", '{{"a": "{}"}}', "by {}: ok"]))
def test_no_layer_of_escapes_hides_a_name(layers, around):
    written = ANNA
    for layer in layers:
        written = LAYERS[layer](written)
    text = around.format(written)
    about = Person((ANNA,))
    assert about.without(text, "X") == around.format("X")
    raw = json.dumps({"raw": text})
    assert json.loads(about.record_without(raw, "X")) == {"raw": around.format("X")}
    assert re2.search(f"(?i){about.regex}", text), "else it is not found in segments"
    assert re2.search(f"(?i){about.regex}", raw)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("jörg@contoso.com", '{"u": "J\\u00d6RG@contoso.com"}', '{"u": "X"}'),
        ("o'brien@contoso.com", '{"u": "o\\u0027brien@contoso.com", "n": 1.50}', '{"u": "X", "n": 1.50}'),
        ("CONTOSO\\anna", '{"u": "contoso\\\\anna"}', '{"u": "X"}'),
        ("1234567", '{"id": 1234567, "other": 12345678}', '{"id": "X", "other": 12345678}'),
        ("straße@x.de", '{"u": "STRASSE@x.de"}', '{"u": "X"}'),
        ("anna@contoso.com", "no json: anna@contoso.com", "no json: X"),
    ],
)
def test_records_stay_what_they_are(name, raw, expected):
    assert Person((name,)).record_without(raw, "X") == expected
