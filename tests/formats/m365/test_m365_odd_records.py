"""Microsoft 365: odd records, records within others, and what it does not claim."""

import contextlib
import json

import msgspec
import pytest
from builders import NOON, record
from hypothesis import given
from hypothesis import strategies as st
from m365_activities import FORMAT, activity

from casbd.errors import BadRecord
from casbd.formats._m365_record import Record
from casbd.formats.m365 import M365
from casbd.plugins import Options


class TestOddRecords:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"nonsense", "not JSON"),
            (b"[1]", "not a JSON object"),
            (b'"text"', "not a JSON object"),
            (b"null", "not a JSON object"),
            (b'{"a": "\xff"}', "not UTF-8 (byte 7)"),
            (b"[" * 100_000, "not JSON: nested too deep"),
            (b'{"x": ' * 100_000, "not JSON: nested too deep"),
            (record(CreationTime=None), "not a Microsoft 365 audit record: "),
            (record(Operation=None), "not a Microsoft 365 audit record: "),
            (record(Operation=["x"]), "not a Microsoft 365 audit record: "),
            (record(CreationTime="yesterday"), "CreationTime 'yesterday': "),
            (record(CreationTime="\x1b[31m\u202e"), "CreationTime '\\x1b[31m\\u202e': "),
            (record(CreationTime=12), "CreationTime '12': "),
            (record(CreationTime="1971-01-01T00:00:00"), "CreationTime '1971-01-01T00:00:00': is not between"),
        ],
    )
    def test_become_rejects_with_a_reason(self, text, reason):
        with pytest.raises(BadRecord) as caught:
            FORMAT.parse(text)
        assert str(caught.value).startswith(reason)

    def test_numbers_where_text_is_expected(self):
        found = activity(UserId=5, ClientIP=7, ObjectId=True, Workload="PowerApps", Id=12)
        assert (found.user, found.ip_address, found.object_id, found.activity_id) == ("5", None, "true", "12")

    @pytest.mark.parametrize("field", ["UserId", "ClientIP", "ResultStatus", "Parameters", "Actor", "Members", "Workload", "RecordType"])
    @pytest.mark.parametrize("value", [["a"], {"a": 1}, [None], [[]], 1.5, "text"])
    def test_a_field_of_another_type_costs_only_itself(self, field, value):
        found = activity(**{field: value, "UserKey": "key"})
        assert found.timestamp == NOON
        assert found.action_type == "UserLoginFailed"

    def test_not_a_number(self):
        (found,) = FORMAT.parse(record(ErrorNumber=float("nan"), UserId="a@contoso.com"))
        assert found.user == "a@contoso.com"

    def test_half_a_surrogate_pair_in_every_place(self):
        bad = "\ud800x"
        (found,) = FORMAT.parse(
            record(
                UserId=bad,
                ObjectId="\udfff",
                Workload="Exchange",
                Operation="Add-MailboxPermission",
                Parameters=[{"Name": "User", "Value": bad}],
            )
        )
        msgspec.msgpack.encode(found)
        assert found.user == "\ufffdx"

    def test_a_whole_surrogate_pair_is_one_character(self):
        assert activity(UserId="\U0001f600", ObjectId="\ud800").user == "\U0001f600"

    def test_the_last_of_two_keys_counts(self):
        text = record()[:-1] + b', "UserId": "second@contoso.com"}'
        assert FORMAT.parse(text)[0].user == "second@contoso.com"

    def test_a_record_with_very_many_objects(self):
        members = [{"UPN": f"{n}@contoso.com"} for n in range(5000)]
        assert len(activity(Workload="MicrosoftTeams", Operation="MemberAdded", TeamName="t", Members=members).objects) <= 102

    def test_what_is_remembered_does_not_grow_with_invented_operations(self):
        own = M365(Options())
        for number in range(20_050):
            own.parse(record(Workload="Exchange", Operation=f"op{number}"))
        assert len(own._whats) <= 20_001


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["True", "Not Available", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "Value", "Key", "ID", "Type", "UPN", "Id", "Path", "NewValue", "a"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(Record.__struct_fields__), anything, max_size=8),
    st.sampled_from(["AzureActiveDirectory", "Exchange", "SharePoint", "MicrosoftTeams", "SecurityComplianceCenter", "New", None]),
    st.sampled_from(["UserLoginFailed", "Add member to role.", "Add-MailboxPermission", "HardDelete", "MemberAdded", "x"]),
)
def test_whatever_is_in_the_fields(fields, workload, operation):
    text = record(**{"Workload": workload, "Operation": operation} | fields)
    found = []
    with contextlib.suppress(BadRecord):
        found = FORMAT.parse(text)
    for one in found:
        msgspec.msgpack.encode(one)
        assert all(value != "" for value in (one.user, one.ip_address, one.app, one.object_id, one.user_agent, one.result))


@given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda noise: record()[:100] + noise + record()[100:]))
def test_whatever_the_bytes_are(text):
    with contextlib.suppress(BadRecord):
        FORMAT.parse(text)


@pytest.mark.parametrize("sample", [[], [b""], [b"[]"], [b"{}"], [b"{", b"\xff"], [json.dumps({"eventTime": 1}).encode()]])
def test_does_not_claim_what_is_not_its_own(sample):
    assert M365.claims(sample) == 0


def test_a_row_of_log_analytics_is_the_record_that_it_was_made_from():
    rule = {
        "TimeGenerated": "2026-01-31T12:00:00Z",
        "RecordType": "1",
        "Operation": "New-InboxRule",
        "OfficeWorkload": "Exchange",
        "OfficeId": "i-1",
        "UserId": "Anna@contoso.com",
        "ClientIP": "203.0.113.7:443",
        "OfficeObjectId": "",
        "Parameters": '[{"Name": "Name", "Value": "r"}, {"Name": "ForwardTo", "Value": "x@example.com"}]',
        "ResultStatus": "True",
    }
    (row,) = M365(Options()).parse(json.dumps(rule).encode())
    names = {"TimeGenerated": "CreationTime", "OfficeId": "Id", "OfficeWorkload": "Workload"}
    record = {names.get(key, key): value for key, value in rule.items() if value}
    (same,) = M365(Options()).parse(json.dumps(record | {"Parameters": json.loads(rule["Parameters"])}).encode())
    assert row == same
    assert (row.activity_id, row.user, row.ip_address, row.result) == ("i-1", "anna@contoso.com", "203.0.113.7", "success")


class TestHolders:
    def test_an_answer_of_graphs_audit_log_query(self):
        outer = {
            "id": "q",
            "createdDateTime": "2026-01-31T13:00:00Z",
            "operation": "X",
            "userId": "10030000A",
            "clientIp": None,
            "service": "Y",
        }
        inside = record()
        holder = json.dumps(outer).encode()[:-1] + b', "auditData": ' + inside + b"}"
        assert M365.claims([holder]) == 1
        (found,) = FORMAT.parse(holder)
        (plain,) = FORMAT.parse(inside)
        assert found.raw.encode() == inside
        found.raw = ""
        assert found == plain

    def test_a_row_of_search_unifiedauditlog_as_json(self):
        inside = record()
        row = {"RecordType": "ExchangeAdmin", "CreationDate": "/Date(1)/", "UserIds": "a", "Operations": "X", "AuditData": inside.decode()}
        holder = json.dumps(row).encode()
        assert M365.claims([holder]) == 1
        (found,) = FORMAT.parse(holder)
        assert found.raw.encode() == inside

    @pytest.mark.parametrize("inside", ["5", "null", '"x"', '{"auditData": {}}', "{", '"\\ud800"'])
    def test_of_nothing(self, inside):
        with pytest.raises(BadRecord):
            FORMAT.parse(b'{"auditData": ' + inside.encode() + b"}")
