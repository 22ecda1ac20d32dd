"""Alerts and activities on standard output, one a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from casbd.errors import Retry
from casbd.outputs._message import Layout, writer
from casbd.plugins import Item, Options, registry
from casbd.wire.cef import Profile


class StdoutOptions(Options):
    """Options of the output `stdout`."""

    format: Layout = "cef"
    """`cef`, `leef` (of QRadar), `json` (one object a line), `ocsf` (the same, as events of OCSF 1.5) or `text` (for people)."""
    profile: Profile = "casbd"
    """`casbd`, or `mcas` for CEF as Microsoft's SIEM agent wrote it."""
    portal: str = Field(default="", examples=["https://siem.example.com/alerts"])
    """The address of a web page with alerts, for links in CEF messages."""


@registry.output
class Stdout:
    """Writes to the process's standard output. A reader that has gone is a passing failure: the rest waits."""

    Options: ClassVar[type[Options]] = StdoutOptions
    example: ClassVar[dict[str, Any]] = {"format": "text"}

    def __init__(self, options: StdoutOptions, *, descriptor: int = 1) -> None:
        self._message = writer(options.format, options.profile, options.portal)
        self._descriptor = descriptor

    def send(self, items: Sequence[Item]) -> None:
        """Write all. Retry where the other end is closed or full, with the number of whole lines written."""
        data = b"".join(self._message(item) + b"\n" for item in items)
        written = 0
        try:
            while written < len(data):  # a pipe takes what it has room for
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            raise Retry(f"standard output: {error.strerror}", sent=data.count(b"\n", 0, written)) from None

    def close(self) -> None:
        """Nothing to let go of: standard output belongs to the process."""
