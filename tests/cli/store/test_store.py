"""`casbd store`: what it says of a log that is whole, and of one that is not."""

import json

import pytest
from builders import Core, record, settings
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.log import segments


@pytest.fixture
def place(tmp_path):
    """A log of two days in segments, and two activities that wait in blocks."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: []\ninputs: []\n")
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(record(Id="old", at=-24 * 3_600_000), record(Id="new"))
    segments.compact(core.store, at_least=1)
    core.feed_records(record(Id="a"), record(Id="b"))
    core.close()
    return tmp_path


def run(place, *arguments):
    return CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])


def test_a_log_that_is_whole(place):
    result = run(place, "store", "verify")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2 segments with 2 activities are as they were written; 2 wait in blocks" in result.stderr


def test_a_damaged_file_is_set_aside(place):
    (path,) = (place / "core/state/segments/date=2025-12-31").iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    assert run(place, "activities", "search").exit_code == 1
    result = run(place, "store", "verify", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"path": str(path), "problem": "its contents have changed"})
    found = run(place, "activities", "search", "--json")
    assert sorted(json.loads(line)["activity_id"] for line in found.stdout.splitlines()) == ["a", "b", "new"]
    again = run(place, "store", "verify")
    assert (again.exit_code, str(path) in again.stdout) == (1, True), "it is told until somebody has looked after it"
