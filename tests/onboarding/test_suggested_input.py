"""The input that is suggested for a file of an unknown format."""

import json

import pytest

from casbd.onboarding.first_records import first_records
from casbd.onboarding.suggested_input import suggested_input

ANNA = {"when": "2026-01-01T12:00:00Z", "who": "anna"}


def suggested(tmp_path, *records):
    path = tmp_path / "own.json"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return suggested_input(path, first_records(path))


def test_it_is_yaml_that_names_the_file(tmp_path):
    assert suggested(tmp_path, ANNA) == (
        f"inputs:\n  - name: own\n    path: {tmp_path}/own.json\n    format: json\n    mapping:\n      timestamp: when\n      user: who",
        "",
    )


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ({"who": "anna"}, "      # timestamp: {path: ..., format: ...}      # no time was found; without one nothing is an activity"),
        (
            {"when": "31/1/2024 13:05"},
            '      timestamp: {path: when, format: "%d/%m/%Y %H:%M", zone: UTC}      # whose time is it? such as Europe/Oslo',
        ),
        ({"when": "2026-01-01T12:00:00Z", "user\x1b[31m": "anna"}, '      user: "\\"user\\u001b[31m\\""'),
    ],
)
def test_what_it_leaves_to_be_looked_through(tmp_path, record, line):
    assert line in suggested(tmp_path, record).text.splitlines()


def test_several_things_with_a_time_in_a_record(tmp_path):
    assert suggested(tmp_path, {"events": [ANNA, ANNA]}).several_under == "events"


def test_nothing_to_suggest(tmp_path):
    assert suggested(tmp_path, {"x": {}}) is None
