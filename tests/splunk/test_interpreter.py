"""The interpreter of Splunk's configuration does what Splunk's manuals say. Else what it proves would be of something else."""

import json

import pytest
import search_head
from eval_language import compile_expression
from search_language import compile_search

EVENT = {
    "user": ["Anna"],
    "n": ["5"],
    "none": ["null"],
    "many": ["a1", "b2"],
    "o{}.t": ["File", "User"],
    "_raw": ['{"a": null, "b": 7, "c": "x"}'],
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('if(user="Anna", "yes", "no")', "yes"),
        ('if(user="anna", "yes", "no")', "no"),  # expressions compare with regard to case, searches do not
        ('if(missing="x", "yes", "no")', "no"),
        ('if(missing!="x", "yes", "no")', "no"),  # null is neither
        ('if(NOT missing="x", "yes", "no")', "yes"),
        ('if(n=5 AND user="x" OR user="Anna", "yes", "no")', "yes"),
        ('case(user="x", 1, missing="y", 2)', None),
        ('case(user="x", 1, true(), "else")', "else"),
        ('coalesce(missing, nullif(none, "null"), "last")', "last"),
        ('nullif(user, "null")', "Anna"),
        ('nullif(missing, "null")', None),
        ('user."-".n', "Anna-5"),
        ('user."-".missing', None),
        ("many", ["a1", "b2"]),
        ("mvmap(many, upper(many))", ["A1", "B2"]),
        ("mvindex('o{}.t', mvfind('o{}.t', \"^User$\"))", "User"),
        ("mvindex('o{}.t', mvfind('o{}.t', \"^Role$\"))", None),
        (r'replace("a\\b\\=c", "\\\\(.)", "\1")', "ab=c"),
        (r'match(user, "(?i)^a\w+$")', True),
        ('in(user, "x", "Anna")', True),
        ('json_extract(_raw, "c")', "x"),
        ('nullif(json_extract(_raw, "a"), "null")', None),
        ('nullif(json_extract(_raw, "missing"), "null")', None),
        ('json_extract(_raw, "b")', "7"),
    ],
)
def test_expression(expression, value):
    assert compile_expression(expression)(EVENT) == value


@pytest.mark.parametrize("expression", ["spath(user)", "if(user", 'user="a" "b"', "user=", "user; n"])
def test_what_it_does_not_know_is_an_error(expression):
    with pytest.raises((ValueError, IndexError)):
        compile_expression(expression)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("user=anna", True),
        ("user=an*", True),
        ("user=*nn", False),
        ("many=b2", True),
        ("missing=*", False),
        ("missing!=x", False),
        ("NOT missing=x", True),
        ("user!=x", True),
        ("user IN (x, anna)", True),
        ("user=x OR n=5 user=y", False),  # OR binds more than what is written side by side
        ("user=y n=5 OR user=x", False),
        ("user=anna (n=4 OR n=5) NOT (user=x n=5)", True),
        ('user="Anna"', True),
    ],
)
def test_search(search, found):
    assert compile_search(search)(EVENT) is found


def test_json_is_looked_at_as_far_as_splunk_does(monkeypatch):
    value = {"a": 'x"y\\', "b": [1, None, {"c": '\\"'}], "d": {"e": True}, "f": "é\n", "g": []}
    raw = json.dumps(value, separators=(",", ":"))
    whole = {"a": ['x"y\\'], "b{}": ["1", "null"], "b{}.c": ['\\"'], "d.e": ["true"], "f": ["é\n"]}
    seen = []
    for size in range(len(raw) + 1):
        monkeypatch.setattr(search_head, "EXTRACTION_CUTOFF", size)
        found = search_head._from_json(raw)
        assert all(found[name] == values[: len(found[name])] for name, values in whole.items() if name in found), size
        seen.append(sum(map(len, found.values())))
    assert found == whole
    assert seen == sorted(seen)
