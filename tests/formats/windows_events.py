"""Events of Windows' security log, in the shapes of each program that exports them."""

import json

from casbd.formats.windows_security import WindowsSecurity
from casbd.plugins import Options

FORMAT = WindowsSecurity(Options())


SID = "S-1-5-21-1-2-3-1104"


SUBJECT = {"SubjectUserName": "Admin", "SubjectDomainName": "CONTOSO", "SubjectUserSid": "S-1-5-21-1-2-3-500", "SubjectLogonId": "0x1"}


TARGET = {"TargetUserName": "Anna", "TargetDomainName": "CONTOSO", "TargetUserSid": SID}


def winlogbeat(event_id, outcome="success", **data):
    return {
        "@timestamp": "2026-01-31T12:00:00.123Z",
        "event": {"code": str(event_id), "outcome": outcome, "provider": "Microsoft-Windows-Security-Auditing"},
        "winlog": {
            "event_id": str(event_id),
            "channel": "Security",
            "computer_name": "DC01.contoso.com",
            "record_id": 77,
            "keywords": [f"Audit {outcome.title()}"],
            "event_data": data,
        },
    }


def before_version_7(event_id, **data):
    return {
        "@timestamp": "2026-01-31T12:00:00.123Z",
        "event_id": event_id,
        "log_name": "Security",
        "computer_name": "DC01.contoso.com",
        "record_number": "77",
        "keywords": ["Audit Success"],
        "event_data": data,
    }


def nxlog(event_id, keywords=-9214364837600034816, **data):
    return {
        "EventTime": "2026-01-31 12:00:00",
        "Hostname": "DC01.contoso.com",
        "Keywords": keywords,
        "EventID": event_id,
        "RecordNumber": 77,
        "Channel": "Security",
        "SourceModuleType": "im_msvistalog",
        **data,
    }


def xml(event_id, keywords="0x8020000000000000", **data):
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
        "EventID": event_id,
        "Keywords": keywords,
        "TimeCreated": {"#attributes": {"SystemTime": "2026-01-31T12:00:00.123456700Z"}},
        "EventRecordID": 77,
        "Channel": "Security",
        "Computer": "DC01.contoso.com",
    }
    return {"Event": {"System": system, "EventData": data}}


def parsed(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found
