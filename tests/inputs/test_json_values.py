"""JSON that is not one record a line: what only holds records and what is one, and elements that are broken."""

from __future__ import annotations

import json

import pytest

from tests.inputs.test_containers import RECORDS, TEXTS, check


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ({"events": [{"timestamp": "2026", "n": n} for n in range(3)], "cursor": "x", "has_more": False}, 3),  # Dropbox
        *(
            ({"events": [{key: value, "message": "{}"} for _ in range(3)], "searchedLogStreams": []}, 3)  # CloudWatch Logs
            for key, value in {"timestamp": 1, "logStreamName": "a", "ingestionTime": 1, "eventId": "3" * 56, "message": "{}"}.items()
        ),
        ({"nextForwardToken": "f/1", "nextBackwardToken": "b/1", "events": [{"message": "{}", "timestamp": 1}] * 3}, 3),
        ({"ResponseMetadata": {"HTTPHeaders": {"a": "b"}}, "events": [{"logStreamName": "a", "message": "{}"}] * 3}, 3),
        ({"searchedLogStreams": [{"logStreamName": "a", "searchedCompletely": True}], "events": [{"eventId": "3" * 56}] * 3}, 3),
        ({"events": [], "searchedLogStreams": []}, 0),
        ({"events": [], "nextForwardToken": "f/1"}, 0),
        ({"events": [{"eventId": "e-1", "message": "{}"}] * 3, "user": "anna"}, 1),
        ({"events": [{"message": "no object"}] * 3, "user": "anna"}, 1),
        ({"events": [], "user": "anna"}, 1),
        ({"alerts": [{"customerId": "C1", "alertId": str(n)} for n in range(3)], "nextPageToken": "x"}, 3),  # Google's Alert Center
        ({"alerts": [{"text": "one"}, {"text": "two"}], "user": "anna"}, 1),
        ({"total": 3, "hasNext": False, "data": [{"_id": n} for n in range(3)]}, 3),  # Defender for Cloud Apps
        ({"totalSize": 2, "done": True, "records": [{"a": 1}, {"b": 2}]}, 2),  # Salesforce
        ({"events": [{"name": "one", "parameters": []}, {"name": "two"}], "id": {"time": "2026"}}, 1),  # one record of Google's
        ({"schema": [{"Name": "Timestamp", "Type": "DateTime"}], "results": [{"a": 1}, {"b": 2}]}, 2),  # Graph's hunting API
        (
            {"Stats": {"ExecutionTime": 0.1, "use": {"cpu": {"total": "x}"}}}, "Schema": [{"Name": "T"}], "Results": [{"a": 1}, {"b": 2}]},
            2,
        ),
        ({"activityEventEntities": [{"Id": 1}, {"Id": 2}], "continuationUri": None}, 2),  # Power BI
        ({"from": "2026-01-01", "page_size": 30, "next_page_token": "", "operation_logs": [{"a": 1}, {"b": 2}]}, 2),  # Zoom
        ({"data": [{"id": "1", "type": "events"}, {"id": "2"}], "links": {"next": "x"}}, 2),  # Atlassian
        ({"data": [{"a": 1}, {"b": 2}]}, 1),
        ({"name": "x", "entries": [{"a": 1}, {"b": 2}]}, 1),
        ({"ok": True, "entries": [1, 2]}, 1),
    ],
)
def test_what_holds_records_and_what_is_one(reader, tmp_path, text, number):
    (tmp_path / "f").write_text(json.dumps(text, indent=1) + "\n")
    one = reader("f")
    one.read()
    assert len(one.records) == number


def test_an_array_whose_end_is_overwritten_by_its_writer(reader, tmp_path):
    path = tmp_path / "f"
    path.write_text("[\n" + ",\n".join(TEXTS[:2]) + "\n]\n")
    one = reader("f")
    one.read()
    for text in TEXTS[2:]:
        data = path.read_text()
        with path.open("r+b") as file:
            file.seek(len(data) - 3)
            file.write(f",\n{text}\n]\n".encode())
        one.read()
        one.stop()
        one.start()
    check(one)


@pytest.mark.parametrize("junk", ['{"CreationTime": "x', '{"CreationTime": {', '{"CreationTime": "x"}}', '{"CreationTime": [1, 2}'])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_broken_element_costs_only_itself(reader, tmp_path, junk, indent):
    texts = [json.dumps(record, indent=indent) for record in RECORDS]
    if indent:
        junk = junk.replace("{", "{\n  ", 1)
    (tmp_path / "f").write_text("[" + ",\n".join([*texts[:10], junk, *texts[10:]]) + "]")
    one = reader("f", chunk_bytes=3000)
    one.read()
    good = [record.decode() for record in one.records if record.decode() in texts]
    assert good == texts
    assert len(one.records) + len(one.rejects) in (len(texts), len(texts) + 1)


@pytest.mark.parametrize("form", ["[{}]", "{}"])
def test_nesting_of_any_depth(reader, tmp_path, form):
    deep = '{"CreationTime": ' + "[" * 100_000 + "]" * 100_000 + "}"
    (tmp_path / "f").write_text(
        form.replace("{}", f"{TEXTS[0]},\n{deep},\n{TEXTS[1]}" if "[" in form else f"{TEXTS[0]}\n{deep}\n{TEXTS[1]}\n")
    )
    one = reader("f")
    one.read()
    assert [record.decode() for record in one.records] == [TEXTS[0], deep, TEXTS[1]]
