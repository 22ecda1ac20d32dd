"""What is known about a person, in one archive; and forgetting it (GDPR, articles 15 and 17).

A person's own activities are those whose user it is. In what others did, and in alerts, commands, counted activities, waiting
messages and rejects, the person may be named: there the name, the ids and the full name become a pseudonym that nobody can resolve.
"""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from casbd import __version__
from casbd.activity_log.opened import Opened
from casbd.activity_log.parts import Parts
from casbd.activity_log.people import ANYWHERE, Place, is_at, people
from casbd.activity_log.reading import ActivityLog
from casbd.clock import Clock
from casbd.documents.replacing import whole
from casbd.errors import CasbdError, StoreError
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.identity import named
from casbd.personal_data.person import Person, person
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.log import columns, segment_damage, segment_files, segments
from casbd.store.log.segment_files import Rows
from casbd.store.log.segments import Segment
from casbd.store.state import personal
from casbd.wire import json_lines

if TYPE_CHECKING:
    import pyarrow as pa


class Forgotten(msgspec.Struct, frozen=True):
    """What was done. removed: own activities; renamed: activities in which the name was replaced; rows: others, by table."""

    pseudonym: str
    removed: int
    renamed: int
    rows: dict[str, int]


def export(store: Store, user: str, path: Path, clock: Clock, place: Place = ANYWHERE) -> dict[str, int]:
    """Write all that is known about a user as a ZIP archive of NDJSON files with an `index.json`; how many records each has.

    place: of several who are called so, the one of this app and instance. SeveralPeople where it leaves more than one, StoreError where
    it cannot be written.
    """
    log = ActivityLog(store)
    about = the_person(store, user, place)
    counts: Counter[str] = Counter()
    index: list[dict[str, Any]] = []
    try:
        with whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, index, counts, "activities", map(json_lines.activity, mentions(log, about)))
            for table, rows in _rows(store, about).items():
                _put(archive, index, counts, table, rows)
            contents = {
                "user": about.user,
                **_place_of(about),
                "names": about.names,
                "created": iso(clock()),
                "casbd": __version__,
                "files": index,
            }
            archive.writestr("index.json", msgspec.json.format(msgspec.json.encode(contents), indent=1) + b"\n")
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror}") from None
    return dict(counts)


class SeveralPeople(CasbdError):
    """A name that several people have, and none of them is meant more than another."""


def the_person(store: Store, user: str, place: Place = ANYWHERE) -> Person:
    """Who is called so; SeveralPeople where that are more."""
    called = people(store, user)
    meant = [one for one in called if one.is_anywhere or is_at(place, one.app, one.app_instance)]
    if len(meant) > 1:
        raise SeveralPeople(", ".join(sorted(named(one.names[0], one.app, one.app_instance) for one in meant)))
    if not meant:  # nobody's own activities: who is named by others alone
        return Person((user,), place if called else None)
    return person(ActivityLog(store), meant[0], alone=len(called) == 1)


def described(store: Store, user: str, place: Place = ANYWHERE) -> str:
    """The same for people, with the app and the instance where there are several."""
    about = the_person(store, user, place) if personal.begun(store) is None else None
    return named(about.user, *about.place) if about and about.place else user


def _place_of(about: Person) -> dict[str, str | None]:
    return dict(zip(("app", "app_instance"), about.place, strict=True)) if about.place else {}


def _put(archive: zipfile.ZipFile, index: list[dict[str, Any]], counts: Counter[str], name: str, lines: Iterable[bytes]) -> None:
    digest = hashlib.sha256()
    with archive.open(f"{name}.ndjson", "w", force_zip64=True) as file:
        for line in lines:
            file.write(line + b"\n")
            digest.update(line + b"\n")
            counts[name] += 1
    index.append({"file": f"{name}.ndjson", "records": counts[name], "sha256": digest.hexdigest()})


def _rows(store: Store, about: Person) -> dict[str, list[bytes]]:
    rows_by_table: dict[str, list[bytes]] = {}
    for table, values in personal.rows_of(store, about):
        rows_by_table.setdefault(table, []).append(json_lines.line(values))
    return rows_by_table


def mentions(log: ActivityLog, about: Person) -> Iterator[Activity]:
    """All activities in which a person is named, own ones and others', as they were stored."""
    for several in log.scan():
        for activity in several:
            if is_about(activity, about):
                yield activity


def is_about(activity: Activity, about: Person) -> bool:
    """Whether a person did it, or is named in it."""
    return is_own(activity, about) or renamed(activity, about, "") is not activity


def is_own(activity: Activity, about: Person) -> bool:
    """Whether the person did it."""
    return about.is_user(activity.user, activity.app, activity.app_instance)


_WHO = ("user", "user_id", "user_display_name", "object_id", "object_name")


def renamed(activity: Activity, about: Person, other: str) -> Activity:
    """The activity with a person's names replaced; the same object where it has none."""
    about = about.within(activity.app, activity.app_instance)

    def anew(name: str, text: str) -> str:
        if name == "raw":
            return about.record_without(text, other)
        return other if name in _WHO and about.is_named(text) else about.without(text, other)

    changes: dict[str, Any] = {}
    for field in FIELDS.values():
        value = getattr(activity, field.name)
        if not value or field.kind not in ("text", "list", "objects"):
            continue
        if field.kind == "objects":
            things = ((thing, {name: text and anew(f"object_{name}", text) for name, text in _named(thing)}) for thing in value)
            new: Any = tuple(msgspec.structs.replace(thing, **texts) for thing, texts in things)
        else:
            new = anew(field.name, value) if field.kind == "text" else tuple(anew(field.name, one) for one in value)
        if new != value:
            changes[field.name] = new
    return msgspec.structs.replace(activity, **changes) if changes else activity


def _named(thing: ActivityObject) -> tuple[tuple[str, str | None], ...]:
    return (("id", thing.id), ("name", thing.name))


def forget(
    store: Store, user: str, *, place: Place = ANYWHERE, keep: bool = False, report: Callable[[str], None] = lambda _: None
) -> Forgotten:
    """Remove a user's activities, and the name from all others and from every table; nothing is left in any file of the store.

    place: as of `export`. keep: own activities, alerts and commands stay under the pseudonym. The store is the caller's alone (it has
    the lock). Each file and each block is replaced in one transaction, and what is known of the person is noted until the end: killed at
    any point, the next time does the rest. StoreError where damaged segments are set aside, of which nobody knows what they hold, or
    somebody reads on.
    """
    if damaged := segment_damage.damaged(store):
        raise StoreError(f"damaged segments may name anybody: {damaged[0].path} ... (casbd store rebuild makes the log anew)")
    segments.remove_strays(store)
    about, pseudonym, keep = _beginning(store, user, place, keep=keep)
    counted = Counter[str]()

    def anew(activity: Activity) -> Activity | None:
        if not keep and is_own(activity, about):
            counted["removed"] += 1
            return None
        new = renamed(activity, about, pseudonym)
        counted["renamed"] += new is not activity
        return new

    for segment in segments.listed(store):
        if rows := _hits(store, segment, about):
            report(f"{segment.path.parent.name}: {len(rows)} activities")
            _rewrite(store, segment, rows, anew)
    personal.forget_in_blocks(store, anew)
    with store.transaction():
        changed = personal.forget(store, about, pseudonym, keep=keep)
        personal.note(store, None)
    personal.leave_no_trace(store)
    return Forgotten(pseudonym, counted["removed"], counted["renamed"], changed)


def _beginning(store: Store, user: str, place: Place, *, keep: bool) -> tuple[Person, str, bool]:
    """The person, the pseudonym and whether activities are kept: as the last time, where that did not come to its end."""
    begun = personal.begun(store)
    if begun is None:
        about = the_person(store, user, place)
        begun = {"names": about.names, "pseudonym": f"person-{secrets.token_hex(6)}", "keep": keep, "place": about.place}
        with store.transaction():
            personal.note(store, begun)
        return about, begun["pseudonym"], keep
    own = begun.get("place")
    about = Person(tuple(begun["names"]), tuple(own) if own else None)
    if not about.is_user(user, *(own or ANYWHERE)) or (own and not is_at(place, *own)):
        raise StoreError(f"forgetting {named(about.user, *(own or ANYWHERE))} was broken off: do that to its end first")
    return about, begun["pseudonym"], begun["keep"]


def _hits(store: Store, segment: Segment, about: Person) -> set[tuple[int, int]]:
    """The block and place of each activity in a segment that names a person."""
    with Opened([segment]) as opened:
        rows = Parts(store).places(opened, about.regex)
    return {place for table in segment_files.read(segment.path) for place, one in _some(table, rows) if is_about(one, about)}


def _some(table: pa.Table, rows: set[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Activity]]:
    """The activities of some rows, each with its block and place."""
    for number, place in enumerate(_places(table)):
        if place in rows:
            (one,) = columns.activities(table.slice(number, 1).combine_chunks().to_batches()[0])
            yield place, one


def _places(table: pa.Table) -> list[tuple[int, int]]:
    return [*zip(table[columns.BLOCK].to_pylist(), table[columns.PLACE].to_pylist(), strict=True)]


def _rewrite(store: Store, segment: Segment, rows: set[tuple[int, int]], anew: Callable[[Activity], Activity | None]) -> None:
    """A segment's file without a name, in the place of the old one."""
    others = chain.from_iterable(_without(table, rows, anew) for table in segment_files.read(segment.path))
    parts = segments.write_parts(store.directory / segments.DIRECTORY, secrets.token_hex(4), others)
    with store.transaction():
        segments.add(store, parts, segment.stored)
        gone = segments.remove(store, [segment.segment_id])
    segments.unlink(store, gone)


def _without(table: pa.Table, rows: set[tuple[int, int]], anew: Callable[[Activity], Activity | None]) -> Iterator[Rows]:
    """A row group with the activities of some rows made anew, or left out, in the same order."""
    start = 0
    for number, place in enumerate(_places(table)):
        if place in rows:
            yield Rows(table.slice(start, number - start))
            start = number + 1
            (old,) = columns.activities(table.slice(number, 1).combine_chunks().to_batches()[0])
            new = anew(old)
            if new is not None:
                yield segment_files.rows([new], *place)
    yield Rows(table.slice(start))
