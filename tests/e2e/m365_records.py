"""Synthetic Microsoft 365 audit records: the same seed gives the same bytes.

Shapes, sizes and the mix of workloads follow what a tenant of a few thousand people exports: log ons, file operations,
mailbox and administrator's operations, Teams. The mean record has 1.6 KB.

Run as a program it writes a file: `python m365_records.py 200000 big.ndjson`.
"""

import json
import random
import sys
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

START = 1_780_000_000_000
"""28 May 2026: where the records' time begins, in milliseconds."""
TENANT = "5a3d9c6e-2f0b-4b7e-9c1d-8e6f4a2b1c0d"
DOMAIN = "contoso.example"
MINUTE, HOUR = 60_000, 3_600_000

Stamped = tuple[int, bytes]
"""When it happened (milliseconds), and the line without its line feed."""

USERS = [
    f"{first}.{last}{n}@{DOMAIN}"
    for n in range(20)
    for first in ["ann", "bob", "cem", "dia", "eve", "fay", "gil", "hal", "ivy", "jan"]
    for last in ["arp", "bell", "cole", "dahl", "eko", "fuchs", "gray", "holt", "ito", "juhl"]
]

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
_SYSTEMS = ["Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "Windows NT 6.1; Win64; x64"]
AGENTS = [
    *(_CHROME.format(system, version) for system in _SYSTEMS for version in (109, 118, 132, 139, 140)),
    *(_CHROME.format(_SYSTEMS[0], version) + f" Edg/{version}.0.0.0" for version in range(130, 141)),
    *(f"Mozilla/5.0 ({system}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0" for system in _SYSTEMS[:2] for v in (115, 128, 140, 141)),
    *(
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {v}_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
        for v in (15, 17, 18)
    ),
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
    "Microsoft Office/16.0 (Windows NT 10.0; 16.0.17928; Pro)",
    "Microsoft SkyDriveSync 25.040.0302.0001 ship; Windows NT 10.0 (19045)",
    "OneDriveMpc-Transform_Thumbnail/1.0",
    "python-requests/2.32.3",
    "MSWACONSync",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
]
ADMIN_OPERATIONS = [
    "Set-Mailbox",
    "New-InboxRule",
    "Set-InboxRule",
    "Add-MailboxPermission",
    "Set-User",
    "New-TransportRule",
    "Set-CASMailbox",
    "Set-OwaMailboxPolicy",
    "Remove-InboxRule",
    "Add-DistributionGroupMember",
    "Set-MailboxFolderPermission",
    "New-Mailbox",
]
FILE_OPERATIONS = (
    ["FileAccessed"] * 8
    + ["FileModified"] * 4
    + ["FileDownloaded"] * 3
    + ["FileUploaded"] * 2
    + [
        "FilePreviewed",
        "FileSyncDownloadedFull",
        "FileRenamed",
        "FileMoved",
        "FileDeleted",
        "FolderCreated",
        "SharingSet",
        "AnonymousLinkCreated",
    ]
)
MAIL_OPERATIONS = ["MailItemsAccessed"] * 6 + ["Send", "Update", "Create", "MoveToDeletedItems", "SoftDelete", "HardDelete", "SendAs"]


class Tenant:
    """Makes the records of one organization. The generator's own `random` is all the chance there is."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.addresses = [self._address(n) for n in range(5000)]

    def _address(self, number: int) -> str:
        if number % 12 == 0:
            return f"2a02:{self.random.randrange(65536):x}:{self.random.randrange(65536):x}::{number:x}"
        return ".".join(str(self.random.randrange(1, 224 if part == 0 else 255)) for part in range(4))

    def guid(self) -> str:
        """A new one at every call."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def user(self) -> str:
        """Some are much busier than others."""
        return USERS[int(len(USERS) * self.random.random() ** 2)]

    def address(self) -> str:
        """Likewise."""
        return self.addresses[int(len(self.addresses) * self.random.random() ** 2)]

    def agent(self) -> str:
        """One of fifty."""
        return AGENTS[int(len(AGENTS) * self.random.random() ** 2)]

    def any(self, moment: int) -> bytes:
        """A record of any workload, in the usual mix."""
        return _line(self.random.choices(_KINDS, _WEIGHTS)[0](self, moment))

    def log_on(self, moment: int) -> dict:
        """Entra ID; one in twenty fails."""
        return self.sign_in(moment, self.user(), failed=self.random.random() < 0.05)

    def sign_in(self, moment: int, user: str, *, failed: bool, address: str | None = None) -> dict:
        """A log on of this user."""
        address, key, target = address or self.address(), self.guid(), self.guid()
        return (
            self._common(moment, "UserLoginFailed" if failed else "UserLoggedIn", 15, "AzureActiveDirectory", user)
            | {
                "ResultStatus": "Success",
                "UserKey": key,
                "ClientIP": address,
                "ObjectId": target,
                "AzureActiveDirectoryEventType": 1,
                "ExtendedProperties": [
                    {"Name": "ResultStatusDetail", "Value": "UserError" if failed else "Success"},
                    {"Name": "UserAgent", "Value": self.agent()},
                    {"Name": "RequestType", "Value": "Login:login" if failed else "OAuth2:Authorize"},
                ],
                "ModifiedProperties": [],
                "Actor": [{"ID": key, "Type": 0}, {"ID": user, "Type": 5}],
                "ActorContextId": TENANT,
                "ActorIpAddress": address,
                "InterSystemsId": self.guid(),
                "IntraSystemId": self.guid(),
                "SupportTicketId": "",
                "Target": [{"ID": target, "Type": 0}],
                "TargetContextId": TENANT,
                "ApplicationId": self.guid(),
                "DeviceProperties": [
                    {"Name": "DisplayName", "Value": f"DESKTOP-{self.random.randrange(16**7):07X}"},
                    {"Name": "OS", "Value": "Windows10"},
                    {"Name": "BrowserType", "Value": "Edge"},
                    {"Name": "IsCompliant", "Value": "True"},
                    {"Name": "IsCompliantAndManaged", "Value": "True"},
                    {"Name": "TrustType", "Value": "2"},
                ],
                "ErrorNumber": "50126" if failed else "0",
            }
            | ({"LogonError": "InvalidUserNameOrPassword"} if failed else {})
        )

    def file_operation(self, moment: int) -> dict:
        """SharePoint or OneDrive."""
        return self.file_action(moment, self.user(), self.random.choice(FILE_OPERATIONS))

    def file_action(self, moment: int, user: str, operation: str) -> dict:
        """What this user does to some file."""
        workload = self.random.choice(("SharePoint", "OneDrive"))
        site = f"https://contoso{'-my' if workload == 'OneDrive' else ''}.sharepoint.example/sites/team{self.random.randrange(300)}"
        folder = f"Shared Documents/Projects/{self.random.randrange(2000)}/Deliverables and notes"
        name = f"Quarterly report {self.random.randrange(100_000)}.docx"
        return self._common(moment, operation, 6, workload, user) | {
            "UserKey": f"i:0h.f|membership|1003{self.random.getrandbits(48):012x}@live.com",
            "ClientIP": self.address(),
            "ObjectId": f"{site}/{folder}/{name}",
            "AuthenticationType": "OAuth",
            "BrowserName": "Edge",
            "BrowserVersion": "140.0.0.0",
            "CorrelationId": self.guid(),
            "EventSource": "SharePoint",
            "IsManagedDevice": False,
            "ItemType": "File",
            "ListItemUniqueId": self.guid(),
            "Platform": "WinDesktop",
            "Site": self.guid(),
            "UserAgent": self.agent(),
            "WebId": self.guid(),
            "DeviceDisplayName": self.address(),
            "HighPriorityMediaProcessing": False,
            "ListBaseType": 1,
            "ListServerTemplate": 101,
            "SourceFileExtension": "docx",
            "SiteUrl": site + "/",
            "SourceFileName": name,
            "SourceRelativeUrl": folder,
            "ApplicationDisplayName": "Microsoft Office",
            "FileSizeBytes": self.random.randrange(10_000_000),
        }

    def mailbox(self, moment: int) -> dict:
        """Exchange: what happens to messages."""
        user, operation = self.user(), self.random.choice(MAIL_OPERATIONS)
        messages = [
            {
                "InternetMessageId": f"<{self.guid()}@EURP190MB1234.EURP190.PROD.OUTLOOK.COM>",
                "SizeInBytes": 34567,
                "Id": "RgAAAAD" + self.guid().replace("-", "") * 2,
            }
            for _ in range(self.random.randrange(1, 5))
        ]
        return self._common(moment, operation, 50 if operation == "MailItemsAccessed" else 2, "Exchange", user) | {
            "ResultStatus": "Succeeded",
            "UserKey": f"1003{self.random.getrandbits(48):012X}",
            "ClientIPAddress": self.address(),
            "ClientInfoString": "Client=OutlookService;Outlook-Android/2.0;"
            if self.random.random() < 0.3
            else f"Client=OWA;{self.agent()};",
            "AppId": self.guid(),
            "ExternalAccess": False,
            "InternalLogonType": 0,
            "LogonType": 0,
            "LogonUserSid": f"S-1-5-21-1376570662-3565232716-1187618197-{self.random.randrange(10**8)}",
            "MailboxGuid": self.guid(),
            "MailboxOwnerSid": "S-1-5-21-1376570662-3565232716-1187618197-25622879",
            "MailboxOwnerUPN": user,
            "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}],
            "OrganizationName": "contoso.onmicrosoft.com",
            "OriginatingServer": "VI1PR04MB6046 (15.20.8977.033)\r\n",
            "Folders": [{"FolderItems": messages, "Id": "LgAAAABpp3Zb6g" + self.guid() * 2, "Path": "\\Inbox"}],
            "OperationCount": len(messages),
        }

    def exchange_admin(self, moment: int) -> dict:
        """Cmdlets."""
        operation, identity = self.random.choice(ADMIN_OPERATIONS), f"EURPR04A009.PROD.OUTLOOK.COM/contoso.onmicrosoft.com/{self.user()}"
        parameters = {
            "Identity": identity,
            "Force": "True",
            "IssueWarningQuota": "90 GB (96,636,764,160 bytes)",
            "SCLJunkEnabled": "False",
            "RecoverableItemsQuota": "30 GB (32,212,254,720 bytes)",
            "ProhibitSendReceiveQuota": "99 GB (106,300,440,576 bytes)",
            "HiddenFromAddressListsEnabled": "True",
            "User": self.user(),
            "AccessRights": "FullAccess",
        }
        if self.random.random() < 0.02:
            parameters["ForwardTo"] = f"drop{self.random.randrange(100)}@elsewhere.example"
        return self._common(moment, operation, 1, "Exchange", USERS[self.random.randrange(20)], 2) | {
            "ResultStatus": "True",
            "UserKey": f"1003{self.random.getrandbits(48):012X}",
            "ClientIP": f"{self.address()}:{self.random.randrange(1024, 65535)}",
            "ObjectId": identity,
            "AppId": self.guid(),
            "ExternalAccess": False,
            "OrganizationName": "contoso.onmicrosoft.com",
            "OriginatingServer": "DB6PR04MB3206 (15.20.8977.033)",
            "Parameters": [{"Name": name, "Value": value} for name, value in parameters.items()],
            "RequestId": self.guid(),
            "SessionId": self.guid(),
        }

    def teams(self, moment: int) -> dict:
        """Teams, and what else there is."""
        operation = self.random.choice(
            ("TeamsSessionStarted", "MessageSent", "MemberAdded", "ChannelAdded", "AppInstalled", "MessageUpdated")
        )
        return self._common(moment, operation, 25, "MicrosoftTeams", self.user()) | {
            "UserKey": self.guid(),
            "ClientIP": self.address(),
            "CommunicationType": "Team",
            "TeamGuid": f"19:{self.guid()}@thread.tacv2",
            "TeamName": f"Project {self.random.randrange(500)}",
            "ChannelName": "General",
            "AADGroupId": self.guid(),
            "ItemName": "General",
            "Members": [{"DisplayName": user.split("@")[0], "Role": 1, "UPN": user} for user in (self.user(), self.user())],
            "ExtraProperties": [{"Key": "UserAgent", "Value": self.agent()}, {"Key": "TimeZone", "Value": "Europe/Oslo"}],
            "MessageId": str(moment),
        }

    def _common(self, moment: int, operation: str, kind: int, workload: str, user: str, user_type: int = 0) -> dict:
        return {
            "AppAccessContext": {
                "ClientAppId": self.guid(),
                "ClientAppName": "Microsoft Office",
                "CorrelationId": self.guid(),
                "UniqueTokenId": self.guid()[:22],
            },
            "CreationTime": datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "Id": self.guid(),
            "Operation": operation,
            "OrganizationId": TENANT,
            "RecordType": kind,
            "UserType": user_type,
            "Version": 1,
            "Workload": workload,
            "UserId": user,
        }


_KINDS: list[Callable[[Tenant, int], dict]] = [Tenant.log_on, Tenant.file_operation, Tenant.mailbox, Tenant.exchange_admin, Tenant.teams]
_WEIGHTS = [30, 35, 15, 10, 10]


def stream(number: int, *, seed: int = 1, start: int = START, span: int = 24 * HOUR) -> list[Stamped]:
    """So many records in order of their time, evenly over the span."""
    tenant = Tenant(seed)
    return [(moment := start + span * n // number, tenant.any(moment)) for n in range(number)]


def lines(number: int, *, seed: int = 1) -> list[bytes]:
    """The records alone."""
    return [line for _, line in stream(number, seed=seed)]


def failed_log_ons(user: str, moment: int, *, number: int = 30, within: int = MINUTE, seed: int = 0) -> list[Stamped]:
    """A burst: one user fails to log on so many times within so many milliseconds."""
    tenant = Tenant(seed)
    times = (moment + within * n // number for n in range(number))
    return [(time, _line(tenant.sign_in(time, user, failed=True, address="203.0.113.9"))) for time in times]


def download(user: str, moment: int, *, seed: int) -> bytes:
    """This user downloads a file."""
    return _line(Tenant(seed).file_action(moment, user, "FileDownloaded"))


def arrive_late(records: Iterable[Stamped], *, up_to: int = HOUR, seed: int = 1) -> list[bytes]:
    """The lines in the order in which they come when each is late by up to so many milliseconds."""
    chance = random.Random(seed)
    arriving = sorted((time + chance.randrange(up_to + 1), number, line) for number, (time, line) in enumerate(records))
    return [line for _, _, line in arriving]


def with_repeats(records: list[bytes], *, share: float = 0.1, seed: int = 1) -> list[bytes]:
    """Some of the lines are there again, somewhere behind."""
    chance = random.Random(seed)
    again = [(chance.randrange(number, len(records)), line) for number, line in enumerate(records) if chance.random() < share]
    placed = sorted([*((number, 0, line) for number, line in enumerate(records)), *((number, 1, line) for number, line in again)])
    return [line for _, _, line in placed]


def identifier(line: bytes) -> str:
    """The record's id."""
    return json.loads(line)["Id"]


def _line(record: dict) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def main() -> None:
    """Write a file."""
    number, path = int(sys.argv[1]), Path(sys.argv[2])
    tenant = Tenant()
    with path.open("wb") as file:
        for n in range(number):
            file.write(tenant.any(START + 24 * HOUR * n // number) + b"\n")


if __name__ == "__main__":
    main()
