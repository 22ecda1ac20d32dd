"""Alerts and activities in a file, one a line: rotating by itself or by logrotate, safe against a full disk and a crash."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ByteSize, Field, model_validator

from casbd.documents.replacing import sync
from casbd.errors import Retry
from casbd.outputs._message import writer
from casbd.outputs._presets import LineOptions
from casbd.plugins import ConfigPath, Item, Options, registry


class FileOptions(LineOptions):
    """Options of the output `file`."""

    path: ConfigPath
    """The file. Folders above it are made."""
    format: Literal["cef", "leef", "json", "ocsf"] | None = Field(default=None, examples=["cef"])
    """`cef`, `leef` (of QRadar), `json` (one object a line) or `ocsf` (the same, as events of OCSF 1.5)."""
    max_size: Annotated[ByteSize, Field(ge=4096)] | None = None
    """Begin a new file where this one would grow past so much (`100MB`). Left out: never."""
    keep: int = Field(default=5, ge=0, le=1000)
    """How many older files (`.1` is the newest of them) stay when `max_size` begins a new one."""

    @model_validator(mode="after")
    def _fits_together(self) -> FileOptions:
        self.check_line()
        return self


@registry.output
class File:
    """Appends to one file. `send` returns once the disk has the lines; casbd must be the only writer of the file."""

    Options: ClassVar[type[Options]] = FileOptions
    example: ClassVar[dict[str, Any]] = {"path": "/var/log/casbd/activities.cef", "max_size": "100MB", "keep": 5}

    def __init__(self, options: FileOptions) -> None:
        self._path = options.path
        self._max_size = options.max_size
        self._keep = options.keep
        chosen = options.chosen()
        self._message = writer(chosen.format, chosen.profile, options.portal, chosen.names)
        self._file: int | None = None

    def send(self, items: Sequence[Item]) -> None:
        """Append all and wait for the disk. Retry, with none of them sent, where it did not take them."""
        data = b"".join(self._message(item) + b"\n" for item in items)
        try:
            file = self._current()
            if self._max_size and 0 < os.fstat(file).st_size > self._max_size - len(data):
                file = self._rotate()
            self._append(file, data)
        except OSError as error:
            self.close()
            raise Retry(f"{error.filename or self._path}: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _current(self) -> int:
        """The file under our path: opened anew where logrotate or a person moved or deleted the one we had."""
        if self._file is not None:
            try:
                there, ours = self._path.stat(), os.fstat(self._file)
                if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                    return self._file
            except FileNotFoundError:
                pass
            self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # O_NONBLOCK: opening a FIFO that nobody reads would hang; for a regular file it means nothing
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o640)
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise OSError(0, "is not a regular file", str(self._path))
        sync(self._path.parent)  # a new name is on the disk only when its folder is
        return self._file

    def _append(self, file: int, data: bytes) -> None:
        """All or nothing: what a full disk took of it is cut off again, so that no half line stays."""
        start = os.fstat(file).st_size
        if start and os.pread(file, 1, start - 1) != b"\n":
            data = b"\n" + data  # a crash tore the last line; it must not swallow the first of ours
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fdatasync(file)
        except OSError:
            os.ftruncate(file, start)
            raise

    def _rotate(self) -> int:
        """`x.4` becomes `x.5` ... `x` becomes `x.1`. A crash in between leaves a gap in the numbers, and no line is lost."""
        self.close()
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{number}") for number in range(1, self._keep + 1))]
        # from the oldest on: the other way round each rename would write over the next older file
        if not self._keep:
            self._path.unlink(missing_ok=True)
        for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
            if newer.exists():
                newer.replace(older)
        return self._current()
