"""A mapping guessed from records of an unknown format; and the paths of all that is in records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.onboarding.suggestion import leaves, suggest, time_format
from casbd.plugins import registry
from casbd.records import record_path

RECORD = {
    "id": "e-1",
    "ts": 1767268800,
    "src": {"ip": "203.0.113.5"},
    "actor": {"id": "17", "email": "anna@contoso.com"},
    "what": "file.read",
    "outcome": "ok",
    "file": {"name": "a.txt"},
    "details": [{"name": "User-Agent", "value": "Mozilla/5.0"}],
}


def test_a_record_of_an_own_application():
    assert suggest([RECORD, RECORD | {"id": "e-2"}]) == {
        "timestamp": "ts",
        "ip_address": "src.ip",
        "user_agent": "details.User-Agent",
        "activity_id": "id",
        "user": "actor.email",
        "action_type": "what",
        "result": "outcome",
        "object_name": "file.name",
    }


@pytest.mark.parametrize(
    ("records", "field", "path"),
    [
        ([{"Event DateTime": "2026-01-01T12:00:00Z"}], "timestamp", '"Event DateTime"'),
        ([{"time": "noon", "created_at": "2026-01-01 12:00:00"}], "timestamp", "created_at"),  # a value must be what the key says
        ([{"time": "noon"}], "timestamp", None),
        ([{"when": "1/9/2024 1:05:07 PM"}], "timestamp", "when"),
        ([{"When": 1714565000000000000}], "timestamp", "When"),
        ([{"operator": "anna@contoso.com"}], "user", "operator"),
        ([{"time": 1767268800123, "ip": "unknown", "remoteAddr": "203.0.113.7:443"}], "ip_address", "remoteAddr"),
        ([{"time": 1767268800, "id": "same"}] * 2, "activity_id", None),  # no id of activities
        ([{"time": 1767268800, "id": 1}, {"time": 1767268800, "id": 2}], "activity_id", "id"),
    ],
)
def test_what_is_taken_for_a_field(records, field, path):
    assert suggest(records).get(field) == path


def test_it_is_a_mapping_that_works():
    plugin = registry.load("formats", "json")
    (found,) = plugin(plugin.Options(mapping=suggest([RECORD]))).parse(json.dumps(RECORD).encode())
    assert (found.timestamp, found.user, found.action_type) == (1767268800000, "anna@contoso.com", "file.read")
    assert (found.ip_address, found.user_agent, found.object_name) == ("203.0.113.5", "Mozilla/5.0", "a.txt")


@pytest.mark.parametrize("written", ["/Date(1795169101000)/", "11/20/2026, 1:05:00.123 PM", "Fri Nov 20 10:05:01 EST 2026", "1795169101"])
def test_what_every_format_reads_as_a_time_is_one_here(written):
    assert suggest([{"when": written, "who": "anna@contoso.com"}])["timestamp"] == "when"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "B", "Name", "Value", "key", "x.y", ""]) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), JSON, max_size=5))
def test_every_path_leads_to_its_values(record):
    for path, values in leaves([record]).items():
        assert record_path.parse_path(record_path.write_path(path)) == path
        assert {*values} <= {*record_path.texts(record_path.find(record, path))}


def test_a_key_without_a_name_is_none():
    assert leaves([{"a": [{"": False}, {"b": 1, "Name": ""}], "": 2}]) == {("a", "b"): ["1"]}


def test_a_hostile_record():
    deep = json.loads('{"a":' * 900 + "1" + "}" * 900)
    wide = {f"k{number}": number for number in range(10_000)}
    assert len(leaves([deep, wide])) <= 2000
    assert suggest([deep, wide, {}]) == {}


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["1/9/2024 1:05:07 PM", "11/20/2024 12:05:07 AM"], "%m/%d/%Y %I:%M:%S %p"),
        (["31/1/2024 13:05"], "%d/%m/%Y %H:%M"),
        (["Jan 9, 2024 1:05 PM"], "%b %d, %Y %I:%M %p"),
        (["10/Oct/2024:13:55:36 +0200"], "%d/%b/%Y:%H:%M:%S %z"),
        (["3/11/2024, 1:05:07 PM", "25/11/2024, 1:05:07 PM"], "%d/%m/%Y, %I:%M:%S %p"),  # of which the first alone could be March
        (["2024-01-31T12:00:00Z"], None),
        (["/Date(1795169101000)/", "/Date(1795169101000+0200)/"], None),
        (["1/9/2024 1:05:07 PM", "yesterday"], None),
        ([], None),
    ],
)
def test_how_times_are_written(values, form):
    assert time_format(values) == form
