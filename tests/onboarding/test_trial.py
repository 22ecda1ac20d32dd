"""What the first records of a file become in a format."""

import json

from casbd.onboarding import trial
from casbd.onboarding.first_records import container, first_records
from casbd.plugins import registry


def test_activities_rejects_and_what_is_in_the_records_only(tmp_path):
    path = tmp_path / "own.json"
    read = {"id": "1", "time": "2026-01-01T12:00:00Z", "user": "anna", "project": {"name": "Apollo"}}
    path.write_text("".join(json.dumps(record) + "\n" for record in (read, read | {"id": "2"}, {"id": "3"}, {"id": "4"})) + "no JSON\n")
    chunk = first_records(path)
    plugin = registry.load("formats", "json")
    format_json = plugin(plugin.Options(mapping={"activity_id": "id", "timestamp": "time", "user": "user"}))
    activities, rejects = trial.parsed(format_json, chunk)
    assert container(chunk) == "ndjson"
    assert [(one.activity_id, one.user, bool(one.raw)) for one in activities] == [("1", "anna", True), ("2", "anna", True)]
    assert sorted(rejects.values()) == [1, 2]  # by reason
    assert ("raw.project.name", ["Apollo", "Apollo"]) in trial.only_in_records(chunk, activities)
    assert "raw.user" not in dict(trial.only_in_records(chunk, activities))
