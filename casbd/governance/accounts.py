"""Whose account it is: only that of one person is a target of governance.

The names are those that the vendors' audit logs have where nobody acted: Microsoft's "Detailed properties in the audit log"
(UserId, UserType), AWS' "CloudTrail userIdentity element", Google's "Service accounts overview", Okta's System Log API, GitHub's
"Audit log events", Microsoft's "Well-known SIDs". Where in doubt it is no person: an account suspended by mistake is worse.
"""

from __future__ import annotations

import re

from casbd.model.activity import Activity
from casbd.model.identity import LONGEST, is_odd

_KINDS = {"System": "the record's user type is System", "Application": "the record's user type is Application"}
_NAMED_BY_ADDRESS = {"m365": "Microsoft 365", "entra": "Entra ID", "google_workspace": "Google Workspace", "gcp": "Google Cloud"}
"""Formats of apps in which every person has an address; what has none there is the vendor's own."""

_NOBODY = frozenset(
    {
        "",
        "-",
        "n/a",
        "na",
        "none",
        "null",
        "(null)",
        "<null>",
        "undefined",
        "unknown",
        "not available",
        "not-found",
        "anonymous",
        "anonymous user",
        "anonymous logon",
        "nobody",
        "everyone",
        "hidden_due_to_security_reasons",
    }
)
"""What logs, and mappings of any export, have where nobody is named."""
_SYSTEMS = frozenset(
    {
        "system",
        "local system",
        "local service",
        "network service",
        "localsystem",
        "localservice",
        "networkservice",
        "root",
        "krbtgt",
        "certificate",
        "ffoservicepartneruser",
        "ghost",
        "web-flow",
        "github-actions",
        "deploy_key",
        "deploy key",
    }
)
_SYSTEM_AUTHORITIES = frozenset(
    ["nt authority", "nt service", "nt virtual machine", "sharepoint", "window manager", "font driver host", "iis apppool", "builtin"]
)
"""What stands before the `\\` of accounts that Windows, Exchange and SharePoint run as."""
_SERVICES = ["gserviceaccount.com", "boxdevedition.com", "support.onmicrosoft.com", "prod.outlook.com", "amazonaws.com", "googleapis.com"]
"""Domains in which vendors name services and their own staff."""
_SYSTEM_ADDRESSES = frozenset(("system@okta.com", "system@google.com"))

_GUID = r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?"
_SHAPES = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (rf"{_GUID}(@.*)?", "it is an object's id"),
        (r"s-1-[0-9]+(-[0-9]+)*", "it is a security identifier"),
        (r"serviceprincipal[_|].*", "it is a service principal"),
        (r"(sync_[^@]+|aad)_[0-9a-f]{12}@.*|adtoaadsyncserviceaccount@.*", "it is a directory synchronization"),
        (rf"(systemmailbox|discoverysearchmailbox|federatedemail\.|migration\.){_GUID}@.*", "it is a mailbox of Exchange itself"),
        (r"healthmailbox[0-9a-f]+@.*", "it is a mailbox of Exchange itself"),
        (r"[ic]:0.*", "it is a claim"),
        (r".*\[bot\]", "it is a bot"),
        (r"[^@]*\$(@.*)?", "it is a computer or a managed service account"),
        (r"(arn|urn|principal|principalset|system|serviceaccount|user|dbid):.*", "it is the name of a resource"),
        (r"[^@\\]*/.*", "it is a role's session or a service"),
    )
)
_GUEST = re.compile(r"_[\w-]+(\.[\w-]+)+#ext#@")
_NEVER = re.compile(r"[:;|?%&#]|[\\@]\s")
"""What is in no account's name, but for the `#EXT#` of guests: an address in it may be somebody else's."""
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")


def no_target(activity: Activity) -> str:
    """Why the user of an activity is nobody to act on; empty where it is one person's account."""
    kind = _KINDS.get(activity.user_type or "", "")
    if not kind and _was_not_found(activity):
        kind = "the app knows no such account"
    if not kind and activity.source in _NAMED_BY_ADDRESS and activity.user and "@" not in activity.user:
        kind = f"{_NAMED_BY_ADDRESS[activity.source]} names people by their address"
    return no_person(activity.user or "") or (kind and _told(activity.user or "", kind))


def no_person(name: str) -> str:
    """Why a name alone tells that it is no person's account; empty where it may be one."""
    reason = _reason(name)
    return reason and _told(name, reason)


def _told(name: str, reason: str) -> str:
    return f"{name[:LONGEST] or 'the user'} is not a person's account: {reason}"


def _reason(name: str) -> str:
    plain = name.strip().casefold()
    if plain in _NOBODY:
        return "nobody is named"
    if len(plain) > LONGEST or not plain.isprintable() or is_odd(name) or re.search(r"[<>\"*]", plain):
        return "no account has such a name"
    authority, backslash, account = plain.partition("\\")
    if plain in _SYSTEMS or plain in _SYSTEM_ADDRESSES or (backslash and (authority in _SYSTEM_AUTHORITIES or account in _SYSTEMS)):
        return "it is a system account"
    for shape, reason in _SHAPES:
        if shape.fullmatch(plain):
            return reason
    if _NEVER.search(_GUEST.sub("@", plain)):
        return "no account has such a name"
    return _of_its_domain(plain) if "@" in plain or not backslash else ""


def _of_its_domain(plain: str) -> str:
    """What the domain tells; of a name without one, whether it is a service's, or people's words for a person."""
    local, at, domain = plain.rpartition("@")
    if any(domain == service or domain.endswith(f".{service}") for service in _SERVICES):
        return "it is a service's account"
    if at:
        return "" if re.fullmatch(r"[^\s@.]([^\s@]*[^\s@.])?", local) and _DOMAIN.fullmatch(domain) else "it is no e-mail address"
    return "it is a name for people, which no app can resolve" if re.search(r"\s", plain) else ""


_UNKNOWN_TO_THE_APP = re.compile(r"50034|useraccountnotfound|no such user.*", re.IGNORECASE)
"""In `result_detail` of failed log ons: Entra ID's AADSTS50034, and Windows' 0xC0000064 and 0x6 as casbd words them."""


def _was_not_found(activity: Activity) -> bool:
    """Whether it was a try to log on to an account that is not there: the name is whatever somebody typed."""
    if activity.activity_type != "Failed log on":
        return False
    typed = activity.source == "okta" and activity.user_id is None  # the actor's id is `unknown`
    return typed or _UNKNOWN_TO_THE_APP.fullmatch(activity.result_detail or "") is not None
