"""Azure's activity log to activities, in all its shapes.

`cases/<name>/input.json` is a record, written by hand after Microsoft's documentation, `expected.json` the activity it becomes.
The records under `plaso/` are Plaso's (Apache-2.0, see LICENSE there).
"""

import json
from pathlib import Path

import pytest
from golden import agrees, shown
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.azure_activity import AzureActivity
from casbd.plugins import Options

HERE = Path(__file__).parent
FORMAT = AzureActivity(Options())
CASES = sorted(path.parent for path in (HERE / "cases").glob("*/input.json"))
REST = json.loads((HERE / "cases/rest-security-rule/input.json").read_text())


def activity(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    record = (case / "input.json").read_bytes()
    assert AzureActivity.claims([record]) == 1
    assert agrees(FORMAT.parse(record), case / "expected.json")


def test_records_of_plaso():
    lines = (HERE / "plaso/azure_activity_log.jsonl").read_bytes().splitlines()
    assert AzureActivity.claims(lines) == 1
    assert agrees([one for line in lines for one in FORMAT.parse(line)], HERE / "plaso/expected.json")


@pytest.mark.parametrize("case", ["log-analytics", "log-analytics-csv", "powershell", "diagnostic"])
def test_one_event_is_the_same_in_all_shapes(case):
    """But for the id, which diagnostic settings leave out, and for the case of names."""

    def folded(record):
        (found,) = json.loads(json.dumps(shown(FORMAT.parse(record))).casefold())
        return found | {"activity_id": None}

    assert folded((HERE / "cases" / case / "input.json").read_bytes()) == folded(json.dumps(REST).encode())


@pytest.mark.parametrize(
    ("status", "result", "kind"),
    [
        ("Succeeded", "success", "Change sharing settings"),
        ("Success", "success", "Change sharing settings"),
        ("Failed", "failure", "Change sharing settings"),
        ("Started", "unknown", "Unspecified"),
        ("Accepted", "unknown", "Unspecified"),
        ("In Progress", "unknown", "Unspecified"),
        ("", None, "Unspecified"),
        (None, None, "Unspecified"),
    ],
)
def test_only_what_has_ended_counts(status, result, kind):
    found = activity(REST | {"status": {"value": status, "localizedValue": "x"}})
    assert (found.result, found.activity_type) == (result, kind)


@pytest.mark.parametrize(
    ("fields", "user", "identifier", "kind"),
    [
        ({"caller": "8e1c2d3f-0000-4000-8000-00000000aaaa", "claims": {}}, *["8e1c2d3f-0000-4000-8000-00000000aaaa"] * 2, "Application"),
        ({"caller": "Anna@contoso.com", "claims": {}}, "anna@contoso.com", None, "Regular"),
        ({"caller": " ", "claims": {}}, None, None, None),
        ({"caller": None, "claims": {"idtyp": "app", "appid": "x"}}, None, None, "Application"),
        ({"caller": "anna_example.com#EXT#@contoso.com", "claims": {}}, "anna_example.com#ext#@contoso.com", None, "Guest"),
    ],
)
def test_who(fields, user, identifier, kind):
    found = activity(REST | fields)
    assert (found.user, found.user_id, found.user_type) == (user, identifier, kind)


@pytest.mark.parametrize(
    ("resource", "name", "kind"),
    [
        ("/subscriptions/s", "s", "Subscription"),
        ("/subscriptions/s/resourceGroups/g", "g", "Resource group"),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a/databases/b", "b", "Microsoft.Sql/servers/databases"),
        ("/providers/Microsoft.Management/managementGroups/m", "m", "Microsoft.Management/managementGroups"),
        ("/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/Microsoft.Insights/diagnosticSettings/e", "e", None),
        ("/", None, None),
        ("", None, None),
    ],
)
def test_the_resource(resource, name, kind):
    found = activity(REST | {"resourceId": resource, "authorization": {}, "resourceType": None})
    assert found.object_name == name
    assert found.object_type == (kind or ("Microsoft.Insights/diagnosticSettings" if name else None))


ASSIGNED = json.loads((HERE / "cases/rest-role-assigned/input.json").read_text())


@pytest.mark.parametrize(
    ("role", "kind"),
    [("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Add member to role"), ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Change permissions")],
)
@pytest.mark.parametrize("body", ["requestbody", "responseBody"])
def test_who_administers_from_now_on_is_a_member_of_a_role(role, kind, body):
    """The second is Reader."""
    given = {"principalId": "p", "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role}"}
    found = activity(ASSIGNED | {"properties": {body: json.dumps({"properties": given})}})
    assert (found.activity_type, [one.name for one in found.objects][1:]) == (kind, ["p", role])


def test_an_event_above_all_subscriptions_is_of_the_tenant():
    found = activity(REST | {"subscriptionId": "", "resourceId": "/providers/Microsoft.Management/managementGroups/m"})
    assert found.app_instance == REST["tenantId"]


@pytest.mark.parametrize(
    "record",
    [
        {"time": "2026-01-05T09:42:31Z", "category": "AuditEvent", "operationName": "SecretGet", "resultType": "Success"}
        | {"resourceId": "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V", "identity": {"claim": {}}},
        {
            "time": "2026-01-05T09:42:31Z",
            "category": "AuditLogs",
            "operationName": "Add user",
            "resultType": "0",
            "resourceId": "/tenants/t",
        },
        {"time": "2026-01-05T09:42:31Z", "category": "Administrative", "operationName": "x", "resultType": "0", "resourceId": "/tenants/t"},
        {"eventTimestamp": "2026-01-05T09:42:31Z", "operationName": "x"},
    ],
)
def test_other_logs_of_azure_are_not_its_own(record):
    assert AzureActivity.claims([json.dumps(record).encode()]) == 0
    with pytest.raises(BadRecord, match="no event of Azure's activity log"):
        activity(record)


@pytest.mark.parametrize(
    ("record", "why"),
    [(b"{", "not JSON"), (b"[]", "not a JSON object"), (json.dumps(REST | {"eventTimestamp": "soon"}).encode(), "eventTimestamp 'soon'")],
)
def test_what_cannot_be_an_activity_is_told(record, why):
    with pytest.raises(BadRecord, match=why):
        FORMAT.parse(record.replace(b"submissionTimestamp", b"other"))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["{", "[]", '{"value": 1}', "/subscriptions/s", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "Content", "upn", "error", "code"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(REST)), VALUES, max_size=6))
def test_any_values_give_an_activity_or_a_reason(changed):
    try:
        found = activity(REST | changed)
    except BadRecord:
        return
    assert found.timestamp
    assert all(one.id or one.name for one in found.objects)
