"""What ASIM's schemas ask for: which columns must not be empty, and which values some may have.

Sources: Microsoft, "ASIM Alert schema", "ASIM Authentication schema", "ASIM Audit event schema"; Azure-Sentinel, `ASimTester.csv`.
"""

_ALL = {"TimeGenerated", "Type", "EventCount", "EventStartTime", "EventEndTime", "EventType", "EventProduct", "EventVendor"}
_COMMON = _ALL | {"EventSchema", "EventSchemaVersion"}
MANDATORY = {
    "AlertEvent": _COMMON | {"EventUid"},
    "Authentication": _COMMON | {"EventResult", "Dvc"},
    "AuditEvent": _COMMON | {"EventResult", "Dvc", "Operation", "Object", "ObjectType"},
}
_RESULTS = {"Success", "Failure", "Partial", "NA"}
_USER_TYPES = {"Regular", "Guest", "Machine", "Admin", "System", "Application", "Service", "Other"}
_USER_IDS = {"SID", "UID", "AADID", "OktaId", "AWSId", "PUID", "SalesforceId", "VectraUserId", "MD4IoTid", "Other"}
_NAMES = {"UPN", "Windows", "DN", "Simple"}
_SEVERITIES = {"Informational", "Low", "Medium", "High"}
_FROM_WHERE = {"SrcDeviceType": {"Computer", "Mobile Device", "IOT Device", "Other"}, "EventSeverity": _SEVERITIES, "EventResult": _RESULTS}
_APP = {"Process", "Service", "Resource", "URL", "SaaS application", "Other"}
_TACTICS = """Reconnaissance, Resource Development, Initial Access, Execution, Persistence, Privilege Escalation, Defense Evasion,
Credential Access, Discovery, Lateral Movement, Collection, Command and Control, Exfiltration, Impact"""
TACTICS = {one.strip() for one in _TACTICS.split(",")}
ALLOWED = {
    "AlertEvent": {
        "EventType": {"Alert"},
        "EventSubType": {"Threat", "Suspicious Activity", "Anomaly", "Compliance Violation"},
        "EventSeverity": _SEVERITIES,
        "AlertStatus": {"Active", "Closed"},
        "AlertVerdict": {"True Positive", "False Positive", "Benign Positive", "Unknown"},
        "DetectionMethod": {"Cloud Application Security"},
        "IndicatorType": {"Ip", "User", "Process", "Registry", "Url", "File", "Host", "Cloud Resource", "Application"},
        "ThreatCategory": {"Ransomware", "Phishing", "Malware", "Security Policy Violation", "Unknown"},
        "UsernameType": _NAMES,
    },
    "Authentication": {
        **_FROM_WHERE,
        "EventType": {"Logon", "Logoff", "Elevate"},
        "EventResultDetails": {
            "No such user or password", "No such user", "Incorrect password", "Incorrect key", "Account expired", "Password expired",
            "User locked", "User disabled", "Logon violates policy", "Session expired", "Other",
        },
        "TargetUserType": _USER_TYPES,
        "TargetUserIdType": _USER_IDS,
        "TargetUsernameType": _NAMES,
        "TargetAppType": _APP,
    },
    "AuditEvent": {
        **_FROM_WHERE,
        "EventType": {
            "Set", "Read", "Create", "Delete", "Execute", "Install", "Clear", "Enable", "Disable", "Initialize", "Start", "Stop", "Other",
        },
        "ObjectType": {"Cloud Resource", "Configuration Atom", "Policy Rule", "Other"},
        "ActorUserType": _USER_TYPES,
        "ActorUserIdType": _USER_IDS,
        "ActorUsernameType": _NAMES,
        "TargetAppType": _APP,
    },
}  # fmt: skip
TYPED = {
    "TargetUserIdType": "TargetUserId",
    "TargetUsernameType": "TargetUsername",
    "ActorUserIdType": "ActorUserId",
    "ActorUsernameType": "ActorUsername",
    "UsernameType": "Username",
    "TargetAppType": "TargetAppName",
}
"""Columns that must be there where another one is, and only there."""
