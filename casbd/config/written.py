"""What casbd writes to: places in the configuration where that cannot be, and where its user may not."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from casbd.documents import Document, Where
from casbd.documents.globs import fits
from casbd.errors import Mistake
from casbd.store.database import FILE, LOCK

if TYPE_CHECKING:
    from casbd.config.settings import Settings

Place = tuple[Path, Where]
"""A path that is written to, and where the configuration names it."""


def impossible(document: Document, settings: Settings) -> Iterator[Mistake]:
    """What is wrong whoever casbd runs as, and whatever directories are still to be made."""
    for path, where in [(settings.state_dir, ("state_dir",)), *_files(document, settings)]:
        if blocking := _blocking(path):
            yield document.mistake(where, f"`{blocking}` is no directory, so nothing can be below it", at_key=False)
    if _kind(settings.state_dir) not in (None, stat.S_IFDIR):
        yield document.mistake(("state_dir",), f"`{settings.state_dir}` is no directory", at_key=False)
    seen: dict[Path, Where] = {}
    for path, where in _files(document, settings):
        if wrong := _wrong(path, settings):
            yield document.mistake(where, f"`{path}` {wrong}", at_key=False)
        if path in seen:
            first = document.place(seen[path])[0]
            yield document.mistake(where, f"`{path}` is another output's file, too (line {first})", "each has one of its own", at_key=False)
        seen.setdefault(path, where)


def doubtful(document: Document, settings: Settings) -> Iterator[Mistake]:
    """What the user of the state directory may not write to, as far as the permissions of today show.

    Nothing is said before there is a state directory, as nobody knows who casbd will be.
    """
    try:
        owner = settings.state_dir.stat().st_uid
        name = pwd.getpwuid(owner).pw_name
    except (OSError, KeyError):
        return
    for path, where in [(settings.state_dir, ("state_dir",)), *_files(document, settings)]:
        closed = _closed(path, owner)
        if closed is not None:
            hint = "who casbd is, as the state directory is this user's"
            yield document.mistake(where, f"`{closed}` may not be written to by {name}", hint, at_key=False)


def _files(document: Document, settings: Settings) -> list[Place]:
    """The files of outputs."""
    named = document.data.get("outputs")
    places: dict[str, Where] = {
        str(item.get("name")): ("outputs", index, "path")
        for index, item in enumerate(named if isinstance(named, list) else ())
        if isinstance(item, dict)
    }
    paths = ((getattr(output.options, "path", None), places.get(output.name, ("outputs",))) for output in settings.outputs)
    return [(path, where) for path, where in paths if isinstance(path, Path)]


def _wrong(path: Path, settings: Settings) -> str:
    """Why an output cannot write there; empty where it can."""
    if _kind(path) == stat.S_IFDIR:
        return "is a directory; an output writes to a file"
    if _kind(path) not in (None, stat.S_IFREG):
        return "is no regular file"
    if _is_own(path, settings.state_dir) or _is_own(path.resolve(), settings.state_dir.resolve()):
        return "is casbd's own: its store would be damaged"
    reader = next((entry.spec.name for entry in settings.inputs if fits(entry.spec.path, str(path))), None)
    return f"would be read again by the input `{reader}`" if reader else ""


def _is_own(path: Path, state_dir: Path) -> bool:
    if not path.is_relative_to(state_dir):
        return False
    from casbd.store.log import segments, swap  # long to load

    first = path.relative_to(state_dir).parts[0]
    return first in (LOCK, segments.DIRECTORY, swap.DIRECTORY) or first.startswith(FILE)


def _blocking(path: Path) -> Path | None:
    """The nearest thing above that is there, if it is no directory."""
    for above in path.parents:
        kind = _kind(above)
        if kind is not None:
            return None if kind == stat.S_IFDIR else above
    return None


def _kind(path: Path) -> int | None:
    """The type of a file; None where there is none, or nobody may look."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except OSError:
        return None


def _closed(path: Path, user: int) -> Path | None:
    """The file, or the nearest directory above that is there, if the user may not write to it; None if so, or in doubt."""
    for place in (path, *path.parents):
        try:
            status = place.stat()
        except PermissionError:
            return None
        except OSError:
            continue
        return None if _may_write(place, status, user) else place
    return None


def _may_write(path: Path, status: os.stat_result, user: int) -> bool:
    if user == 0 or _has_access_list(path):
        return True
    wanted = 0o3 if stat.S_ISDIR(status.st_mode) else 0o2
    if status.st_uid == user:
        return status.st_mode >> 6 & wanted == wanted
    if status.st_gid in _groups(user):
        return status.st_mode >> 3 & wanted == wanted
    return status.st_mode & wanted == wanted


def _groups(user: int) -> Sequence[int]:
    entry = pwd.getpwuid(user)
    return os.getgrouplist(entry.pw_name, entry.pw_gid)


def _has_access_list(path: Path) -> bool:
    """Whether more is said of a file than its mode does (acl(5))."""
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:
        return False
