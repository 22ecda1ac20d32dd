"""Rule files like those that operators write: most name an operation, an activity type or an app; few activities match.

Of a hundred, fifteen count repeated activity, and five name nothing that an index could use.
"""

from itertools import cycle, islice
from pathlib import Path

RARE = [
    "Add-RoleGroupMember",
    "Set-AdminAuditLogConfig",
    "New-TransportRule",
    "Remove-Mailbox",
    "Add member to role.",
    "Consent to application.",
    "Add owner to application.",
    "Update conditional access policy.",
    "Disable Strong Authentication.",
    "Set domain authentication.",
    "SiteCollectionAdminAdded",
    "SharingPolicyChanged",
    "AnonymousLinkCreated",
    "FileMalwareDetected",
    "TeamsTenantSettingChanged",
    "New-ManagementRoleAssignment",
    "Set-OwaMailboxPolicy",
    "New-ComplianceSearch",
    "SearchExported",
    "Hard Delete user.",
]
TYPES = ["Log on", "Download file", "Upload file", "Delete file", "Share file", "Access file", "Run command", "Send message"]
APPS = [
    "Microsoft Teams",
    "Microsoft SharePoint Online",
    "Microsoft OneDrive for Business",
    "Microsoft Exchange Online",
    "Microsoft Entra ID",
]
COUNTRIES = ["KP", "IR", "CU", "SY", "SD", "BY", "MM", "VE", "ZW", "LY"]


def _by_operation(n: int) -> str:
    extra = ["country: {neq: [NO, SE, DK]}", "user_groups: {neq: Finance}", "result: {eq: success}", "is_external_user: {eq: true}"][n % 4]
    return (
        f"filters:\n  action_type: {{eq: [{RARE[n % 20]}, {RARE[(n + 7) % 20]}]}}\n  {extra}\n  user: {{eq: [admin{n}@contoso.example]}}\n"
    )


def _by_parameter(n: int) -> str:
    operation = ["New-InboxRule", "Set-Mailbox", "Add-MailboxPermission", "Set-InboxRule"][n % 4]
    return f"filters:\n  action_type: {{eq: {operation}}}\n  raw.Parameters.ForwardTo: {{endswith: drop{n % 100}@elsewhere.example}}\n"


def _by_type(n: int) -> str:
    return (
        f"filters:\n  activity_type: {{eq: {TYPES[n % 8]}}}\n  country: {{eq: [{COUNTRIES[n % 10]}]}}\n"
        f"  ip_category: {{neq: [Corporate, VPN]}}\n" + (f"  user_groups: {{eq: Board {n % 5}}}\n" if n % 3 else "")
    )


def _by_app(n: int) -> str:
    return (
        f"filters:\n  app: {{eq: {APPS[n % 5]}}}\n  object_name: {{contains: [salaries-{n}, merger-{n}]}}\n"
        "  user_agent_tags: {neq: Robot}\n"
    )


def _anywhere(n: int) -> str:
    return [
        f"filters:\n  user: {{eq: [breakglass{n}@contoso.example]}}\n",
        f"filters:\n  ip_tags: {{eq: [Tor, list-{n}]}}\n",
        f"filters:\n  ip_address: {{cidr: [198.51.100.{n % 256}/32]}}\n",
        f"filters:\n  any_of:\n    - user_agent: {{substring: sqlmap-{n}}}\n    - user_agent: {{matches: 'nikto/{n}\\.[0-9]+'}}\n",
        f"filters:\n  is_impersonated: {{eq: true}}\n  user: {{startswith: svc-{n}-}}\n",
    ][n % 5]


REPEATED = [
    ("Failed log on", "", 10, "5m", ""),
    ("Download file", "", 50, "10m", "  unique: object_id\n"),
    ("Delete file", "", 30, "15m", ""),
    ("Failed log on", "", 20, "5m", "  by: ip_address\n  unique: user\n"),
    ("Share file", "", 20, "1h", ""),
    ("Create inbox rule", "", 3, "1h", ""),
    ("Purge messages", "", 50, "10m", ""),
    ("Reset password", "", 5, "1h", ""),
    ("Add permission to mailbox", "", 5, "1h", ""),
    ("Download file", "  ip_category: {eq: Risky}\n", 5, "10m", ""),
    ("Upload file", "  country: {eq: [KP, IR, SY]}\n", 3, "1d", ""),
    ("Access mail items", "  is_impersonated: {eq: true}\n", 100, "1h", ""),
    ("Add member to group", "  is_external_user: {eq: true}\n", 3, "1h", ""),
    ("Delete user", "", 3, "10m", ""),
    ("Log on", "  user_agent_tags: {eq: Robot}\n", 30, "1h", "  by: [user, ip_address]\n"),
]


def _repeated(n: int) -> str:
    activity, more, count, within, by = REPEATED[n % len(REPEATED)]
    count += n // len(REPEATED)
    return f"filters:\n  activity_type: {{eq: {activity}}}\n{more}match:\n  repeated: {count}\n  within: {within}\n{by}"


_MIX = [_by_operation] * 35 + [_by_type] * 20 + [_repeated] * 15 + [_by_app] * 15 + [_by_parameter] * 10 + [_anywhere] * 5


def write(directory: Path, number: int = 100) -> None:
    """So many rule files, numbered, of all kinds; the first repeated one is "ten failed log ons of a user in five minutes"."""
    directory.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for position, filters in enumerate(islice(cycle(_MIX[:: max(1, len(_MIX) // number)]), number)):
        n = counts.get(filters.__name__, 0)
        counts[filters.__name__] = n + 1
        kind = filters.__name__.strip("_").replace("_", " ")
        head = (
            f"name: Policy {position} {kind}\n"
            f"description: >-\n  Watches for something that this organization wants to know about ({kind}, number {n}).\n"
            f"severity: {['low', 'medium', 'high'][position % 3]}\ncategory: threat_detection\n"
        )
        (directory / f"p{position:04d}-{kind.replace(' ', '-')}.yaml").write_text(head + filters(n) + "tags: [attack.t1110, own]\n")
