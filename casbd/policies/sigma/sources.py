"""Where the fields of Sigma's log sources stand in activities and their records.

A log source is one of casbd's formats; the same records read as `json` or `csv`, by a mapping of one's own, are meant too. Most
of Sigma's cloud rules name fields as the vendor's record does, so a name is its own path; the tables below hold what
is named otherwise, and, where the vendor documents a closed list of names, that list, so that a misspelt one is reported.

Sources: https://github.com/SigmaHQ/sigma/tree/master/documentation/logsource-guides/cloud,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs and .../auditlogs,
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/,
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, https://developers.google.com/workspace/admin/reports/v1/appendix
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from casbd.documents import nearest
from casbd.model.activity import FIELDS
from casbd.records.record_path import parse_path, write_path

GENERIC = ("json", "csv")
"""Formats that read anybody's records."""


class Unmapped(ValueError):
    """A log source or field that casbd does not know; `hint` says what there is."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UnknownSource(Unmapped):
    """A log source that casbd does not know."""


class Target(msgspec.Struct, frozen=True):
    """One place where a Sigma field stands: a field of the activity, or `raw.` and a path.

    native: only in records that the log source's own format has read. suffix: what Sigma writes behind the value.
    """

    field: str
    native: bool = False
    suffix: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One log source.

    formats: casbd's formats for its records. fields: by Sigma's name in small letters. prefixes: paths below which any other
    field may stand. documented: the first part of the names that the vendor documents; empty: any. renamed: beginnings of names, and
    what the record has instead.
    """

    formats: tuple[str, ...]
    fields: Mapping[str, tuple[Target, ...]] = {}
    prefixes: tuple[str, ...] = ("",)
    documented: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = {}

    def targets(self, name: str) -> tuple[Target, ...]:
        """Where a field stands; Unmapped where it is none of this log source."""
        own = self.fields.get(name.casefold())
        if own is not None:
            return own
        for begin, instead in self.renamed.items():
            if name.casefold().startswith(begin):
                name = instead + name[len(begin) :]
                break
        first = name.split(".")[0]
        documented = {own.casefold() for own in self.documented}
        if documented and first.casefold() not in documented:
            names = [*self.documented, *(own for own in self.fields if own not in documented)]
            raise Unmapped(f"the field `{name}` is not known of this log source", nearest(first, names))
        return _below(self.prefixes, name)


@lru_cache(4096)
def _below(prefixes: tuple[str, ...], name: str) -> tuple[Target, ...]:
    """Where a field may stand in a record."""
    try:
        path = parse_path(name)
    except ValueError:
        path = (name,)
    return tuple(Target("raw." + write_path((*(parse_path(prefix) if prefix else ()), *path))) for prefix in prefixes)


def _at(*places: str, native: str = "", suffix: str = "") -> tuple[Target, ...]:
    """Targets of one field. native: the activity's field that holds it; places: the activity's or paths into the record."""
    own = (Target(native, native=True),) if native else ()
    return own + tuple(Target(place if place in FIELDS else f"raw.{place}", suffix=suffix) for place in places)


def _names(text: str) -> frozenset[str]:
    """Names with blanks between them."""
    return frozenset(text.split())


_CLOUDTRAIL = Source(
    formats=("aws_cloudtrail",),
    fields={"eventname": _at("eventName", native="action_type"), "status": _at("result")},
    documented=_names(
        "additionalEventData addendum apiVersion awsRegion edgeDeviceDetails errorCode errorMessage eventCategory eventContext "
        "eventID eventName eventSource eventTime eventType eventVersion insightDetails managementEvent readOnly "
        "recipientAccountId requestID requestParameters resources responseElements serviceEventDetails "
        "sessionCredentialFromConsole sharedEventID sourceIPAddress tlsDetails userAgent userIdentity vpcEndpointAccountId "
        "vpcEndpointId"
    ),
)

_ENTRA_COMMON = (
    "AADTenantId Category CorrelationId DurationMs Id Identity Level Location OperationName OperationVersion properties Resource"
    " ResourceGroup ResourceId ResourceProvider ResultDescription ResultSignature ResultType SourceSystem TenantId TimeGenerated Type"
)

_SIGN_INS = Source(
    formats=("entra",),
    prefixes=("", "properties"),  # as the Graph API and Log Analytics have them; as diagnostic settings do
    fields={
        "clientapp": _at("clientAppUsed", "properties.clientAppUsed"),
        "location": _at("location", "properties.location", "properties.location.countryOrRegion"),
        "properties.message": _at("properties.message", "authenticationProtocol", "properties.authenticationProtocol"),
        "resultdescription": _at(
            "resultDescription",
            *(f"{prefix}status.{name}" for prefix in ("", "properties.") for name in ("failureReason", "additionalDetails")),
        ),
        "resulttype": _at("resultType", "status.errorCode", "properties.status.errorCode"),
        "status": _at("result", "status", "properties.status"),
        "useragent": _at("userAgent", "properties.userAgent", native="user_agent"),
        "username": _at("userPrincipalName", "properties.userPrincipalName", native="user"),
    },
    documented=_names(
        f"{_ENTRA_COMMON} AlternateSignInName AppDisplayName AppId AppliedEventListeners AppOwnerTenantId"
        " AuthenticationContextClassReferences AuthenticationDetails AuthenticationMethodsUsed AuthenticationProcessingDetails"
        " AuthenticationProtocol AuthenticationRequirement AuthenticationRequirementPolicies AutonomousSystemNumber ClientAppUsed"
        " ClientCredentialType ConditionalAccessPolicies ConditionalAccessStatus CreatedDateTime CrossTenantAccessType DeviceDetail"
        " FederatedCredentialId FlaggedForReview GlobalSecureAccessIpAddress HomeTenantId HomeTenantName IncomingTokenType IPAddress"
        " IPAddressFromResourceProvider IsInteractive IsRisky IsTenantRestricted IsThroughGlobalSecureAccess LocationDetails MfaDetail"
        " NetworkLocationDetails OriginalRequestId OriginalTransferMethod ProcessingTimeInMilliseconds ResourceDisplayName"
        " ResourceIdentity ResourceOwnerTenantId ResourceServicePrincipalId ResourceTenantId RiskDetail RiskEventTypes"
        " RiskEventTypes_V2 RiskLevelAggregated RiskLevelDuringSignIn RiskState ServicePrincipalCredentialKeyId"
        " ServicePrincipalCredentialThumbprint ServicePrincipalId ServicePrincipalName SessionId SessionLifetimePolicies"
        " SignInEventTypes SignInIdentifier SignInIdentifierType SourceAppClientId TokenIssuerName TokenIssuerType"
        " TokenProtectionStatusDetails UniqueTokenIdentifier UserDisplayName UserId UserPrincipalName UserType"
    ),
)

_OPERATION = _at("operationName", "activityDisplayName", "properties.activityDisplayName", native="action_type")
_AUDITS = Source(
    formats=("entra",),
    prefixes=("", "properties"),
    fields={
        "activitydisplayname": _OPERATION,
        "activitytype": _OPERATION,
        "operationname": _OPERATION,
        "properties.message": _OPERATION,
        "failure_status_reason": _at("resultReason", "properties.resultReason"),
        "initiatedby": _at("initiatedBy", "initiatedBy.user.userPrincipalName", "properties.initiatedBy")
        + _at("properties.initiatedBy.user.userPrincipalName"),
        "status": _at("result", "resultReason", "properties.resultReason"),
        "target": _at("targetResources", "properties.targetResources"),
        "consentcontext.isadminconsent": _at(
            *(f'{prefix}targetResources.modifiedProperties."ConsentContext.IsAdminConsent"' for prefix in ("", "properties."))
        ),
    },
    documented=_names(
        f"{_ENTRA_COMMON} AADOperationType ActivityDateTime AdditionalDetails InitiatedBy LoggedByService OperationType Result"
        " ResultReason TargetResources UserAgent"
    ),
)

_RISKS = Source(
    formats=("entra",),
    prefixes=("", "properties"),
    documented=_names(
        f"{_ENTRA_COMMON} Activity ActivityDateTime AdditionalInfo AlertDefinitionId DetectedDateTime DetectionTimingType IpAddress"
        " LastUpdatedDateTime RequestId RiskDetail RiskEventType RiskLevel RiskState Source TokenIssuerType UserDisplayName UserId"
        " UserPrincipalName"
    ),
)

_ACTIVITY_OPERATION = _at(
    *("operationName", "operationName.value", "operationNameValue", "authorization.action", "properties.message"), native="action_type"
)
_AZURE_ACTIVITY = Source(
    formats=("azure_activity",),
    prefixes=("", "properties"),
    fields={
        "operationname": _ACTIVITY_OPERATION,
        "operationnamevalue": _ACTIVITY_OPERATION,
        "properties.message": _at("properties.message", "properties.activityDisplayName", "operationName", native="action_type"),
        "categoryvalue": _at("categoryValue", "category", "category.value"),
        "resourceprovidervalue": _at("resourceProviderValue", "resourceProviderName", "resourceProviderName.value"),
    },
    documented=_names(
        f"{_ENTRA_COMMON} ActivityStatus ActivitySubstatus Authorization Caller CallerIpAddress Claims EventDataId EventTimestamp"
        " HTTPRequest OperationId ResourceProviderName ResourceType Status SubStatus SubscriptionId"
    ),
)

_M365 = Source(
    formats=("m365",),
    fields={
        "operation": _at("Operation", native="action_type"),
        "eventsource": _at("Workload"),
        "eventname": _at("Operation", "Name"),  # of an alert its name
        "status": _at("result", "ResultStatus", "Status"),
        "payload": _at("**"),
        "eventdata": _at("**"),
        "requesttype": _at("RequestType", "ExtendedProperties.RequestType"),
        "user.email": _at("user"),
    },
)

_OKTA = Source(
    formats=("okta",),
    fields={"eventtype": _at("eventType", native="action_type")},
    documented=_names(
        "actor authenticationContext client debugContext device displayMessage eventType legacyEventType outcome published "
        "request securityContext severity target transaction uuid version"
    ),
)

_GITHUB = Source(formats=("github",), fields={"action": _at("action", native="action_type")})

_GOOGLE_EVENT = _at("events.name", "protoPayload.metadata.event.eventName", native="action_type")
_GOOGLE_SERVICE = _at("protoPayload.serviceName") + _at("id.applicationName", suffix=".googleapis.com")
_GOOGLE_WORKSPACE = Source(
    formats=("google_workspace",),
    prefixes=("events.parameters", "protoPayload.metadata.event.parameter"),
    fields={
        "eventname": _GOOGLE_EVENT,
        "eventservice": _GOOGLE_SERVICE,
        "protopayload.metadata.event.eventname": _GOOGLE_EVENT,
        "protopayload.servicename": _GOOGLE_SERVICE,
    },
)

_GCP = Source(
    formats=("gcp",),
    fields={
        "gcp.audit.method_name": _at("protoPayload.methodName", native="action_type"),
        "gcp.audit.service_name": _at("protoPayload.serviceName"),
        "methodname": _at("protoPayload.methodName", native="action_type"),
        "data.protopayload.methodname": _at("protoPayload.methodName", native="action_type"),
        "data.protopayload.resource.type": _at("resource.type"),
        "data.protopayload.logname": _at("logName"),
    },
    renamed={"gcp.audit.": "protoPayload.", "data.protopayload.": "protoPayload."},
    documented=_names("httpRequest insertId labels logName operation protoPayload receiveTimestamp resource severity timestamp trace"),
)

_OTHERS = Source(formats=())
"""Records that only a mapping of one's own reads; the names are those of the record."""

_SOURCES: dict[tuple[str, str], Source] = {
    ("aws", "cloudtrail"): _CLOUDTRAIL,
    ("azure", "signinlogs"): _SIGN_INS,
    ("azure", "auditlogs"): _AUDITS,
    ("azure", "riskdetection"): _RISKS,
    ("azure", "pim"): _RISKS,
    ("azure", "activitylogs"): _AZURE_ACTIVITY,
    ("m365", "audit"): _M365,
    ("m365", "exchange"): _M365,
    ("m365", "threat_detection"): _M365,
    ("m365", "threat_management"): _M365,
    ("okta", "okta"): _OKTA,
    ("github", "audit"): _GITHUB,
    ("gcp", "google_workspace.admin"): _GOOGLE_WORKSPACE,
    ("gcp", "google_workspace.drive"): _GOOGLE_WORKSPACE,
    ("gcp", "google_workspace.login"): _GOOGLE_WORKSPACE,
    ("gcp", "gcp.audit"): _GCP,
    ("bitbucket", "audit"): _OTHERS,
    ("cisco", "duo"): _OTHERS,
    ("onelogin", "onelogin.events"): _OTHERS,
}


def source_of(product: str | None, service: str | None, category: str | None) -> Source:
    """The log source; a service alone is enough, or a product all of whose services are the same. UnknownSource where casbd has none."""
    wanted = (product and product.casefold(), service and service.casefold())
    sources = [source for (of, name), source in _SOURCES.items() if wanted[0] in (None, of) and wanted[1] in (None, name)]
    if category is None and any(wanted) and sources and all(source is sources[0] for source in sources):
        return sources[0]
    written = "/".join(part for part in (product, category, service) if part)
    raise UnknownSource(f"the log source {written} is not known", f"known: {', '.join('/'.join(key) for key in _SOURCES)}")
