"""JSON: long events, of which Splunk looks at the beginning alone, and times of files."""

import json
import re
from datetime import UTC, datetime

import pytest
from conf_files import read
from search_head import EXTRACTION_CUTOFF
from single_events import activity, alert, event

from casbd.model.activity import FIELDS, ActivityObject
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import json_message, kind_of
from casbd.records.timestamps import iso
from casbd.wire.json_lines import ALERT_KEYS
from casbd.wire.moments import moment


def said(item, name):
    """A field as JSON has it, and Splunk shows it."""
    value = json.loads(json_message(item))[name]
    return [value if isinstance(value, str) else json.dumps(value)]


class TestLongEvents:
    """Splunk finds fields in the first 5,000 bytes alone."""

    ALERT = alert(
        activity_ids=tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(1000)),
        status="closed",
        event="closed",
        resolution="benign",
        comment="c",
        risk_score=70,
        created=1,
        app_instance="contoso",
        tags=("attack.t1110.003",),
        merged_into="m",
        assigned_to="w",
        evidence="14 failed log ons",
        incident_id="i",
        closed=2,
        closed_by="w",
        changed=3,
        detection="new country",
        unusual=0.5,
    )
    ACTIVITY = activity(
        "Download file",
        *(ActivityObject(f"f-{number}", f"file {number}.docx", "File") for number in range(300)),
        result="failure",
        result_detail="denied",
        input="in",
        input_file="/in/a",
        input_offset=7,
        source="m365",
    )

    def test_an_alert_of_a_thousand_activities(self):
        found = event(self.ALERT, "json")
        assert len(found["_raw"][0]) > 3 * EXTRACTION_CUTOFF
        for field in set(ALERT_KEYS[ALERT_KEYS.index("activity_ids") + 1 :]) - {"tags", "named"}:
            assert found[field] == said(self.ALERT, field), field
        assert (found["description"], found["vendor_account"]) == (["14 failed log ons"], ["contoso"])
        assert found["mitre_technique_id"] == ["T1110.003"]
        assert found["tag"] == []

    def test_an_activity_of_hundreds_of_objects(self):
        found = event(self.ACTIVITY, "json")
        assert len(found["_raw"][0]) > 2 * EXTRACTION_CUTOFF
        names = list(FIELDS)
        for field in set(names[names.index("objects") + 1 :]) - {"source", "matched_policies", "raw"}:
            assert found[field] == said(self.ACTIVITY, field), field
        assert (found["object"], found["status"], found["reason"]) == (["file 0.docx"], ["failure"], ["denied"])
        assert found["casbd_format"] == ["m365"]
        assert found["tag"] == []


class TestTimes:
    """Of files with JSON: the same time as the HTTP Event Collector is told."""

    @pytest.mark.parametrize(
        "item",
        [
            activity("Log on", raw='{"timestamp":"2001-01-01T00:00:00.000Z"}'),
            alert(created=1, title='"changed":"2001-01-01T00:00:00.000Z"', activity_ids=("x" * 3000,)),
            alert(created=1, closed=2, changed=3, event="closed"),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="queued", created=1),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="queued", created=1, approved=2),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="failed", created=1, approved=2, finished=3),
        ],
    )
    def test_stand_behind_the_prefix(self, item):
        stanza = read("props.conf")[f"casbd:{kind_of(item)}"]
        line = json_message(item).decode()
        start = re.search(stanza["TIME_PREFIX"], line).end()
        text = line[start:][: int(stanza["MAX_TIMESTAMP_LOOKAHEAD"])]
        assert text == iso(moment(item))
        read_back = datetime.strptime(text, stanza["TIME_FORMAT"].replace("%3NZ", "%f%z")).astimezone(UTC)
        assert round(read_back.timestamp() * 1000) == moment(item)

    @pytest.mark.parametrize("kind", ["alert", "activity", "governance"])
    def test_a_line_is_an_event_however_long(self, kind):
        """Splunk would take lines without a time of their own together, and cut at 10,000 bytes."""
        stanza = read("props.conf")[f"casbd:{kind}"]
        assert re.split(stanza["LINE_BREAKER"], '{"a":1}\n{"a":2}\r\n{"a":3}')[::2] == ['{"a":1}', '{"a":2}', '{"a":3}']
        assert (stanza["SHOULD_LINEMERGE"], stanza["TRUNCATE"], stanza["TZ"]) == ("false", "0", "UTC")

    def test_of_years_ago_are_times_too(self):
        """Splunk takes what is older than 2,000 days for a mistake."""
        for kind in ("alert", "activity", "governance"):
            assert int(read("props.conf")[f"casbd:{kind}"]["MAX_DAYS_AGO"]) > 9000
