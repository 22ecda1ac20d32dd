"""Sigma rules become policies that say the same: told by examples, and by another evaluation of the rules and a real export."""

import json
from pathlib import Path

import pytest
from sigma_policies import AWS, policy

from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.policies.loading import load_file
from casbd.policies.matcher import Matcher


def meets(found, record, **fields):
    given = Activity(**({"source": "json", "raw": record if isinstance(record, str) else json.dumps(record)} | fields))
    return bool(Matcher([found], now=lambda: 0).match(given))


class TestValues:
    @pytest.mark.parametrize(
        ("item", "value", "held"),
        [
            ("errorCode: AccessDenied", "accessdenied", True),
            ("errorCode: AccessDenied", "AccessDenied2", False),
            ("errorCode: Access*", "accessdenied", True),
            ("errorCode: '*denied'", "AccessDenied", True),
            ("errorCode: '*cess*'", "AccessDenied", True),
            ("errorCode: A*d?n*d", "AccessDenied", True),
            ("errorCode: A*d?n*d", "AccessDenied!", False),
            ("errorCode: 'A*\\*d'", "Access*d", True),
            ("errorCode: 'A*\\*d'", "Accessed", False),
            ("errorCode: '*'", "x", True),
            ("errorCode: '*'", None, False),
            ("errorCode: ''", "", True),
            ("errorCode: ''", "x", False),
            ("errorCode: null", None, True),
            ("errorCode: null", "x", False),
            ("errorCode|exists: true", "x", True),
            ("errorCode|exists: false", "x", False),
            ("errorCode|contains: ess", "AccESSDenied", True),
            ("errorCode|contains|cased: ess", "AccESSDenied", False),
            ("errorCode|cased: AccessDenied", "AccessDenied", True),
            ("errorCode|cased: AccessDenied", "accessDenied", False),
            ("errorCode|re: ^Acc.*d$", "AccessDenied", True),
            ("errorCode|re: ^acc.*d$", "AccessDenied", False),
            ("errorCode|re|i: ^acc.*d$", "AccessDenied", True),
            ("errorCode|re: cess", "AccessDenied", True),
            ("errorCode|re: a.b", "a\nb", False),
            ("errorCode|re|s: a.b", "a\nb", True),
            ("errorCode|re|m: ^b", "a\nb", True),
            ("errorCode|startswith: [Acc, Xyz]", "AccessDenied", True),
            ("errorCode|contains|all: [acc, den]", "AccessDenied", True),
            ("errorCode|contains|all: [acc, xyz]", "AccessDenied", False),
            ("errorCode|neq: AccessDenied", "AccessDenied", False),
            ("errorCode|neq: AccessDenied", "Other", True),
            ("sourceIPAddress|cidr: 10.0.0.0/8", "10.1.2.3", True),
            ("sourceIPAddress|cidr: 10.0.0.0/8", "AWS Internal", False),
            ("requestParameters.n|gte: 5", 5, True),
            ("requestParameters.n|lt: 5", 5, False),
            ("requestParameters.n: 5", "5", True),
            ("requestParameters.n: true", True, True),
            ("requestParameters.n|base64: foo", "Zm9v", True),
            ("requestParameters.n|base64offset|contains: foobar", "foobar", False),
            ("requestParameters.n|base64offset|contains: foobar", "xxZm9vYmFyxx", True),
            ("requestParameters.n|windash|contains: ' -a'", "x /a", True),
            ("requestParameters.n: 1.50", "1.5", True),
            ("errorCode|re|i|m|s: 'A.b$'", "x\na\nb\nc", True),
            ("eventTime|year: 2024", "2024-01-31T03:05:00Z", True),
            ("eventTime|month: 1", "2024-01-31T03:05:00Z", True),
            ("eventTime|month: 3", "2024-01-31T03:05:00Z", False),
            ("eventTime|day: 31", "2024-01-31T03:05:00Z", True),
            ("eventTime|hour: [2, 3]", "2024-01-31T03:05:00Z", True),
            ("eventTime|hour: 5", "2024-01-31 03:05:00", False),
            ("eventTime|minute: 5", "2024-01-31 03:05:00", True),
            ("eventTime|minute: 5", "soon", False),
        ],
    )
    def test_modifiers(self, item, value, held):
        name = item.partition(":")[0].partition("|")[0]
        record = {"requestParameters": {"n": value}} if "." in name else {name: value}
        assert meets(policy(item), record) is held

    def test_a_value_that_is_the_one_of_another_field(self):
        found = policy("userIdentity.userName|fieldref: requestParameters.userName")
        assert meets(found, {"userIdentity": {"userName": "Anna"}, "requestParameters": {"userName": "anna"}})
        assert not meets(found, {"userIdentity": {"userName": "Anna"}, "requestParameters": {"userName": "bert"}})
        assert not meets(found, {})

    def test_another_field_that_it_is_not(self):
        found = policy("errorCode|fieldref|neq: errorMessage")
        assert meets(found, {"errorCode": "a", "errorMessage": "b"})
        assert not meets(found, {"errorCode": "a", "errorMessage": "A"})


class TestLogSources:
    def test_fields_of_the_activity_where_the_own_format_has_read_the_record(self):
        found = policy("eventName: CreateUser")
        assert meets(found, "{}", source="aws_cloudtrail", action_type="createuser")
        assert not meets(found, {"eventName": "CreateUser"}, source="aws_cloudtrail", action_type="Other")

    def test_the_record_where_a_mapping_has(self):
        assert meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"})
        assert meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"}, source="csv")

    def test_no_other_records(self):
        assert not meets(policy("eventName: CreateUser"), {"eventName": "CreateUser"}, source="okta", action_type="CreateUser")

    @pytest.mark.parametrize(
        ("source", "item", "record"),
        [
            ("product: azure, service: signinlogs", "ResultType: 50053", {"resultType": "50053"}),
            ("product: azure, service: signinlogs", "ResultType: 50053", {"status": {"errorCode": 50053}}),
            ("product: azure, service: signinlogs", "ResultType: 50053", {"properties": {"status": {"errorCode": 50053}}}),
            ("product: azure, service: signinlogs", "AppId: a", {"properties": {"appId": "A"}}),
            ("product: azure, service: signinlogs", "DeviceDetail.deviceId: ''", {"properties": {"deviceDetail": {"deviceId": ""}}}),
            ("product: azure, service: auditlogs", "properties.message: Add user", {"activityDisplayName": "Add user"}),
            (
                "product: azure, service: auditlogs",
                "ConsentContext.IsAdminConsent: 'false'",
                {
                    "targetResources": [
                        {"modifiedProperties": [{"displayName": "ConsentContext.IsAdminConsent", "newValue": '"False"', "oldValue": "[]"}]}
                    ]
                },
            ),
            ("product: azure, service: riskdetection", "riskEventType: newCountry", {"riskEventType": "newCountry"}),
            ("product: azure, service: activitylogs", "operationName|endswith: /WRITE", {"operationName": {"value": "Microsoft.X/write"}}),
            (
                "product: m365, service: threat_management",
                "Payload|contains|all: [Export, .pst]",
                {"Data": '{"cmd": "-Export", "file": "x.pst"}'},
            ),
            ("product: m365, service: exchange", "Parameters|contains: ForwardTo", {"Parameters": [{"Name": "ForwardTo", "Value": "x"}]}),
            ("product: m365, service: threat_management", "eventName: Impossible travel activity", {"Name": "Impossible travel activity"}),
            (
                "product: okta, service: okta",
                "debugContext.debugData.behaviors|contains: POSITIVE",
                {"debugContext": {"debugData": {"behaviors": "x=POSITIVE"}}},
            ),
            ("product: okta, service: okta", "eventtype: user.session.start", {"eventType": "user.session.start"}),
            ("product: github, service: audit", "action: repo.destroy", {"action": "repo.destroy"}),
            (
                "product: gcp, service: gcp.audit",
                "gcp.audit.method_name|endswith: .delete",
                {"protoPayload": {"methodName": "v1.x.delete"}},
            ),
            ("product: gcp, service: gcp.audit", "data.protoPayload.serviceName: x", {"protoPayload": {"serviceName": "x"}}),
            ("product: gcp, service: google_workspace.admin", "eventService: admin.googleapis.com", {"id": {"applicationName": "admin"}}),
            (
                "product: gcp, service: google_workspace.admin",
                "new_value: 'false'",
                {"events": [{"name": "X", "parameters": [{"name": "NEW_VALUE", "boolValue": False}]}]},
            ),
            (
                "category: application, product: kubernetes, service: audit",
                "objectRef.subresource: exec",
                {"objectRef": {"resource": "pods", "subresource": "exec"}},
            ),
            ("product: kubernetes, service: audit", "apiGroup: apps", {"objectRef": {"apiGroup": "apps"}}),
            (
                "product: kubernetes, service: audit",
                "hostPath: '*'",
                {"requestObject": {"spec": {"volumes": [{"hostPath": {"path": "/"}}]}}},
            ),
            (
                "product: kubernetes, service: audit",
                "capabilities: '*'",
                {
                    "requestObject": {
                        "spec": {"template": {"spec": {"containers": [{"securityContext": {"capabilities": {"add": ["ALL"]}}}]}}}
                    }
                },
            ),
            ("product: bitbucket, service: audit", "auditType.action: User login failed", {"auditType": {"action": "User login failed"}}),
            ("product: cisco, service: duo", "action: bypass_create", {"action": "bypass_create"}),
            ("product: onelogin, service: onelogin.events", "event_type_id: 3", {"event_type_id": 3}),
        ],
    )
    def test_where_fields_stand(self, source, item, record):
        assert meets(policy(item, source=source), record)
        assert not meets(policy(item, source=source), {"something": "else"})

    def test_a_result_in_the_vendors_words(self):
        found = policy("status: Failed", source="product: m365, service: audit")
        assert meets(found, "{}", source="m365", result="failure")
        assert meets(found, {"ResultStatus": "Failed"}, source="m365")
        assert not meets(found, "{}", source="m365", result="success")

    @pytest.mark.parametrize(
        ("source", "item", "own"),
        [
            ("product: kubernetes, service: audit", "verb: delete", {"source": "kubernetes", "action_type": "delete"}),
            ("product: cisco, service: duo", "action: bypass_create", {"source": "duo", "action_type": "bypass_create"}),
            ("product: onelogin, service: onelogin.events", "event_type_id: 3", {"source": "onelogin", "action_type": "3"}),
        ],
    )
    def test_services_that_are_data(self, source, item, own):
        assert meets(policy(item, source=source), "{}", **own)
        assert not meets(policy(item, source=source), "{}", **own | {"source": "okta"})

    def test_bitbuckets_records_are_read_by_atlassians_format(self):
        found = policy("auditType.action: Project deleted", source="product: bitbucket, service: audit")
        assert meets(found, {"auditType": {"action": "Project deleted"}}, source="atlassian")

    def test_azures_operations_whichever_way_the_record_came(self):
        found = policy("operationName|startswith: MICROSOFT.NETWORK/VIRTUALNETWORKS/", source="product: azure, service: activitylogs")
        own = {"source": "azure_activity", "action_type": "Microsoft.Network/virtualNetworks/write"}
        for record in ({"operation_name": {"value": "x"}}, {"OperationNameValue": "x"}, {"operationName": "x"}):
            assert meets(found, record, **own)
        assert not meets(found, "{}", source="azure_activity", action_type="Microsoft.Compute/disks/write")
        assert not meets(found, "{}", source="m365", action_type="Microsoft.Network/virtualNetworks/write")


class TestHead:
    def test_is_carried_over(self):
        more = (
            "description: D\nlevel: critical\ntags: [attack.t1110]\nreferences: [https://example.com]\n"
            "falsepositives: [Backups, Unknown]\ndate: 2024-01-31\nstatus: nonsense\n"
        )
        found = policy("errorCode: x", more=more)
        assert (found.id, found.name, found.severity, found.category) == ("t", "T", "high", "threat_detection")
        assert found.description == "D\nFalse positives: Backups"
        assert found.tags == ("attack.t1110", "critical")
        assert found.references == ("https://example.com",)

    def test_what_casbd_asks_besides_may_stand_there(self):
        more = (
            "enabled: false\nmode: simulate\nalert: {suppress: 1h}\ngovernance: [{action: suspend_user, connector: entra}]\n"
            "tests: [{name: n, activities: [{source: json, raw: {errorCode: x}}], alerts: 1}]\n"
        )
        found = policy("errorCode: x", more=more)
        assert (found.enabled, found.mode, found.alert.suppress) == (False, "simulate", 3_600_000)
        assert (found.governance, len(found.tests)) == ((("suspend_user", "entra"),), 1)


SOURCE = f"logsource: {{{AWS}}}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"title: T\nlevel: [high]\n{SOURCE}detection: {{s: {{eventName: x}}, condition: s}}\n", "`level` is never"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName|re: 5}}, condition: s}}\n", "cannot be read|invalid|expects|regular"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventTime|week: 5}}, condition: s}}\n", "the week of a time"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventTime|hour: 24}}, condition: s}}\n", "is never 24"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName|fieldref: status}}, condition: s}}\n", "does not apply"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}}}\n", "`condition` is missing"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}, condition: '{'not (s or ' * 120}s{')' * 120}'}}\n", "nested"),
        (f"title: T\n{SOURCE}detection: {{s: {{eventName: x}}, condition: '{'not (s or ' * 60}s{')' * 60}'}}\n", "nested deeper than 50"),
        ("title: T\ndetection: {s: {eventName: x}, condition: s}\n", "logsource"),
        (f"title: T\n{SOURCE}", "detection"),
        (f'title: "a\\uD800"\n{SOURCE}detection: {{s: {{eventName: x}}, condition: s}}\n', "surrogate"),
        (
            "title: C\ncorrelation: {type: event_count, rules: [a], group-by: 5, timespan: 5m, condition: {gte: 1}}\n",
            "list of fields|no Sigma rule",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_mistake_and_never_more(text, why):
    with pytest.raises(Mistakes, match=why):
        load_file(Path("t.yml"), text=text)


def test_negations_within_each_other_are_one_or_none():
    found = policy("errorCode: x", condition="not (" * 120 + "selection" + ")" * 120)
    assert meets(found, {"errorCode": "x"})
