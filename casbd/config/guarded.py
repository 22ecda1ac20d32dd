"""What casbd believes and runs, and everybody may change: configuration, rules, lists, keys, programs, and the directories above them.

Who may write one of them decides what casbd sees, whom it suspends, or what it runs as its user. Writing by a group is somebody's
decision and is not reported.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from casbd.documents import Document, Where
from casbd.documents.globs import fits
from casbd.documents.secrets import Secret
from casbd.errors import Mistake
from casbd.store.database import FILE, LOCK

if TYPE_CHECKING:
    from casbd.config.settings import PluginSettings, Settings

_OWN = (FILE, f"{FILE}-wal", LOCK, "segments/date=2026-01-31/1-2.parquet")
"""Files of a state directory, one of each kind."""


def open_programs(document: Document, settings: Settings) -> Iterator[Mistake]:
    """Programs of connectors that everybody may change: casbd must not run them, so it does not start."""
    for index, connector in _named(document, "connectors", settings.connectors):
        command = getattr(connector, "command", None)
        if command and (culprit := writable(Path(command[0]))):
            problem = f"`{culprit}` may be changed by everybody, and casbd would run `{command[0]}`"
            yield document.mistake(("connectors", index, "command"), problem, "chmod o-w", at_key=False)


def open_files(document: Document, settings: Settings, rules: Iterable[Path], lists: Iterable[Path]) -> Iterator[Mistake]:
    """Warnings. rules: rule directories and what is in them. lists: files that enrichers read."""
    places: list[tuple[Iterable[Path], str, Where]] = [
        ([settings.path], "the configuration", ()),
        (rules, "the rules", ("rules",)),
        (lists, "the lists", ("enrichment",) if "enrichment" in document.data else ("organization",)),
        ([settings.state_dir], "the state directory", ("state_dir",)),
    ]
    keys: list[tuple[Path, Where]] = [(secret.file, ("privacy",)) for secret in _secrets(settings.privacy) if secret.file]
    for where, options in _places(document, settings):
        keys += [(secret.file, where) for secret in _secrets(options) if secret.file]
        if key_file := getattr(options, "key_file", None):
            keys.append((key_file, (*where, "key_file")))
        if ca_file := getattr(options, "ca_file", None):
            places.append(([ca_file], "whom it trusts", (*where, "ca_file")))
    places += [([key], "a key", where) for key, where in keys]
    for paths, name, where in places:
        yield from _told(document, where, name, sorted({culprit for path in paths if (culprit := writable(path))}))
    for key, where in keys:
        if _readable(key):
            yield document.mistake(where, f"the key in `{key}` may be read by everybody", "chmod o-r")


def inputs_over_state(document: Document, settings: Settings) -> Iterator[Mistake]:
    """Warnings of inputs that ask for casbd's own files."""
    for index, entry in enumerate(settings.inputs):
        if any(fits(entry.spec.path, str(settings.state_dir / name)) for name in _OWN):
            problem = f"`{entry.spec.path}` asks for files of the state directory too, which are no exports"
            yield document.mistake(("inputs", index, "path"), problem, "give exports a directory of their own", at_key=False)


def writable(path: Path) -> Path | None:
    """The file, or the first directory on the way to it, that everybody may change; links are followed.

    A directory with the sticky bit (/tmp) is guarded as far as what is in it goes, but anybody may add to it: so not the last one.
    """
    for way in dict.fromkeys((path.absolute(), path.resolve())):
        for place in (way, *way.parents):
            try:
                mode = place.lstat().st_mode
            except OSError:
                continue
            guarded = stat.S_ISLNK(mode) or (place != way and mode & stat.S_ISVTX)
            if mode & stat.S_IWOTH and not guarded:
                return place
    return None


def _readable(path: Path) -> bool:
    way = path.resolve()
    try:
        return bool(way.stat().st_mode & stat.S_IROTH) and all(above.stat().st_mode & stat.S_IXOTH for above in way.parents)
    except OSError:
        return False


def _told(document: Document, where: Where, name: str, culprits: Sequence[Path]) -> Iterator[Mistake]:
    if culprits:
        more = f" and {len(culprits) - 1} more" if len(culprits) > 1 else ""
        yield document.mistake(where, f"everybody may change {name}: `{culprits[0]}`{more}", "chmod o-w")


def _places(document: Document, settings: Settings) -> Iterator[tuple[Where, BaseModel]]:
    """All options that may name a key, each with where it stands."""
    for section, entries in (("outputs", settings.outputs), ("connectors", settings.connectors)):
        for index, options in _named(document, section, entries):
            yield (section, index), options
    for index, person in enumerate(settings.notifications):
        yield ("notifications", index), person
    for section, one in (("mail", settings.mail), ("sms", settings.sms)):
        if one is not None:
            yield (section,), one


def _named(document: Document, section: str, entries: Sequence[PluginSettings]) -> Iterator[tuple[int, BaseModel]]:
    """Options of outputs or connectors, each with its index in the file; what is wrong there is none of them, nor what is built in."""
    written = document.data.get(section)
    index = {
        str(item.get("name")): number for number, item in enumerate(written if isinstance(written, list) else ()) if isinstance(item, dict)
    }
    for entry in entries:
        if entry.name in index:
            yield index[entry.name], entry.options


def _secrets(options: BaseModel) -> Iterator[Secret]:
    for name in type(options).model_fields:
        value = getattr(options, name, None)
        if isinstance(value, Secret):
            yield value
        elif isinstance(value, BaseModel):
            yield from _secrets(value)
