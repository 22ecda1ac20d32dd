"""The functions that give casbd's tables the columns of `SecurityAlert` and `CloudAppEvents`, and the guide's queries over them.

Sources: Microsoft, "Microsoft Sentinel security alert schema reference", "Azure Monitor Logs reference: CloudAppEvents",
"Microsoft Sentinel entity types reference".
"""

import json
import re

import pytest
from solution import ROOT, TACTICS, functions, mistakes

SECURITY_ALERT = {
    "AlertName", "AlertSeverity", "AlertType", "CompromisedEntity", "ConfidenceScore", "Description", "DisplayName", "EndTime", "Entities",
    "ExtendedProperties", "IsIncident", "ProcessingEndTime", "ProductName", "ProviderName", "StartTime", "Status", "SubTechniques",
    "SystemAlertId", "Tactics", "Techniques", "TimeGenerated", "Type", "VendorName", "VendorOriginalId",
}  # fmt: skip
CLOUD_APP_EVENTS = {
    "AccountDisplayName", "AccountId", "AccountObjectId", "AccountType", "ActionType", "ActivityObjects", "ActivityType",
    "AdditionalFields", "AppInstanceId", "Application", "ApplicationId", "AuditSource", "City", "CountryCode", "DeviceType", "ISP",
    "IPAddress", "IPCategory", "IPTags", "IsAdminOperation", "IsAnonymousProxy", "IsExternalUser", "IsImpersonated",
    "OSPlatform", "ObjectId", "ObjectName", "ObjectType",
    "RawEventData", "ReportId", "TimeGenerated", "Timestamp", "Type", "UserAgent", "UserAgentTags",
}  # fmt: skip
GUIDE = re.findall(r"```kql\n(.*?)```", (ROOT / "docs" / "siem.md").read_text(), re.DOTALL)
ALERTS = functions()["CasbdSecurityAlert"]
ACTIVITIES = functions()["CasbdCloudAppEvents"]


def test_each_query_is_what_kusto_takes():
    """`SecurityAlert` itself is a table of Sentinel's, which stands in no schema of casbd's."""
    queries = {**functions(), **{query.splitlines()[0]: query for query in GUIDE if "union" not in query}}
    both = next(query for query in GUIDE if "union" in query)
    queries["both"] = f"let SecurityAlert = CasbdSecurityAlert;\n{both}"
    assert mistakes(queries) == {name: [] for name in queries}


class TestAlerts:
    def test_columns_are_those_of_the_table(self, workspace):
        assert set(workspace.run(ALERTS)[0]) == SECURITY_ALERT

    def test_every_alert_is_there_and_nothing_about_casbd_itself(self, workspace):
        kinds = {row["AlertId"]: row["RecordType"] for row in workspace.run("CasbdAlert_CL")}
        assert "system" in kinds.values()
        assert {row["SystemAlertId"] for row in workspace.run(ALERTS)} == {one for one, kind in kinds.items() if kind == "alert"}

    def test_values_are_those_that_microsoft_lists(self, workspace):
        found = workspace.run(ALERTS)
        assert {row["AlertSeverity"] for row in found} <= {"Informational", "Low", "Medium", "High"}
        assert {row["Status"] for row in found} == {"New", "Dismissed"}  # one was closed as false positive
        assert {tactic for row in found for tactic in row["Tactics"].split(",") if tactic} <= TACTICS
        assert all(row["StartTime"] <= row["EndTime"] for row in found)
        assert all(row["AlertName"] and row["Description"] for row in found)

    def test_techniques_are_those_of_the_tags(self, workspace):
        tags = {row["AlertId"]: json.loads(row["Tags"]) for row in workspace.run("CasbdAlert_CL")}
        some = 0
        for row in workspace.run(ALERTS):
            marks = [one.removeprefix("attack.").upper() for one in tags[row["SystemAlertId"]] if re.match(r"attack\.t\d", one)]
            assert json.loads(row["Techniques"] or "[]") == [one.split(".")[0] for one in marks]
            assert json.loads(row["SubTechniques"] or "[]") == [one for one in marks if "." in one]
            some += bool(marks)
        assert some

    def test_entities_say_who_from_where_and_in_which_app(self, workspace):
        own = {row["AlertId"]: row for row in workspace.run("CasbdAlert_CL")}
        kinds = set()
        for row in workspace.run(ALERTS):
            alert, entities = own[row["SystemAlertId"]], {one["Type"]: one for one in json.loads(row["Entities"])}
            kinds |= entities.keys()
            assert ("account" in entities, "ip" in entities) == (bool(alert["AccountId"]), bool(alert["IPAddress"]))
            if "account" in entities:
                name, suffix = entities["account"]["Name"], entities["account"]["UPNSuffix"]
                assert alert["AccountId"] == (f"{name}@{suffix}" if suffix else name)
            if "ip" in entities:
                assert entities["ip"]["Address"] == alert["IPAddress"]
            if "cloud-application" in entities:
                assert entities["cloud-application"]["Name"] == alert["Application"]
        assert kinds == {"account", "ip", "cloud-application"}


class TestActivities:
    def test_columns_are_those_of_the_table(self, workspace):
        assert set(workspace.run(ACTIVITIES)[0]) == CLOUD_APP_EVENTS

    def test_every_activity_is_there_with_its_record(self, workspace):
        own = {row["ReportId"]: row for row in workspace.run("CasbdActivity_CL")}
        found = workspace.run(ACTIVITIES)
        assert len(found) == len(workspace.run("CasbdActivity_CL"))
        for row in found:
            same = own[row["ReportId"]]
            assert (row["RawEventData"], row["ISP"], row["AccountId"]) == (same["RawEventData"], same["Isp"], same["AccountId"])

    def test_apps_have_the_ids_that_are_public(self, workspace):
        ids = {row["Application"]: row["ApplicationId"] for row in workspace.run(ACTIVITIES)}
        assert {"Microsoft Exchange Online": 20893, "AWS": 11599, "Okta": 10980, "Slack": None}.items() <= ids.items()

    @pytest.mark.parametrize("app", re.findall(r'Application == "([^"]+)"', ACTIVITIES))
    def test_apps_are_named_as_casbd_names_them(self, app):
        places = [*(ROOT / "casbd" / "formats").glob("*.py"), *(ROOT / "casbd" / "data").glob("*.yaml")]
        assert any(re.search(rf'(APP = "|app: |"){re.escape(app)}\b', path.read_text()) for path in places)


@pytest.mark.parametrize("number", range(len(GUIDE)))
def test_the_guides_queries_find_something(workspace, number):
    """Without the connector's own table: casbd's stands in its place, so that each account has one road only."""
    query = GUIDE[number].replace("SecurityAlert | where ProviderName", "CasbdSecurityAlert | where ProviderName", 1)
    for name, body in functions().items():
        query = re.sub(rf"(?<!\()\b{name}\b", lambda _, body=body: f"({body.strip()})", query)
        query = re.sub(rf"(?<=\(){name}\b", lambda _, body=body: body.strip(), query)  # in brackets already
    assert workspace.run(query.replace("ago(30d)", "ago(9000d)").replace("ago(90d)", "ago(9000d)"))
