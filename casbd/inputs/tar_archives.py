"""What is in a tar archive (pax of POSIX.1-2001 and GNU tar)."""

from __future__ import annotations

import tarfile
from typing import Any

from casbd.inputs.archive_contents import (
    BROKEN,
    MOST_FILES,
    MOST_LISTED,
    UNPACK,
    Entry,
    Listed,
    Opened,
    PassedOver,
    Window,
    file_in,
    is_hidden,
    too_many,
    why_broken,
)
from casbd.inputs.compression import Compressed, Plain

_MOST_TURNS = 4000
"""In which an archive is listed; MOST_LISTED is done in a tenth of them."""


BEGINNING = 1 << 17
"""Bytes that may be read in search of the first ENOUGH of a file: of each file that there is, so few milliseconds."""


_LONGEST_HEADER = 1 << 16
"""Bytes of an extended header in a tar archive: names longer than that are nobody's."""


class TarContents(Opened):
    """A tar archive, also compressed."""

    def __init__(self, source: Plain | Compressed) -> None:
        super().__init__(source)
        if isinstance(source, Compressed):
            source.keeps = 4 * _LONGEST_HEADER  # a header that was begun is read again in the next turn
        self._window = Window(source, 0, 1 << 62, _LONGEST_HEADER)
        self._archive: tarfile.TarFile | None = None
        self._listed = Listed([], [])
        self._number = self._turns = 0

    def contents(self) -> Listed:
        """See Contents."""
        self._turns += 1
        if self._turns > _MOST_TURNS:  # a header that takes more than a turn would be begun for ever
            return self._listed._replace(damage="finding out what is in it takes too long")
        try:
            return self._go_on()
        except BROKEN as error:
            return self._listed._replace(damage=self._source.damage or why_broken(error))

    def _go_on(self) -> Listed:
        if self._archive is None:
            self._archive = tarfile.open(fileobj=self._window, mode="r:", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
        while (member := self._archive.next()) is not None:
            self._archive.members = []  # type: ignore[attr-defined]  # else it keeps all of them, with headers of a megabyte each
            if problem := self._too_much(self._listed, member, self._number):
                self._listed.passed_over.append(problem)
                return self._listed
            self._number += 1
            self._add(self._listed, member)
        whole = self._window.read_at(self._archive.offset, 512) == bytes(512)
        return self._listed._replace(damage=self._source.damage or ("" if whole else "its end is missing"))

    def _too_much(self, listed: Listed, member: tarfile.TarInfo, number: int) -> PassedOver | None:
        if len(listed.entries) == MOST_FILES or number > 4 * MOST_FILES:  # headers may even lead in a circle
            return too_many()
        if self._source.compressed and member.offset_data + max(0, member.size) > MOST_LISTED:
            return "", "it holds more than 4 GiB, and what comes after them is not read", UNPACK, "unread"
        return None

    def _add(self, listed: Listed, member: tarfile.TarInfo) -> None:
        name = member.name
        if member.isdir():
            return
        if not member.isreg():
            listed.passed_over.append((name, "it is a link or a device", "", "left_out"))
        elif member.issparse():
            listed.passed_over.append((name, "it is stored with holes, which casbd does not read", UNPACK, "unread"))
        elif is_hidden(name):
            listed.passed_over.append((name, "it is hidden", "", "left_out"))
        elif member.size >= 0:
            listed.entries.append(Entry(name, member.size, member.offset_data))

    def open(self, entry: Entry) -> Any:
        """See Contents."""
        return file_in(self._source, entry.where, entry.size)
