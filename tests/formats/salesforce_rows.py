"""Rows of Salesforce's exports."""

import json

from casbd.formats.salesforce import Salesforce
from casbd.plugins import Options

FORMAT = Salesforce(Options())


def event(kind="Login", **columns):
    base = {
        "EVENT_TYPE": kind,
        "TIMESTAMP": "20260101120000.123",
        "REQUEST_ID": "3nWgxWbDKWWDIk0FKfF5DV",
        "ORGANIZATION_ID": "00D000000000123",
        "USER_ID": "00530000009M943",
        "USER_ID_DERIVED": "00530000009M943YAS",
        "TIMESTAMP_DERIVED": "2026-01-01T12:00:00.123Z",
        "CLIENT_IP": "203.0.113.7",
    }
    return base | columns


def log_on(**columns):
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.12; rv%3A50.0) Gecko/20100101 Firefox/50.0"
    return event(
        **{"USER_NAME": "Anna@Contoso.com", "LOGIN_STATUS": "LOGIN_NO_ERROR", "BROWSER_TYPE": agent, "URI": "/index.jsp"} | columns
    )


def trail(**columns):
    base = {
        "attributes": {"type": "SetupAuditTrail", "url": "/services/data/v60.0/sobjects/SetupAuditTrail/0Ym1"},
        "Id": "0Ym1",
        "Action": "PermSetAssign",
        "Section": "Manage Users",
        "CreatedDate": "2026-01-01T12:00:00.123+0000",
        "CreatedById": "0051",
        "CreatedBy": {"Username": "Admin@Contoso.com", "Name": "Ada Min"},
        "Display": "Something was assigned",
        "DelegateUser": None,
    }
    return base | columns


def downloaded(**columns):
    base = {
        "Date": "1/31/2026, 12:30:15 PM PST",
        "User": "Admin@contoso.com",
        "Source Namespace Prefix": "",
        "Action": "Changed something for somebody",
        "Section": "Manage Users",
        "Delegate User": "",
    }
    return base | columns


def parsed(row):
    (found,) = FORMAT.parse(json.dumps(row).encode())
    return found
