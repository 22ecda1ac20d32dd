"""Who did what a Microsoft 365 audit record is about: the user, the user's id, and what kind of account the name itself shows.

One person stands there under several names: UserId is a UPN, or a GUID, PUID or SID whose UPN stands elsewhere (UserKey, Actor,
ExtendedProperties, Target, MailboxOwnerUPN). Where a record has both, `user` is the UPN and `user_id` the GUID, so that one is one.
Source: Microsoft, "Office 365 Management Activity API schema": common schema, "Azure Active Directory", "Exchange mailbox".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from casbd.formats._m365_objects import Named, principals, properties_of, targets_of
from casbd.formats._user_names import NOBODY, guid_of, is_id
from casbd.remembered import Remembered

_GUIDS_LENGTH = len(NOBODY)
UPN, NAME = 5, 1
"""Types of a principal's names."""
_IDS = (0, 2)
_ACTORS_NAMES = frozenset({"actorupn", "userprincipalname", "userupn", "upn"})
_ACTORS_IDS = frozenset({"actorobjectid", "userobjectid"})


class Who(msgspec.Struct, frozen=True, gc=False):
    """user: as an activity has it. user_type: what the name shows of it. is_id: it is an id in the place of a name."""

    user: str
    user_type: str | None
    is_id: bool


class Users:
    """Fills in who it was. unknown: Microsoft's words for "unknown", in small letters."""

    def __init__(self, unknown: frozenset[str]) -> None:
        self._unknown = unknown
        self._longest_unknown = max(map(len, unknown))
        self._names = Remembered(self._name, 50_000)

    def who(self, name: str | None) -> Who | None:
        """Whom a UserId names; None where it is unknown."""
        return self._names[name] if name else None

    def id_beside(self, who: Who, record: Any) -> str | None:
        """The `user_id` of a record whose UserId is somebody's name."""
        key = record.UserKey
        if key and (len(key) <= self._longest_unknown or key == NOBODY):
            key = self._known_key(key)
        if key and key != record.UserId and not (len(key) == len(record.UserId) and key.lower() == who.user):
            return (record.Actor and len(key) != _GUIDS_LENGTH and self._guid(record)) or key
        return self._guid(record) if record.Actor else None

    def named_elsewhere(self, who: Who | None, record: Any, *, is_owner: bool) -> tuple[Who | None, str | None]:
        """Of a record whose UserId is an id, or unknown: who it was, and `user_id`. is_owner: the mailbox's own did it."""
        own, key, user_id = who.user if who else None, self._known_key(record.UserKey), None
        identity = next((other for name in _addresses(record, own, key, is_owner) if (other := self._names[name]) and not other.is_id), who)
        if identity is None and (name := self._actor(record) or key):
            identity = self._names[name]
        if identity is None and (identifier := self._guid(record)):
            identity = Who(identifier, None, is_id=True)
        identifier = guid_of(own, key) or self._guid(record) or next((one for one in (own, key) if one and is_id(one)), key)
        if identifier and (identity is None or identity.is_id or identifier.lower() != identity.user.lower()):
            user_id = identifier
        return identity, user_id

    def _known_key(self, key: str | None) -> str | None:
        return None if key and (key == NOBODY or (len(key) <= self._longest_unknown and self._is_unknown(key))) else key

    def _actor(self, record: Any) -> str | None:
        """Entra ID: the UPN or name among the actor's identities."""
        actors = principals(record.Actor)
        for wanted in (UPN, NAME):
            for actor in actors:
                if actor.Type == wanted and actor.ID and not self._is_unknown(actor.ID):
                    return actor.ID
        return None

    def _guid(self, record: Any) -> str | None:
        """Entra ID: the GUID among the actor's identities; a service principal has that of its application as well."""
        ids = [one.ID for one in principals(record.Actor) if one.Type in _IDS and one.ID]
        whole = [prefixed[1] for one in ids if (prefixed := _PREFIXED.fullmatch(one))]
        return guid_of(*whole, *ids, *_property_values(record, _ACTORS_IDS))

    def _name(self, text: str) -> Who | None:
        """A name as an activity has it; None for blanks and Microsoft's words for "unknown"."""
        if self._is_unknown(text):
            return None
        name = text.lower()
        if "@" in name:
            user = (_CLAIM.sub("", name) or name) if name.startswith(("i:0", "urn:spo:guest#")) else name
            return Who(user, "Guest" if "#ext#" in name else None, is_id(user))
        return Who(text, "Application" if text.startswith("ServicePrincipal_") else None, is_id(text))

    def _is_unknown(self, text: str) -> bool:
        return text == NOBODY or text.isspace() or text.strip().lower() in self._unknown


def _addresses(record: Any, own: str | None, key: str | None, is_owner: bool) -> Iterator[str]:
    """Where the user's UPN may be, surest first."""
    actor = [one.ID for one in principals(record.Actor) if one.Type == UPN and one.ID]
    target = targets_of(record.Target)
    names = [key, *actor, *_property_values(record, _ACTORS_NAMES)]
    if own and any(_bare(one.ID) == _bare(own) for one in target):  # it was done to oneself
        names += [one.ID for one in target if one.Type == UPN]
    if is_owner:
        names.append(record.MailboxOwnerUPN)
    return (name for name in names if name and "@" in name)


def _property_values(record: Any, names: frozenset[str]) -> list[str]:
    """What ExtendedProperties and ExtraProperties have under such names."""
    properties = [*properties_of(record.ExtendedProperties), *properties_of(record.ExtraProperties)]
    return [one.Value for one in properties if _is_called(one, names)]


def _is_called(one: Named, names: frozenset[str]) -> bool:
    return (one.Name or one.Key or "").lower() in names and isinstance(one.Value, str)


def _bare(name: str | None) -> str:
    return (name or "").lower().removeprefix("user_")


_PREFIXED = re.compile(r"(?:User|ServicePrincipal)_(.{36})")
_CLAIM = re.compile(r"\A(?:i:0[^|]*\|(?:.*\|)?(?:urn(?::|%3a)spo(?::|%3a)guest#)?|urn:spo:guest#)")
"""What SharePoint writes before an address: `i:0#.f|membership|anna@contoso.com`, `urn:spo:guest#anna@example.com`. In small letters."""
