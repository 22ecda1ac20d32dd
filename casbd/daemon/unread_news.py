"""What is not read is said: each file and reason once in the log, all of it in the status."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from casbd.model.unread import Unread
from casbd.pipeline.scan import Batch

log = logging.getLogger(__name__)

MAX_LISTED = 100
"""So many are listed in the status; the others are counted."""
_MAX_LOGGED = 20
"""So many are logged one by one at a time."""
_MAX_FILES = 50_000
"""Files of which it is remembered whether a record of them could be read."""

_LEVELS = {"unread": logging.WARNING, "waiting": logging.INFO, "left_out": logging.DEBUG}


class UnreadNews:
    """Remembers what was told, and which files gave nothing but rejects.

    rejects: records that could not be read since the start, by input.
    """

    def __init__(self) -> None:
        self.rejects: Counter[str] = Counter()
        self._said: set[tuple[str, str, str]] = set()
        self._fruitless: dict[str, Unread] = {}
        self._fruitful: dict[str, None] = {}

    def read(self, batches: Iterable[Batch]) -> None:
        """These were stored."""
        for batch in batches:
            path = batch.position.path
            if batch.parsed:
                self._fruitful[path] = None
                self._fruitless.pop(path, None)
                if len(self._fruitful) > _MAX_FILES:
                    del self._fruitful[next(iter(self._fruitful))]
            elif batch.rejects and path not in self._fruitful and len(self._fruitless) < _MAX_FILES:
                before = self._fruitless.get(path) or _without_a_record(batch)
                self._fruitless[path] = msgspec.structs.replace(before, size=batch.position.offset)
            if batch.rejects:
                self.rejects[batch.input] += len(batch.rejects)

    def all(self, unread: Iterable[Unread]) -> list[Unread]:
        """What inputs find unread, and the files of which everything was rejected."""
        self._fruitless = {path: one for path, one in self._fruitless.items() if _is_there(path)}
        return [*unread, *self._fruitless.values()]

    def log(self, unread: Sequence[Unread]) -> None:
        """Say what is new; what is no longer there may be new again."""
        keys = {(one.input, one.path, one.why): one for one in unread}
        new = [one for key, one in keys.items() if key not in self._said]
        self._said = {*keys}
        for one in new[:_MAX_LOGGED]:
            log.log(_LEVELS[one.kind], "not read", extra=msgspec.structs.asdict(one))
        if len(new) > _MAX_LOGGED:
            worst = max(_LEVELS[one.kind] for one in new[_MAX_LOGGED:])
            log.log(worst, "more was not read; `casbd status` lists it", extra={"number": len(new) - _MAX_LOGGED})


def _is_there(path: str) -> bool:
    """Whether there is such a file, or an archive that it is in."""
    place = Path(path)
    return place.is_file() or any(parent.is_file() for parent in place.parents)


def _without_a_record(batch: Batch) -> Unread:
    """The rejects' reasons are not told here: they quote records, which are personal data and belong in no log."""
    return Unread(
        input=batch.input,
        path=batch.position.path,
        why="none of its records could be read",
        advice="`casbd rejects list` tells why, `casbd inputs try FILE` what other formats make of them",
    )


def to_list(unread: Iterable[Unread]) -> tuple[Unread, ...]:
    """Those that the status lists: the first of them, what matters most before the rest."""
    return tuple(sorted(unread, key=lambda one: -_LEVELS[one.kind])[:MAX_LISTED])
