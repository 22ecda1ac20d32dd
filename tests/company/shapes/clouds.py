"""Records of AWS CloudTrail, Azure's activity log, Okta and of the log ons of applications to Entra ID."""

from typing import Any

from company.shapes.written import TENANT, Ids, Record, Where, encode, seconds

ACCOUNT = "111122223333"
SUBSCRIPTION = "/subscriptions/0b1f6471-0000-4000-8000-00000000005b"


class Aws:
    """CloudTrail."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def call(
        self,
        time: int,
        user: str,
        where: Where,
        event: str,
        service: str,
        request: dict[str, Any],
        *,
        region: str = "eu-west-1",
        error: str | None = None,
        role: str = "AWSReservedSSO_Developer_0a1b2c3d4e5f6071",
        read_only: bool = False,
    ) -> Record:
        """A call of the API. user: the session's name if it is an address, else an IAM user's."""
        fields: dict[str, Any] = {
            "eventVersion": "1.09",
            "userIdentity": identity(user, role),
            "eventTime": seconds(time) + "Z",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": event,
            "awsRegion": region,
            "sourceIPAddress": where.address,
            "userAgent": where.agent,
            "requestParameters": request,
            "responseElements": None,
            "eventID": self._ids.next(),
            "readOnly": read_only,
            "eventType": "AwsApiCall",
            "managementEvent": service != "s3" or event not in ("GetObject", "PutObject", "DeleteObject"),
            "recipientAccountId": ACCOUNT,
        }
        if error:
            fields |= {"errorCode": error, "errorMessage": "not allowed"}
        return time, "aws_cloudtrail", encode(fields)

    def console(self, time: int, user: str, where: Where, *, failed: bool = False) -> Record:
        """A log on to the console."""
        name, line = "ConsoleLogin", self.call(time, user, where, "ConsoleLogin", "signin", {})[2]
        verdict = encode({name: "Failure" if failed else "Success"})
        return time, "aws_cloudtrail", line.replace(b'"responseElements":null', b'"responseElements":' + verdict)


def identity(user: str, role: str) -> dict[str, Any]:
    """Of a session of IAM Identity Center, of a service's role (`role/session`), or an IAM user."""
    if "@" in user or "/" in user:
        session = user.rpartition("/")[2]
        role = role if "@" in user else user.rpartition("/")[0]
        return {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
        }
    return {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}", "accountId": ACCOUNT, "userName": user}


class Azure:
    """The activity log."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def operation(
        self, time: int, user: str, where: Where, operation: str, resource: str, *, location: str = "westeurope", status: str = "Succeeded"
    ) -> Record:
        """One on a resource. operation: `Microsoft.Compute/virtualMachines/write`. user: a UPN, or an application's id."""
        kind = operation.rpartition("/")[0].removesuffix("/action")
        identifier = f"{SUBSCRIPTION}/resourceGroups/main/providers/{kind}/{resource}"
        claims = {"aud": "https://management.core.windows.net/", "ipaddr": where.address, "appid": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"}
        if "@" in user:
            claims |= {
                "http://schemas.microsoft.com/identity/claims/scope": "user_impersonation",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": user,
            }
        else:
            claims["idtyp"] = "app"
        fields = {
            "authorization": {"action": operation, "scope": identifier},
            "caller": user,
            "channels": "Operation",
            "claims": claims,
            "eventDataId": self._ids.next(),
            "eventName": {"value": "EndRequest"},
            "category": {"value": "Administrative"},
            "eventTimestamp": seconds(time) + "Z",
            "level": "Informational",
            "operationName": {"value": operation},
            "resourceGroupName": "main",
            "resourceProviderName": {"value": kind.partition("/")[0]},
            "resourceType": {"value": kind},
            "resourceId": identifier,
            "status": {"value": status},
            "subscriptionId": SUBSCRIPTION.rpartition("/")[2],
            "tenantId": TENANT,
            "httpRequest": {"clientIpAddress": where.address, "method": "PUT"},
            "properties": {"responseBody": encode({"location": location, "name": resource}).decode(), "requestbody": ""},
        }
        return time, "azure_activity", encode(fields)


class Okta:
    """The System Log."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def event(self, time: int, user: str, where: Where, kind: str, *, result: str = "SUCCESS", reason: str | None = None) -> Record:
        """One of somebody's."""
        fields = {
            "actor": {"id": f"00u{user}", "type": "User", "alternateId": user, "displayName": user.partition("@")[0]},
            "client": {"userAgent": {"rawUserAgent": where.agent}, "ipAddress": where.address, "device": "Computer"},
            "authenticationContext": {"externalSessionId": where.session, "rootSessionId": where.session},
            "eventType": kind,
            "outcome": {"result": result, "reason": reason},
            "published": seconds(time) + ".000Z",
            "uuid": self._ids.next(),
            "severity": "INFO",
            "target": [{"id": "0oa1", "type": "AppInstance", "alternateId": "Wiki", "displayName": "Wiki"}],
        }
        return time, "okta", encode(fields)


class EntraApps:
    """Sign-ins of service principals (`ServicePrincipalSignInLogs`)."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def sign_in(self, time: int, app: str, where: Where, *, code: str = "0") -> Record:
        """An application gets a token."""
        properties = {
            "id": self._ids.next(),
            "createdDateTime": seconds(time) + "Z",
            "appId": f"app-{app}",
            "servicePrincipalId": f"sp-{app}",
            "servicePrincipalName": app,
            "ipAddress": where.address,
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": "00000003-0000-0000-c000-000000000000",
            "status": {"errorCode": int(code)},
        }
        fields = {
            "time": seconds(time) + "Z",
            "category": "ServicePrincipalSignInLogs",
            "operationName": "Sign-in activity",
            "tenantId": TENANT,
            "resultType": code,
            "callerIpAddress": where.address,
            "properties": properties,
        }
        return time, "entra", encode(fields)
