"""Rules shaped like SigmaHQ's for cloud services: which service, the fields that they name, the operators, in the same proportions.

Nearly all name an event and nothing else that any record has; one in ten looks for a part of a text. The names are made up but for some
that the records have too.
"""

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

Selection = dict[str, Any]

RECORDED = ["UserLoggedIn", "FileAccessed", "New-InboxRule", "Add member to group.", "MailItemsAccessed", "FileDownloaded"]


def _cloudtrail(n: int) -> Selection:
    more: list[Selection] = [{}, {}, {"errorCode": f"Client.Error{n}"}, {"userAgent|contains": f"tool-{n}/"}, {"userIdentity.type": "Root"}]
    return {"eventSource": f"service{n % 40}.amazonaws.com", "eventName": f"Put{n}"} | more[n % 5]


def _audit_logs(n: int) -> Selection:
    return [{"properties.message": f"Change policy {n}"}, {"OperationName": f"Change role {n}", "Status": "success"}][n % 2]


def _activity_logs(n: int) -> Selection:
    names = [f"MICROSOFT.PART{n}/THINGS/{what}" for what in ("WRITE", "DELETE", "ACTION")]
    return [{"operationName": names}, {"operationName|startswith": names[0][:-5], "operationName|endswith": "/WRITE"}][n % 5 == 4]


def _sign_ins(n: int) -> Selection:
    more: list[Selection] = [{}, {"ResultDescription|contains": f"Reason {n}"}, {"AuthenticationRequirement": "singleFactorAuthentication"}]
    return {"ResultType": 50_000 + n} | more[n % 3]


def _risks(n: int) -> Selection:
    return {"riskEventType": f"risk{n}"}


def _gcp(n: int) -> Selection:
    return {"gcp.audit.method_name|endswith": f".v1.Things{n}.Delete"}


def _alerts(n: int) -> Selection:
    return {"eventSource": "SecurityComplianceCenter", "eventName": f"Unusual thing {n}", "status": "success"}


def _m365(n: int) -> Selection:
    return [
        {"Operation|contains": f"Disable thing {n}."},
        {"Operation": RECORDED[n % 6], "ApplicationId": f"00000000-0000-0000-0000-{n:012}"},
        {"Operation": RECORDED[n % 6], "ObjectId|contains": [f"payroll-{n}", f"merger-{n}"]},
    ][n % 3]


_SERVICES = {
    _cloudtrail: ("aws", "cloudtrail"),
    _audit_logs: ("azure", "auditlogs"),
    _activity_logs: ("azure", "activitylogs"),
    _sign_ins: ("azure", "signinlogs"),
    _risks: ("azure", "riskdetection"),
    _gcp: ("gcp", "gcp.audit"),
    _alerts: ("m365", "threat_management"),
    _m365: ("m365", "audit"),
}
_NUMBERS = [57, 44, 35, 18, 26, 26, 14, 5]
_MIX = [shape for number, shape in zip(_NUMBERS, _SERVICES, strict=True) for _ in range(number)]


def write(directory: Path, number: int) -> None:
    """So many rule files, numbered."""
    directory.mkdir(parents=True, exist_ok=True)
    for n, shape in enumerate(islice(cycle(_MIX), number)):
        product, service = _SERVICES[shape]
        rule = {
            "title": f"Rule {n}",
            "id": f"00000000-0000-4000-8000-{n:012}",
            "status": "test",
            "description": "Looks for something.",
            "logsource": {"product": product, "service": service},
            "detection": {"selection": shape(n), "condition": "selection"},
            "falsepositives": ["Unlikely"],
            "level": ["low", "medium", "high"][n % 3],
            "tags": ["attack.t1098"],
        }
        (directory / f"sigma{n:04d}.yml").write_text(json.dumps(rule, indent=1))
