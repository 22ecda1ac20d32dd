"""Pseudonyms in the place of users and addresses: the same ones for the same key, so that what belongs together stays so.

Who has the key can find out whose a pseudonym is, by making those of everybody; nobody else can.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Collection, Sequence
from copy import copy
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.pseudonyms.identities import ADDRESS, EMAIL_SIGNS, is_version, unescaped
from casbd.pseudonyms.name_finding import Names, names_of
from casbd.pseudonyms.replacing import in_record, in_text
from casbd.records import addresses
from casbd.remembered import Remembered

if TYPE_CHECKING:
    from casbd.config.privacy import Replaced
    from casbd.plugins import Item  # with pydantic: long to load for most commands

USER = re.compile("user-[a-z2-7]{16}")
"""A user's pseudonym; a name that is written so is taken for one."""
_ACTOR = ("user", "user_id", "user_display_name")
_KEPT = frozenset(
    {
        *("activity_id", "activity_type", "action_type", "app", "user_domain", "ip_tags", "country", "city", "isp", "user_agent_tags"),
        *("browser", "browser_version", "os", "os_version", "device_tags", "object_type", "source", "input", "matched_policies"),
    }
)
"""Texts that name nobody, by what they are."""
_TEXTS = tuple(
    field.name
    for field in FIELDS.values()
    if field.kind in ("text", "list") and field.name not in {*_KEPT, *_ACTOR, "ip_address", "object_id", "object_name", "raw"}
)


class Identities(NamedTuple):
    """Who is named in a text. names: pairs of a name and the pseudonym in its place. ip: an address that is one even after `word/`."""

    names: tuple[tuple[str, str], ...] = ()
    ip: str | None = None


NOBODY = Identities()


class Pseudonyms:
    """fields: what is replaced; nothing, and everything stays as it is. made: called with each identity and its pseudonym.

    A user's is `user-` and 80 bits as letters and digits; an address's is an IPv6 address in a private network (RFC 4193) that is the
    key's own, and by which it is known as a pseudonym. Pseudonyms themselves stay as they are.
    """

    def __init__(self, fields: Collection[Replaced], key: bytes, made: Callable[[str, str], object] = lambda *_: None) -> None:
        self._key = key
        self._made = made
        self._network = b"\xfd" + self._digest("network")[:5]
        self._users = Remembered(self._new_user, 50_000) if "user" in fields else None
        self._addresses = Remembered(self._new_address, 50_000) if "ip_address" in fields else None
        self._names: Remembered[tuple[tuple[str, str], ...], Names] = Remembered(
            lambda people: names_of(people, any_address="user" in fields), 5_000
        )
        self.fields = frozenset(fields)

    def reporting(self, made: Callable[[str, str], object]) -> Pseudonyms:
        """The same ones. made: called with each identity and its pseudonym."""
        return Pseudonyms(self.fields, self._key, made)

    def user(self, name: str) -> str:
        """A user's pseudonym, whatever the name's case."""
        return name if self._users is None else self._users[name]

    def address(self, ip: str) -> str:
        """An address's pseudonym; of what is no address, the text itself."""
        return ip if self._addresses is None else self._addresses[ip]

    def is_pseudonym(self, text: str) -> bool:
        """Whether a text is the pseudonym of a user or an address."""
        if "user" in self.fields and USER.fullmatch(text):
            return True
        return "ip_address" in self.fields and ":" in text and (ip := addresses.parse(text).ip) is not None and self._is_own(ip)

    def activity(self, activity: Activity) -> Activity:
        """The activity without the actor's and other users' names, and without addresses; another object where anything is replaced."""
        if not self.fields:
            return activity
        new = copy(activity)
        own = next((name for field in _ACTOR if (name := getattr(activity, field))), None)
        for field in _ACTOR:
            if own is not None and getattr(activity, field) is not None:
                setattr(new, field, self.user(own) if self._users is not None else getattr(activity, field))
        if activity.ip_address is not None:
            new.ip_address = self.address(activity.ip_address)
        identities = self.identities(activity)
        for field in _TEXTS:
            value = getattr(activity, field)
            if value:
                changed = self.text(value, identities) if isinstance(value, str) else tuple(self.text(one, identities) for one in value)
                setattr(new, field, changed)
        new.objects = tuple(self._object(thing, identities) for thing in activity.objects)
        new.object_id = activity.object_id and self.text(activity.object_id, identities)
        new.object_name = activity.object_name and self.text(activity.object_name, identities)
        new.raw = self.record(activity.raw, identities)
        return new

    def alert(self, alert: Alert) -> Alert:
        """The alert with its user, its address and its texts replaced."""
        if not self.fields:
            return alert
        others = (pair for name in alert.named for pair in self._of_person(name))
        identities = Identities((*self._of_person(alert.user), *others), alert.ip_address)
        return replace(
            alert,
            user=alert.user and self.user(alert.user),
            ip_address=alert.ip_address and self.address(alert.ip_address),
            app_instance=alert.app_instance and self.text(alert.app_instance, identities),
            title=self.text(alert.title, identities),
            description=self.text(alert.description, identities),
            comment=alert.comment and self.text(alert.comment, identities),
            evidence=self.text(alert.evidence, identities),
            named=tuple(map(self.user, alert.named)),
        )

    def command(self, command: GovernanceCommand) -> GovernanceCommand:
        """The governance command with its target and its texts replaced."""
        if not self.fields:
            return command
        identities = Identities(self._of_person(command.target, command.target, *filter(None, [command.user_id])))
        return replace(
            command,
            target=self.user(command.target),
            user_id=command.user_id and self.user(command.user_id),
            app_instance=command.app_instance and self.text(command.app_instance, identities),
            reason=self.text(command.reason, identities),
            error=command.error and self.text(command.error, identities),
            request=self.text(command.request, identities),
            answer=self.text(command.answer, identities),
            restore=command.restore and self._values(command.restore, identities),
            message=self.text(command.message, identities),
            recipients=tuple(map(self.user, command.recipients)),
        )

    def every(self, items: Sequence[Item]) -> Sequence[Item]:
        """What an output gets."""
        if not self.fields:
            return items
        return [self.activity(i) if isinstance(i, Activity) else self.alert(i) if isinstance(i, Alert) else self.command(i) for i in items]

    def value(self, field: str, value: object) -> object:
        """The value of one of an activity's fields, without the rest of the activity."""
        if not isinstance(value, str) or field in _KEPT:
            return value
        if field in _ACTOR:
            return self.user(value)
        return self.address(value) if field == "ip_address" else self.text(value)

    def values_of(self, activity: Activity, value: Any) -> Any:
        """Values that were taken from an activity, lists and mappings of such included."""
        return self._values(value, self.identities(activity))

    def _values(self, value: Any, identities: Identities) -> Any:
        if isinstance(value, list | tuple):
            return [self._values(one, identities) for one in value]
        if isinstance(value, dict):
            return {key: self._values(one, identities) for key, one in value.items()}
        return self.text(value, identities) if isinstance(value, str) and self.fields else value

    def record(self, raw: str, identities: Identities = NOBODY) -> str:
        """An exported record: JSON stays JSON."""
        if not self.fields:
            return raw
        whole = self._names[identities.names].whole

        def replaced(text: str) -> str:
            return self.text(text, identities) if not text.isdecimal() or text in whole else text

        return in_record(raw, lambda text: self.text(text, identities), replaced)

    def text(self, text: str, identities: Identities = NOBODY) -> str:
        """Any text: the given names, wherever they stand as words, what looks like an e-mail address, and IP addresses; escaped or not."""
        return in_text(text, lambda part: self._as_written(part, identities)) if self.fields else text

    def _as_written(self, text: str, identities: Identities) -> str:
        names = self._names[identities.names]
        folded = text.casefold()
        if text.isalnum() or text.isidentifier() or folded in names.whole:  # one word, most often
            return names.whole.get(folded, text)
        pattern, others = names.finder_at if any(sign in folded for sign in EMAIL_SIGNS) else names.finder
        if others:
            text = pattern.sub(lambda match: others[(match.lastindex or 1) - 1] or self.user(unescaped(match[0])), text)
        if self._addresses is None:
            return text
        return ADDRESS.sub(
            lambda match: match[0] if is_version(match) and match[0] != identities.ip else self._address_within(match[0]), text
        )

    def _object(self, thing: ActivityObject, identities: Identities) -> ActivityObject:
        return ActivityObject(
            thing.id and self.text(thing.id, identities), thing.name and self.text(thing.name, identities), thing.type, thing.role
        )

    def identities(self, activity: Activity) -> Identities:
        """All who are named in an activity; the actor first, who may be named as an object too."""
        actor = [name for field in _ACTOR if (name := getattr(activity, field))]
        pseudonyms = dict(self._of_person(*actor[:1], *actor))
        things = [thing for thing in activity.objects if thing.type in ("User", "Account")]
        if activity.object_type in ("User", "Account"):
            things.append(ActivityObject(activity.object_id, activity.object_name))
        for thing in things:
            names = sorted(filter(None, (thing.name, thing.id)), key=lambda name: "@" not in name)
            for name, pseudonym in self._of_person(*names[:1], *names):
                pseudonyms.setdefault(name, pseudonym)
        return Identities(tuple(pseudonyms.items()), activity.ip_address)

    def _of_person(self, person: str | None = None, *names: str) -> tuple[tuple[str, str], ...]:
        if self._users is None or not person:
            return ()
        return tuple((name, self.user(person)) for name in (person, *names) if not self.is_pseudonym(name))

    def _address_within(self, text: str) -> str:
        written = unescaped(text)
        for candidate in (written, written.rstrip(".:"), written.lstrip(":").rstrip(".:")):
            if candidate not in ("", "::") and addresses.parse(candidate).ip is not None:
                return written.replace(candidate, self.address(candidate), 1)
        return text

    def _new_user(self, name: str) -> str:
        if USER.fullmatch(name):
            return name
        pseudonym = "user-" + b32encode(self._digest(f"user\0{name.casefold()}")[:10]).decode().lower()
        self._made(name, pseudonym)
        return pseudonym

    def _new_address(self, text: str) -> str:
        ip = addresses.parse(text).ip
        if ip is None or self._is_own(ip):
            return ip or text
        pseudonym = str(IPv6Address(self._network + self._digest(f"ip_address\0{ip}")[:10]))
        self._made(ip, pseudonym)
        return pseudonym

    def _is_own(self, ip: str) -> bool:
        return ":" in ip and IPv6Address(ip).packed.startswith(self._network)

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")


NONE = Pseudonyms((), b"")
"""Everything stays as it is."""
