"""Keywords: values without a field are looked for in the record's values, however JSON writes these."""

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_sigma import keyword

from casbd.filters.sql import may, must
from casbd.filters.tree import conditions
from casbd.model.activity import Activity
from casbd.policies.explain import explanation, sentence
from casbd.policies.loading import load_file
from casbd.policies.matcher import Matcher

HEAD = "title: T\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  words: "
CONNECTION = duckdb.connect(config={"threads": 1})


def policy(words):
    return load_file(Path("t.yml"), text=f"{HEAD}{words}\n  condition: words\n")


def meets(found, raw):
    return bool(Matcher([found], now=lambda: 0).match(Activity(source="json", raw=raw)))


class TestWhatIsLookedAt:
    @pytest.mark.parametrize(
        ("words", "raw", "held"),
        [
            ("['https://evil.example/x']", r'{"a": "see https:\/\/evil.example\/x!"}', True),
            ("['https://evil.example/x']", r'{"a": "see https:\/\/evil.example\/y!"}', False),
            ("['https://evil.example/x']", r'{"a": {"b": ["{\"u\": \"HTTPS:\\/\\/evil.example\\/x\"}"]}}', True),
            (r"['a\b']", r'{"x": "A\\B"}', True),
            (r"['a\b']", r'{"x": "{\"y\": \"A\\\\B\"}"}', True),
            (r"['a\b']", '{"x": "ab"}', False),
            ("['say \"hi\"']", r'{"x": "say \"hi\" now"}', True),
            ("['straße']", r'{"x": "STRASSE"}', True),
            ("['straße']", r'{"x": "stra\u00dfe"}', True),
            ("[evil]", r'{"x": "\u0065vil"}', True),
            ("[kelvin]", r'{"x": "\u212aelvin"}', True),
            ("[evil]", '{"evil": "x"}', False),
            ("[evil]", '{"x": {"evil": null}}', False),
            ("[evil]", r'{"x": "{\"evil\": 1}"}', True),  # the text is a value
            ("[4625]", '{"x": [{"y": 4625}]}', True),
            ("['1.50']", '{"x": 1.50}', True),
            ("[true]", '{"x": true}', True),
            (r"['\*\*']", '{"**": "x"}', False),
            ("['evil']", '{"**": "x", "y": "evil"}', True),
            ("['a*c']", '{"x": "zabcz"}', True),
            ("['a*c']", '{"x": "a", "y": "c"}', False),
            ("['a?c']", '{"x": "zabcz"}', True),
            (r"['a\*c']", '{"x": "abc"}', False),
            ("['*abc*']", '{"x": "zABCz"}', True),
            ("{'|all': [ab, cd]}", '{"x": "ab", "y": "cd"}', True),
            ("{'|all': [ab, cd]}", '{"x": "ab"}', False),
            ("{'|contains': abc}", '{"x": "zABCz"}', True),
            ("{'|re': 'a.c$'}", '{"x": "abc", "y": "1"}', True),
            ("{'|re': 'a.c$'}", '{"x": "ABC", "y": "1"}', False),
            ("{'|cased': ABC}", '{"x": "zABCz"}', True),
            ("{'|cased': ABC}", '{"x": "abc"}', False),
            ("{'|cidr': 10.0.0.0/8}", '{"x": ["10.1.1.1"]}', True),
            ("[evil]", "evil is no JSON", True),
            ("[evil]", "", False),
        ],
    )
    def test_values_of_any_depth(self, words, raw, held):
        found = policy(words)
        assert meets(found, raw) is held
        assert meets(policy(f"{words}\n  rest: {{eventName: x}}"), raw) is held

    def test_what_cannot_be_looked_for_is_told_at_the_detection(self):
        for words, why in (("['*']", "an empty keyword"), ("{'|expand': '%who%'}", "a placeholder"), ("[null]", "no operator for Null")):
            with pytest.raises(Exception, match=f"t.yml:3:1: .*{why}"):
                policy(words)

    @pytest.mark.parametrize("words", ["['evil*example']", "{'|cased': xyzEvil}"])
    def test_wildcards_are_only_looked_for_where_a_part_of_them_is(self, words):
        operators = [condition.operator for condition in conditions(policy(words).filters) if condition.path]
        assert operators == ["substring", "matches"]

    def test_a_record_of_strings_in_strings_is_walked_once(self):
        deep = '"x"'
        for _ in range(12):
            deep = json.dumps([json.loads(deep)]) if len(deep) > 100_000 else json.dumps(json.dumps([deep]))
        assert not meets(policy("['a*b']"), json.dumps({"x": deep, "y": ["[" * 5000, '{"' * 5000, "[" * 500 + "]" * 500]}))


class TestForPeople:
    def test_an_explanation_shows_the_values_that_hold_it_and_not_the_record(self):
        activity = Activity(source="json", raw='{"x": "an evil one", "y": "another", "z": "also evil"}')
        step = [*explanation(policy("[evil]"), activity, lambda: 0)][-1]
        assert (step.condition, step.held, step.value) == ("raw.** substring evil", True, ["an evil one", "also evil"])

    def test_a_sentence(self):
        assert "some value in the record contains evil or bad" in sentence(policy("[evil, bad]"))


KEYWORDS = ["evil", "a/b", "evil.example/x", 'q"uote', "back\\slash", "straße", "tab\tx", "x*y", "a?b", "10", "key"]
pieces = st.sampled_from([*KEYWORDS, *map(str.upper, KEYWORDS), "", " ", "İ", "ſ", "\u212a", "😀", "n"])
leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 2000), st.lists(pieces, max_size=3).map("".join))
records = st.recursive(
    leaves,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(st.sampled_from(["key", "evil", "x", "**"]), inside, max_size=3),
        st.dictionaries(st.just("j"), inside, max_size=1).map(json.dumps),
    ),
    max_leaves=8,
)
PLAIN = str


def slashes(text):
    return text.replace("/", "\\/")


def escapes(text):
    return text.replace("v", "\\u0076").replace("k", "\\u006B")


@settings(max_examples=400)
@given(records, st.sampled_from(KEYWORDS), st.booleans(), st.sampled_from([PLAIN, slashes, escapes]))
def test_stream_sql_and_the_obvious_evaluation_agree(record, word, ascii_only, written):
    raw = written(json.dumps(record, ensure_ascii=ascii_only))
    found = policy(json.dumps([word], ensure_ascii=False))
    expected = keyword(record, word)
    assert meets(found, raw) is expected
    [condition] = [one for one in conditions(found.filters) if one.path]
    for kind, right in ((may, lambda through: through or not expected), (must, lambda through: expected or not through)):
        where = kind(condition, None)
        (through,) = CONNECTION.execute(f"SELECT {where.text} FROM (SELECT ?::VARCHAR AS raw)", [*where.parameters, raw]).fetchone()
        assert right(through)


def test_sql_leaves_out_most_of_the_records_without_the_keyword():
    [condition] = [one for one in conditions(policy("['https://evil.example/x']").filters) if one.path]
    where = may(condition, None)
    for raw, through in (('{"x": "https:\\/\\/evil.example\\/y"}', True), ('{"x": "https:\\/\\/good.example\\/x"}', False)):
        text = f"SELECT {where.text} FROM (SELECT ?::VARCHAR AS raw)"
        assert CONNECTION.execute(text, [*where.parameters, raw]).fetchone() == (through,)
