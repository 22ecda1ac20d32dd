"""Records that are not as Microsoft documents them: everything becomes an activity that can be stored, or a reject."""

import json

import pytest
from m365_activities import activity


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "ip", "port"),
        [
            ("203.0.113.7", "203.0.113.7", None),
            ("203.0.113.7:443", "203.0.113.7", 443),
            ("[203.0.113.7]:443", "203.0.113.7", 443),
            ("2001:DB8::1", "2001:db8::1", None),
            ("[2001:db8::1]:443", "2001:db8::1", 443),
            ("::ffff:203.0.113.7", "203.0.113.7", None),
            ("[::ffff:203.0.113.7]:443", "203.0.113.7", 443),
            ("HOST (203.0.113.7)", "203.0.113.7", None),
            ("", None, None),
            ("<null>", None, None),
            ("Not Available", None, None),
            ("[KAUHWH3JFFK (10.20.4930.010)]", None, None),
            ("mail.contoso.com", None, None),
        ],
    )
    def test_forms(self, text, ip, port):
        found = activity(ClientIP=text)
        assert (found.ip_address, found.ip_port) == (ip, port)

    @pytest.mark.parametrize("field", ["ClientIP", "ClientIPAddress", "ActorIpAddress", "ActorIP"])
    def test_fields(self, field):
        assert activity(**{"ClientIP": "Not Available", field: "203.0.113.9"}).ip_address == "203.0.113.9"


class TestUser:
    @pytest.mark.parametrize(
        ("fields", "user"),
        [
            ({"UserId": "Adele.Vance@CONTOSO.com"}, "adele.vance@contoso.com"),
            ({"UserId": "SHAREPOINT\\system"}, "SHAREPOINT\\system"),
            ({"UserId": "Not Available"}, None),
            ({"UserId": "NOT-FOUND"}, None),
            ({"UserId": ""}, None),
            ({"UserId": None}, None),
            ({"UserId": "Not Available", "UserKey": "S-1-5-21"}, "S-1-5-21"),
            ({"UserId": "Unknown", "UserKey": "Not Available", "Actor": [{"ID": "Sync", "Type": 1}]}, "Sync"),
            ({"UserId": None, "Actor": [{"ID": "x", "Type": 0}, {"ID": "A@contoso.com", "Type": 5}]}, "a@contoso.com"),
        ],
    )
    def test_name(self, fields, user):
        assert activity(**fields).user == user

    @pytest.mark.parametrize(
        ("number", "kind"),
        [(0, "Regular"), ("0", "Regular"), ("Admin", "Admin"), (2, "Admin"), (4, "System"), (6, "Application"), (77, None)],
    )
    def test_type(self, number, kind):
        assert activity(UserType=number).user_type == kind

    @pytest.mark.parametrize(
        ("text", "user"),
        [
            ("i:0#.f|membership|Anna@contoso.com", "anna@contoso.com"),
            ("i:0h.f|membership|10032000@live.com", "10032000@live.com"),
            ("i:0h.f|membership|urn%3aspo%3aguest#someone@gmail.com", "someone@gmail.com"),
            ("urn:spo:guest#Anna@example.com", "anna@example.com"),
            ("urn:spo:anon#0f1e", "urn:spo:anon#0f1e"),
            ("i:0i.t|00000003-0000-0ff1-ce00-000000000000|app@sharepoint", "app@sharepoint"),
            ("i:0#@contoso.com", "i:0#@contoso.com"),
            ("i:0#@|", "i:0#@|"),
            ("i:0" * 300_000 + "@", "i:0" * 300_000 + "@"),
        ],
        ids=lambda text: text[:40],
    )
    def test_of_a_sharepoint_claim_is_the_address_in_it(self, text, user):
        assert activity(UserId=text).user == user

    def test_guests_and_service_principals_show_in_the_name(self):
        assert activity(UserId="x_gmail.com#EXT#@contoso.com").user_type == "Guest"
        assert activity(UserId="ServicePrincipal_1").user_type == "Application"


class TestCopilot:
    @pytest.mark.parametrize("shape", [lambda event: event, json.dumps])
    def test_what_it_read_are_objects(self, shape):
        event = {"AccessedResources": [{"ID": "a", "Name": "plan.docx", "Type": "docx"}], "Contexts": [{"Id": "c", "Type": "TeamsChat"}]}
        found = activity(Workload="Copilot", Operation="CopilotInteraction", CopilotEventData=shape(event))
        assert [(one.id, one.name, one.type, one.role) for one in found.objects] == [
            ("a", "plan.docx", "docx", "target"),
            ("c", "c", "TeamsChat", "context"),
        ]
        assert (found.object_id, found.object_name, found.object_type) == ("a", "plan.docx", "docx")

    @pytest.mark.parametrize("event", [None, "x", [], 5, {"AccessedResources": "x", "Contexts": [[], {}, None, {"Id": [1], "Name": ""}]}])
    def test_what_is_written_in_another_way_is_none(self, event):
        assert activity(Workload="Copilot", Operation="CopilotInteraction", CopilotEventData=event, ObjectId=None).objects == ()

    def test_very_many_are_kept_in_part(self):
        event = {"AccessedResources": [{"ID": str(number)} for number in range(5000)]}
        assert len(activity(Workload="Copilot", Operation="CopilotInteraction", CopilotEventData=event).objects) == 100


class TestUserAgent:
    @pytest.mark.parametrize(
        "fields",
        [
            {"UserAgent": "x/1"},
            {"ClientInfoString": "x/1"},
            {"ExtendedProperties": [{"Name": "UserAgent", "Value": "x/1"}]},
            {"ExtendedProperties": [{"Name": "additionalDetails", "Value": '{"User-Agent":"x/1"}'}]},
            {"ExtraProperties": [{"Key": "UserAgent", "Value": "x/1"}]},
        ],
    )
    def test_places(self, fields):
        assert activity(**fields).user_agent == "x/1"

    @pytest.mark.parametrize(
        "details", ['{"User-Agent":', '["User-Agent"]', '{"User-Agent":5}', '"User-Agent"', "[" * 100_000 + "User-Agent"]
    )
    def test_json_in_a_string_that_is_none(self, details):
        assert activity(ExtendedProperties=[{"Name": "additionalDetails", "Value": details}]).user_agent is None


class TestResult:
    @pytest.mark.parametrize(
        ("fields", "result", "detail"),
        [
            ({"Operation": "UserLoggedIn", "ResultStatus": "Failed"}, "success", None),
            ({"Operation": "UserLoginFailed", "ResultStatus": "Success", "LogonError": "Bad"}, "failure", "Bad"),
            ({"Operation": "UserLoginFailed", "ErrorNumber": 50126}, "failure", "50126"),
            ({"Workload": "Exchange", "Operation": "Set-Mailbox", "ResultStatus": "True"}, "success", None),
            ({"Workload": "Exchange", "Operation": "Set-Mailbox", "ResultStatus": "False"}, "failure", None),
            ({"Workload": "Exchange", "Operation": "Set-Mailbox", "ResultStatus": False}, "failure", None),
            ({"Workload": "Exchange", "Operation": "HardDelete", "ResultStatus": "PartiallySucceeded"}, "partial", None),
            ({"Workload": "Exchange", "Operation": "MailboxLogin", "ResultStatus": "Failed"}, "failure", None),
            ({"Workload": "SharePoint", "Operation": "FileDownloaded"}, "success", None),
            ({"Workload": "OneDrive", "Operation": "FileSyncUploadedFull", "ResultStatus": " "}, "success", None),
            ({"Workload": "SharePoint", "Operation": "FileDownloaded", "ResultStatus": "Not Available"}, "success", None),
            ({"Workload": "SharePoint", "Operation": "FileDownloaded", "ResultStatus": "Failed"}, "failure", None),
            ({"Workload": "SharePoint", "Operation": "FileDownloaded", "ResultStatus": "Sideways"}, "unknown", "Sideways"),
            ({"Workload": "SharePoint", "Operation": "SharingInvitationBlocked"}, "failure", None),
            ({"Workload": "SharePoint", "Operation": "UnmanagedSyncClientBlocked"}, "failure", None),
            ({"Workload": "SharePoint", "Operation": "FileMalwareDetected"}, None, None),
            ({"Workload": "SharePoint", "Operation": "SomethingNew"}, None, None),
            ({"Workload": "MicrosoftTeams", "Operation": "MemberAdded"}, "success", None),
            ({"Workload": "MicrosoftTeams", "Operation": "TeamsAdminAction"}, None, None),
            ({"Workload": "Exchange", "Operation": "MailItemsAccessed"}, "success", None),
            ({"Workload": "Exchange", "Operation": "FolderBind", "ResultStatus": "PartiallySucceeded"}, "partial", None),
            ({"Workload": "Exchange", "Operation": "HardDelete"}, None, None),
            ({"Workload": "Exchange", "Operation": "Set-Mailbox"}, None, None),
            ({"Workload": "Endpoint", "Operation": "FileDownloadedFromBrowser"}, None, None),  # which may have been blocked
            ({"Workload": "Copilot", "Operation": "CopilotInteraction"}, None, None),
            ({"Workload": "PowerApps", "Operation": "x", "ResultStatus": "Sideways"}, "unknown", "Sideways"),
        ],
    )
    def test_means_something_else_in_each_workload(self, fields, result, detail):
        found = activity(**fields)
        assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(
    ("fields", "kind", "result"),
    [
        ({"Operation": "PasswordLogonInitialAuthUsingPassword", "ResultStatus": "failed"}, "Failed log on", "failure"),
        ({"Operation": "PasswordLogonInitialAuthUsingPassword", "ResultStatus": "success"}, "Log on", "success"),
        ({"Operation": "UserLoggedIn", "ResultStatus": "Failed"}, "Log on", "success"),
    ],
)
def test_log_ons_of_old_and_of_new(fields, kind, result):
    found = activity(Workload="AzureActiveDirectory", **fields)
    assert (found.activity_type, found.result, found.is_admin_operation) == (kind, result, False)


@pytest.mark.parametrize(
    ("workload", "operation", "kind"),
    [
        ("AzureActiveDirectory", "Disable account.", "Suspend user"),
        ("AzureActiveDirectory", "Add member to role completed (PIM activation).", "Add member to role"),
        ("AzureActiveDirectory", "Update application \u2013 Certificates and secrets management ", "Update application"),
        ("Exchange", "Set-Mailbox", "Run command"),
        ("Exchange", "DlpRuleMatch", "Unspecified"),
        ("SecurityComplianceCenter", "AuditSearchCompleted", "Unspecified"),
        ("SecurityComplianceCenter", "New-RetentionComplianceRule", "Run command"),
    ],
)
def test_operations(workload, operation, kind):
    assert activity(Workload=workload, Operation=operation, ResultStatus=None).activity_type == kind


@pytest.mark.parametrize(("success", "result"), [(True, "success"), (False, "failure"), (None, None)])
def test_power_bi_tells_in_a_field_of_its_own(success, result):
    assert activity(Workload="PowerBI", Operation="ViewReport", ResultStatus=None, IsSuccess=success).result == result
