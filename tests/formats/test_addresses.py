"""The client's address in Microsoft's records, where proxies have added theirs."""

import json

import pytest

from casbd.plugins import registry

EVENTS = {"Timestamp": "2026-01-31T12:00:00Z", "ActionType": "FileDownloaded", "ApplicationId": 20892, "ReportId": "i"}
LOGON = {"Timestamp": "2026-01-31T12:00:00Z", "Type": "IdentityLogonEvents", "ActionType": "LogonSuccess", "AccountUpn": "anna@contoso.com"}
AUDIT = {"CreationTime": "2026-01-31T12:00:00", "Operation": "FileDownloaded", "Workload": "SharePoint", "RecordType": 6}
SIGN_IN = {"category": "SignInLogs", "time": "2026-01-31T12:00:00Z", "properties": {"userPrincipalName": "anna@contoso.com", "appId": "a"}}
MESSAGE = "CEF:0|MCAS|SIEM_Agent|1|EVENT_CATEGORY_LOGIN|Log on|0|start=1769860800000 c6a1= dvc={}"


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("m365", lambda ip: json.dumps(AUDIT | {"ClientIP": ip})),
        ("entra", lambda ip: json.dumps(SIGN_IN | {"callerIpAddress": ip})),
        ("mdca", lambda ip: json.dumps(EVENTS | {"IPAddress": ip})),
        ("mdca", MESSAGE.format),
        ("defender_for_identity", lambda ip: json.dumps(LOGON | {"IPAddress": ip})),
        ("cef", lambda ip: f"CEF:0|Example|Firewall|1|2|3|4|rt=1769860800000 src={ip}"),
    ],
)
@pytest.mark.parametrize("written", ["81.2.69.160, 192.168.22.33", "192.168.22.33, 81.2.69.160", "unknown, client, 81.2.69.160, proxy1"])
def test_of_several_the_first_public_one(name, record, written):
    plugin = registry.load("formats", name)
    (found,) = plugin(plugin.Options()).parse(record(written).encode()) if name != "cef" else _cef(plugin, record(written))
    assert found.ip_address == "81.2.69.160"


def _cef(plugin, text):
    return plugin(plugin.Options.model_validate({})).parse(text.encode())
