"""Looking what rule files, exceptions, lists and the configuration say, and storing what is new of it."""

from __future__ import annotations

import hashlib
import json
import pwd
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from casbd.config.place import sections
from casbd.daemon.engine import Engine
from casbd.daemon.watched import Signature, signature
from casbd.errors import Mistakes
from casbd.policies.rule_places import exception_files
from casbd.store.database import Store
from casbd.store.state import file_versions
from casbd.store.state.file_versions import Kind, Version, What

LONGEST = 64 * 1024
"""Bytes of a text that is kept; of a longer file only that it changed is known."""


class _Content(NamedTuple):
    """What a file holds. modified: milliseconds."""

    digest: bytes
    text: str | None
    owner: str | None
    modified: int


class Versions:
    """Remembers which files have not been touched: a reload reads anew only those that were."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[Path, tuple[Signature, _Content]] = {}

    def note(self, engine: Engine, now: int, *, while_stopped: bool) -> dict[str, list[str]]:
        """Store what is new, inside a transaction of the caller's; the names by kind, none where casbd looks for the first time."""
        connection = self._store.connection
        known, is_first = file_versions.digests(connection), file_versions.is_empty(connection)
        found = {(kind, name): content for kind, name, content in self._contents(engine)}
        if not any(kind == "configuration" for kind, _ in found):
            known = {one: digest for one, digest in known.items() if one[0] != "configuration"}
        changed: dict[str, list[str]] = {}
        for kind, name in sorted(known.keys() | found.keys()):
            content, before = found.get((kind, name)), known.get((kind, name))
            is_unreadable = content is None and (kind, name) in found
            if is_unreadable or (content.digest if content else None) == before:
                continue
            what: What = "first" if is_first else "removed" if content is None else "added" if before is None else "changed"
            file_versions.add(connection, _version(now, kind, name, what, content)._replace(while_stopped=while_stopped))
            if not is_first:
                changed.setdefault(kind, []).append(name)
        return changed

    def _contents(self, engine: Engine) -> Iterator[tuple[Kind, str, _Content | None]]:
        """All that there is; None for what cannot be read just now. Nothing of a configuration that cannot."""
        file = self._content(engine.settings.path, keep=False)
        for name, digest in _sections(engine).items():
            yield "configuration", name, file and file._replace(digest=digest)
        for policy in engine.policies:
            yield "policy", policy.id, self._content(policy.path, keep=True)
        for path in exception_files(engine.settings.rules):
            yield "exceptions", str(path), self._content(path, keep=True)
        for path in (path for enricher in engine.enrichers for path in enricher.files()):
            yield "list", str(path), self._content(path, keep=False)

    def _content(self, path: Path, *, keep: bool) -> _Content | None:
        """None where it cannot be read just now: who replaces it makes a reload."""
        now, (before, content) = signature(path), self._seen.get(path, (None, None))
        if now is None or now != before:
            content = _read(path, keep=keep)
            if now is not None and content is not None:
                self._seen[path] = now, content
        return content


def _read(path: Path, *, keep: bool) -> _Content | None:
    try:
        with path.open("rb") as file:
            status = path.stat()
            digest = hashlib.file_digest(file, "sha256").digest()
            file.seek(0)
            body = file.read(LONGEST + 1) if keep else b""
    except OSError:
        return None
    text = body.decode("utf-8", "replace") if keep and len(body) <= LONGEST else None
    owner = None
    with suppress(KeyError):
        owner = pwd.getpwuid(status.st_uid).pw_name
    return _Content(digest, text, owner, status.st_mtime_ns // 1_000_000)


def _version(now: int, kind: Kind, name: str, what: What, content: _Content | None) -> Version:
    if content is None:
        return Version(now, kind, name, what, False, None, None, None, None)
    return Version(now, kind, name, what, False, content.owner, content.modified, content.digest, content.text)


def _sections(engine: Engine) -> Mapping[str, bytes]:
    """The configuration's sections as they are written, each as a digest."""
    try:
        written = sections(engine.settings.path)[1]
    except Mistakes:  # it was changed since it was loaded, and is looked at when that is
        return {}
    texts = {str(name): json.dumps(body, sort_keys=True, default=str) for name, body in written.items()}
    return {name: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for name, text in texts.items()}
