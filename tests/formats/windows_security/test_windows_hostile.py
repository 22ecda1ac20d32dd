"""Windows: what cannot be an activity, fields of another type, and other programs' shapes."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from windows_events import FORMAT, SUBJECT, TARGET, before_version_7, nxlog, parsed, winlogbeat, xml

from casbd.errors import BadRecord
from casbd.formats.windows_security import WindowsSecurity


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-31 13:00:00+01:00", 1769860800000),
        ("2026-01-31T12:00:00.500000+00:00", 1769860800500),
        (1769860800, 1769860800000),
        (1769860800500, 1769860800500),
        ("1769860800500", 1769860800500),
    ],
)
def test_times_of_nxlog(moment, expected):
    assert parsed(nxlog(4624) | {"EventTime": moment}).timestamp == expected


def test_events_of_another_log_have_other_meanings():
    found = parsed(winlogbeat(4624, **TARGET) | {"winlog": {"event_id": 4624, "channel": "Application", "computer_name": "X"}})
    assert (found.activity_type, found.action_type, found.user) == ("Unspecified", "4624 Application", None)


def test_an_unknown_event_is_an_activity_all_the_same():
    found = parsed(winlogbeat(4999, **SUBJECT))
    assert (found.activity_type, found.action_type, found.user) == ("Unspecified", "4999", "contoso\\admin")


def test_a_computer_outside_a_domain_has_no_instance():
    for computer in ("WIN81", "", "203.0.113.7"):
        assert parsed(nxlog(4624) | {"Hostname": computer}).app_instance is None
    assert parsed(nxlog(4624) | {"RecordNumber": None}).activity_id == ""


@pytest.mark.parametrize(
    "record",
    [
        nxlog(4624) | {"EventTime": "soon"},
        nxlog(4624) | {"EventTime": None},
        nxlog(4624) | {"EventTime": 10**400},
        nxlog("many"),
        nxlog(None),
        nxlog(123456),
        xml([]),
        {"@timestamp": "2026-01-31T12:00:00Z", "message": "x"},
        {"Event": 7},
        {},
    ],
)
def test_what_cannot_be_an_activity_is_told(record):
    with pytest.raises(BadRecord):
        parsed(record)


@pytest.mark.parametrize("record", [b"[]", b"null", b"\xff", b"[" * 5000, b"no"])
def test_what_is_no_object_is_told(record):
    with pytest.raises(BadRecord):
        FORMAT.parse(record)


FIELDS = ["TargetUserName", "TargetDomainName", "SubjectUserName", "IpAddress", "IpPort", "Status", "SubStatus", "LogonType", "Keywords"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [7, -1, ["x"], [], {"id": [1]}, "\ud800", True, None, "0x" + "f" * 99, 10**300])
def test_a_field_of_another_type_does_no_harm(field, value):
    found = parsed(nxlog(4625) | {field: value})
    assert found.activity_type == "Failed log on"
    for text in (found.user, found.result_detail):
        (text or "").encode()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["4624", "4740", "Security", "0x0", "-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["#text", "Name", "Data", "SystemTime", *FIELDS]), inner),
    max_leaves=8,
)


KEYS = ["@timestamp", "event", "winlog", "event.code", "winlog.event_data", "winlog.keywords", "_source", "event_id", "log_name"]


KEYS += ["Event", "System", "EventData", "UserData", "EventID", "EventTime", "Channel", "Hostname", "RecordNumber", *FIELDS]


@given(st.dictionaries(st.sampled_from(KEYS), ANY), st.sampled_from([{}, nxlog(4625), winlogbeat(4769), xml(4740), before_version_7(4728)]))
def test_any_object_is_activities_or_a_bad_record(fields, base):
    record = json.dumps(base | fields).encode()
    assert 0 <= WindowsSecurity.claims([record]) <= 1
    try:
        (found,) = FORMAT.parse(record)
    except BadRecord:
        return
    assert found.action_type


@given(
    st.dictionaries(st.sampled_from(["Channel", "EventID", "TimeCreated", "Keywords", "Computer"]), ANY),
    st.dictionaries(st.sampled_from(FIELDS), ANY),
)
def test_any_xml_is_activities_or_a_bad_record(system, data):
    event = xml(4648)
    event["Event"]["System"] |= system
    event["Event"]["EventData"] = data
    with contextlib.suppress(BadRecord):
        assert len(FORMAT.parse(json.dumps(event).encode())) == 1


def test_claims():
    other_log = winlogbeat(1000)
    other_log["winlog"]["channel"] = "Application"
    application, security = json.dumps(other_log).encode(), json.dumps(winlogbeat(4624)).encode()
    assert WindowsSecurity.claims([security, application]) == 1
    assert WindowsSecurity.claims([application]) == 0
    assert WindowsSecurity.claims([security, b'{"a": 1}']) == 0.5
    assert WindowsSecurity.claims([b'{"EventID": 4624}', b"no json"]) == 0
    assert WindowsSecurity.claims([]) == 0
