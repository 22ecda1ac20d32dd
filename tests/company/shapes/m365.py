"""Records of Microsoft 365's unified audit log (Office 365 Management Activity API schema)."""

from typing import Any

from company.shapes.written import TENANT, Ids, Record, Where, encode, pairs, seconds

MAILBOX_READ = 50
_HOST = "https://contoso.sharepoint.example"


class M365:
    """Writes them."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def _record(self, time: int, operation: str, kind: int, workload: str, user: str, fields: dict[str, Any]) -> Record:
        guest = "#ext#" in user
        record = {
            "CreationTime": seconds(time),
            "Id": self._ids.next(),
            "Operation": operation,
            "OrganizationId": TENANT,
            "RecordType": kind,
            "UserType": 10 if guest else 0,
            "Version": 1,
            "Workload": workload,
            "UserId": user,
        }
        return time, "m365", encode(record | fields)

    def sign_in(
        self,
        time: int,
        user: str,
        where: Where,
        *,
        error: str | None = None,
        number: str = "50126",
        request: str = "OAuth2:Authorize",
        application: str = "4765445b-32c6-49b0-83e6-1d93765276ca",
    ) -> Record:
        """A log on to Entra ID. error: why it failed."""
        device = {"DisplayName": where.device, "OS": "Windows10", "BrowserType": "Edge", "IsCompliant": str(where.managed)}
        device |= {"TrustType": "2"} if where.managed else {}
        named = device if where.device else {"OS": "Windows10", "BrowserType": "Other"}
        fields: dict[str, Any] = {
            "ResultStatus": "Success",
            "UserKey": user,
            "ClientIP": where.address,
            "ActorIpAddress": where.address,
            "ObjectId": "00000003-0000-0000-c000-000000000000",
            "AzureActiveDirectoryEventType": 1,
            "ExtendedProperties": pairs(
                {"ResultStatusDetail": "UserError" if error else "Success", "UserAgent": where.agent, "RequestType": request}
            ),
            "ModifiedProperties": [],
            "Actor": [{"ID": user, "Type": 5}],
            "Target": [{"ID": "00000003-0000-0000-c000-000000000000", "Type": 0}],
            "ApplicationId": application,
            "DeviceProperties": pairs(named | ({"SessionId": where.session} if where.session else {})),
            "ErrorNumber": number if error else "0",
        }
        if error:
            fields["LogonError"] = error
        return self._record(time, "UserLoginFailed" if error else "UserLoggedIn", 15, "AzureActiveDirectory", user, fields)

    def file(
        self, time: int, user: str, where: Where, operation: str, path: str, *, kind: int = 6, own: bool = False, **more: Any
    ) -> Record:
        """What somebody does to a file. path: site, folders and name. own: in OneDrive. more: fields of the record."""
        site, _, rest = path.partition("/")
        folder, _, name = rest.rpartition("/")
        address = f"{_HOST}/{'personal' if own else 'sites'}/{site}"
        fields = {
            "UserKey": f"i:0h.f|membership|{user}",
            "ClientIP": where.address,
            "ObjectId": f"{address}/{rest}",
            "AuthenticationType": "OAuth",
            "EventSource": "SharePoint",
            "ItemType": "File",
            "UserAgent": where.agent,
            "SiteUrl": address + "/",
            "SourceFileName": name,
            "SourceRelativeUrl": folder,
            "SourceFileExtension": name.rpartition(".")[2],
            "AppAccessContext": {"AADSessionId": where.session},
        }
        return self._record(time, operation, kind, "OneDrive" if own else "SharePoint", user, fields | more)

    def mail(self, time: int, user: str, where: Where, operation: str, *, owner: str | None = None, items: int = 1, **more: Any) -> Record:
        """What somebody does in a mailbox. owner: whose it is, if another's."""
        foreign = owner is not None and owner != user
        fields = {
            "ResultStatus": "Succeeded",
            "UserKey": user,
            "ClientIPAddress": where.address,
            "ClientInfoString": where.agent if where.agent.startswith("Client=") else f"Client=OWA;{where.agent};",
            "ExternalAccess": False,
            "InternalLogonType": 0,
            "LogonType": 2 if foreign else 0,
            "MailboxOwnerUPN": owner or user,
            "OrganizationName": "contoso.onmicrosoft.example",
            "AppAccessContext": {"AADSessionId": where.session},
            "SessionId": where.session,
        }
        if operation == "MailItemsAccessed":
            fields |= {"OperationCount": items, "OperationProperties": pairs({"MailAccessType": "Bind", "IsThrottled": "False"})}
        elif operation in ("Send", "SendAs", "SendOnBehalf", "Create", "Update"):
            fields["Item"] = {
                "Subject": f"Note {time % 9973}",
                "InternetMessageId": f"<{time}.{user}>",
                "ParentFolder": {"Path": "\\Drafts"},
            }
        else:
            affected = [{"Subject": f"Note {time % 9973 + n}", "InternetMessageId": f"<{time}.{n}.{user}>"} for n in range(items)]
            fields |= {
                "AffectedItems": affected,
                "Folder": {"Path": "\\Deleted Items" if operation != "Move" else "\\Inbox", "Id": "LgAAAA"},
            }
        return self._record(time, operation, MAILBOX_READ if operation == "MailItemsAccessed" else 2, "Exchange", user, fields | more)

    def cmdlet(self, time: int, user: str, where: Where, operation: str, about: str, parameters: dict[str, str], kind: int = 1) -> Record:
        """A command of Exchange's or of the compliance centre."""
        fields = {
            "ResultStatus": "True",
            "UserKey": user,
            "ClientIP": f"{where.address}:41222" if ":" not in where.address else f"[{where.address}]:41222",
            "ObjectId": about,
            "ExternalAccess": False,
            "OrganizationName": "contoso.onmicrosoft.example",
            "Parameters": pairs(parameters),
            "AppAccessContext": {"AADSessionId": where.session},
        }
        workload = "SecurityComplianceCenter" if kind == 18 else "Exchange"
        own = operation.endswith("InboxRule") and about == user
        return self._record(time, operation, kind, workload, user, fields | {"UserType": 0 if own else 2})

    def directory(
        self, time: int, user: str, where: Where, operation: str, about: str, kind: str = "User", changed: dict[str, str] | None = None
    ) -> Record:
        """A change of Entra ID. about: the name of what is changed; changed: its new properties."""
        target = [{"ID": f"{kind}_{about}", "Type": 2}, {"ID": about, "Type": 5 if kind == "User" else 1}, {"ID": kind, "Type": 2}]
        fields = {
            "ResultStatus": "Success",
            "UserKey": user,
            "ObjectId": about,
            "ActorIpAddress": where.address,
            "ClientIP": where.address,
            "AzureActiveDirectoryEventType": 1,
            "ExtendedProperties": pairs({"additionalDetails": encode({"User-Agent": where.agent}).decode()}),
            "ModifiedProperties": [{"Name": name, "NewValue": value, "OldValue": ""} for name, value in (changed or {}).items()],
            "Actor": [{"ID": user, "Type": 5}],
            "Target": target,
        }
        return self._record(time, operation, 8, "AzureActiveDirectory", user, fields)

    def power_bi(self, time: int, user: str, where: Where, operation: str, report: str, to: str | None = None) -> Record:
        """Something done with a report."""
        shared = [{"RecipientEmail": to, "RecipientName": to, "ResharePermission": "ReadReshare"}] if to else []
        fields = {
            "UserKey": user,
            "ClientIP": where.address,
            "UserAgent": where.agent,
            "Activity": operation,
            "ItemName": report,
            "ObjectId": report,
            "ReportName": report,
            "WorkSpaceName": "Figures",
            "IsSuccess": True,
            "SharingInformation": shared,
        }
        return self._record(time, operation, 20, "PowerBI", user, fields)
