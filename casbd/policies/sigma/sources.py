"""Where the fields of Sigma's log sources stand in activities and their records.

A log source is one of casbd's formats; the same records read as `json` or `csv`, by a mapping of one's own, are meant too. Most
of Sigma's cloud rules name fields as the vendor's record does, so a name is its own path; the tables below hold what
is named otherwise, and, where the vendor documents a closed list of names, that list, so that a misspelt one is reported.

Sources: https://github.com/SigmaHQ/sigma/tree/master/documentation/logsource-guides/cloud,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html,
https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs and .../auditlogs,
https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/,
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry, https://developers.google.com/workspace/admin/reports/v1/appendix,
https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from __future__ import annotations

from casbd.policies.sigma.targets import Source, Unmapped, at, names


class UnknownSource(Unmapped):
    """A log source that casbd does not know."""


_CLOUDTRAIL = Source(
    formats=("aws_cloudtrail",),
    fields={"eventname": at("eventName", native="action_type"), "status": at("result")},
    documented=names(
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
        "clientapp": at("clientAppUsed", "properties.clientAppUsed"),
        "location": at("location", "properties.location", "properties.location.countryOrRegion"),
        "properties.message": at("properties.message", "authenticationProtocol", "properties.authenticationProtocol"),
        "resultdescription": at(
            "resultDescription",
            *(f"{prefix}status.{name}" for prefix in ("", "properties.") for name in ("failureReason", "additionalDetails")),
        ),
        "resulttype": at("resultType", "status.errorCode", "properties.status.errorCode"),
        "status": at("result", "status", "properties.status"),
        "useragent": at("userAgent", "properties.userAgent", native="user_agent"),
        "username": at("userPrincipalName", "properties.userPrincipalName", native="user"),
    },
    documented=names(
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

_OPERATION = at("operationName", "activityDisplayName", "properties.activityDisplayName", native="action_type")
_AUDITS = Source(
    formats=("entra",),
    prefixes=("", "properties"),
    fields={
        "activitydisplayname": _OPERATION,
        "activitytype": _OPERATION,
        "operationname": _OPERATION,
        "properties.message": _OPERATION,
        "failure_status_reason": at("resultReason", "properties.resultReason"),
        "initiatedby": at("initiatedBy", "initiatedBy.user.userPrincipalName", "properties.initiatedBy")
        + at("properties.initiatedBy.user.userPrincipalName"),
        "status": at("result", "resultReason", "properties.resultReason"),
        "target": at("targetResources", "properties.targetResources"),
        "consentcontext.isadminconsent": at(
            *(f'{prefix}targetResources.modifiedProperties."ConsentContext.IsAdminConsent"' for prefix in ("", "properties."))
        ),
    },
    documented=names(
        f"{_ENTRA_COMMON} AADOperationType ActivityDateTime AdditionalDetails InitiatedBy LoggedByService OperationType Result"
        " ResultReason TargetResources UserAgent"
    ),
)

_RISKS = Source(
    formats=("entra",),
    prefixes=("", "properties"),
    documented=names(
        f"{_ENTRA_COMMON} Activity ActivityDateTime AdditionalInfo AlertDefinitionId DetectedDateTime DetectionTimingType IpAddress"
        " LastUpdatedDateTime RequestId RiskDetail RiskEventType RiskLevel RiskState Source TokenIssuerType UserDisplayName UserId"
        " UserPrincipalName"
    ),
)

_ACTIVITY_OPERATION = at(
    *("operationName", "operationName.value", "operationNameValue", "authorization.action", "properties.message"), native="action_type"
)
_AZURE_ACTIVITY = Source(
    formats=("azure_activity",),
    prefixes=("", "properties"),
    fields={
        "operationname": _ACTIVITY_OPERATION,
        "operationnamevalue": _ACTIVITY_OPERATION,
        "properties.message": at("properties.message", "properties.activityDisplayName", "operationName", native="action_type"),
        "categoryvalue": at("categoryValue", "category", "category.value"),
        "resourceprovidervalue": at("resourceProviderValue", "resourceProviderName", "resourceProviderName.value"),
    },
    documented=names(
        f"{_ENTRA_COMMON} ActivityStatus ActivitySubstatus Authorization Caller CallerIpAddress Claims EventDataId EventTimestamp"
        " HTTPRequest OperationId ResourceProviderName ResourceType Status SubStatus SubscriptionId"
    ),
)

_M365 = Source(
    formats=("m365",),
    fields={
        "operation": at("Operation", native="action_type"),
        "eventsource": at("Workload"),
        "eventname": at("Operation", "Name"),  # of an alert its name
        "status": at("result", "ResultStatus", "Status"),
        "payload": at("**"),
        "eventdata": at("**"),
        "requesttype": at("RequestType", "ExtendedProperties.RequestType"),
        "user.email": at("user"),
    },
)

_OKTA = Source(
    formats=("okta",),
    fields={"eventtype": at("eventType", native="action_type")},
    documented=names(
        "actor authenticationContext client debugContext device displayMessage eventType legacyEventType outcome published "
        "request securityContext severity target transaction uuid version"
    ),
)

_GITHUB = Source(formats=("github",), fields={"action": at("action", native="action_type")})

_GOOGLE_EVENT = at("events.name", "protoPayload.metadata.event.eventName", native="action_type")
_GOOGLE_SERVICE = at("protoPayload.serviceName") + at("id.applicationName", suffix=".googleapis.com")
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
        "gcp.audit.method_name": at("protoPayload.methodName", native="action_type"),
        "gcp.audit.service_name": at("protoPayload.serviceName"),
        "methodname": at("protoPayload.methodName", native="action_type"),
        "data.protopayload.methodname": at("protoPayload.methodName", native="action_type"),
        "data.protopayload.resource.type": at("resource.type"),
        "data.protopayload.logname": at("logName"),
    },
    renamed={"gcp.audit.": "protoPayload.", "data.protopayload.": "protoPayload."},
    documented=names("httpRequest insertId labels logName operation protoPayload receiveTimestamp resource severity timestamp trace"),
)

_POD = ("requestObject.spec.", "requestObject.spec.template.spec.")
"""Where an object that is made has a pod's specification."""
_KUBERNETES = Source(
    formats=("kubernetes",),
    fields={
        "verb": at("verb", native="action_type"),
        "apigroup": at("objectRef.apiGroup"),
        "namespace": at("objectRef.namespace"),
        "username": at("user.username"),
        "hostpath": at(*(f"{pod}volumes.hostPath.path" for pod in _POD)),
        "capabilities": at(*(f"{pod}containers.securityContext.capabilities.add" for pod in _POD)),
    },
    documented=names(
        "annotations apiVersion auditID authenticationMetadata impersonatedUser kind level objectRef requestObject"
        " requestReceivedTimestamp requestURI responseObject responseStatus sourceIPs stage stageTimestamp user userAgent"
    ),
)

_BITBUCKET = Source(formats=("atlassian",))
_DUO = Source(formats=("duo",), fields={"action": at("action.name", "action", native="action_type")})
_ONELOGIN = Source(formats=("onelogin",), fields={"event_type_id": at("event_type_id", native="action_type")})

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
    ("kubernetes", "audit"): _KUBERNETES,
    ("bitbucket", "audit"): _BITBUCKET,
    ("cisco", "duo"): _DUO,
    ("onelogin", "onelogin.events"): _ONELOGIN,
}


_APPLICATION = "application"
"""The one category that says nothing more than product and service: SigmaHQ's rules for Kubernetes have it."""


def source_of(product: str | None, service: str | None, category: str | None) -> Source:
    """The log source; a service alone is enough, or a product all of whose services are the same. UnknownSource where casbd has none."""
    wanted = (product and product.casefold(), service and service.casefold())
    sources = [source for (of, name), source in _SOURCES.items() if wanted[0] in (None, of) and wanted[1] in (None, name)]
    if (
        (category or _APPLICATION).casefold() == _APPLICATION
        and any(wanted)
        and sources
        and all(source is sources[0] for source in sources)
    ):
        return sources[0]
    written = "/".join(part for part in (product, category, service) if part)
    raise UnknownSource(f"the log source {written} is not known", f"known: {', '.join('/'.join(key) for key in _SOURCES)}")
