"""Look-ups in a file of the MaxMind DB format, fast enough for addresses that were never seen before.

`maxminddb` opens the file and decodes its records. Only the walk down the search tree is done here, because neither of
its readers will do: the one in C kills the process (segmentation fault) when a byte in the file is damaged, and the one in
Python takes ten times as long as this. Records are decoded once: a country file has 250 of them for all addresses.

The format: https://maxmind.github.io/MaxMind-DB/
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Generic, TypeVar

from maxminddb import MODE_FD, InvalidDatabaseError, open_database
from maxminddb.decoder import Decoder

from casbd.documents.regular_files import read_file

Answer = TypeVar("Answer")

DAMAGED = (InvalidDatabaseError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError, struct.error)
"""What decoding raises over bytes that make no sense."""

MAX_BYTES = 2 << 30
"""Of a file: the largest there are have some hundred megabytes."""

RECORDS_KEPT = 50_000
"""Decoded records that are kept; most addresses of a log share few of them."""

SAMPLED = 20_000
"""So many nodes of a tree are looked at to see what kind of records a file has."""

_SEPARATOR = 16
"""Zero bytes between the tree and the data."""


class Database(Generic[Answer]):
    """One file, held in memory, so that overwriting it in place does not change what is being read.

    understand: what to make of a record. kind: what the file says that it is, such as `GeoLite2-City`. made: when it
    was built, in milliseconds.
    Raises OSError, or one of `DAMAGED` where the file is of another format or not whole.
    """

    def __init__(self, path: Path, understand: Callable[[Any], Answer]) -> None:
        self._content = read_file(path, MAX_BYTES)
        with open_database(BytesIO(self._content), MODE_FD) as reader:  # checks that metadata and tree are whole
            metadata = reader.metadata()
        self.kind = str(metadata.database_type)
        self.made = int(metadata.build_epoch) * 1000
        self._nodes = metadata.node_count
        self._node_size = metadata.node_byte_size
        self._version = metadata.ip_version
        self._data = metadata.search_tree_size + _SEPARATOR
        self._decoder = Decoder(self._content, self._data)
        self._understand = understand
        self._record = lru_cache(maxsize=RECORDS_KEPT)(self._decode)
        # IPv4 addresses are at ::/96 of a tree for IPv6.
        root4 = self._walk(0, 0, 96) if self._version == 6 else 0
        self._upper_half = cache(lambda upper: self._walk(root4, upper, 16))  # 65,536 at most

    def get(self, bits: int, number: int) -> Answer | None:
        """The answer for an address of 32 or 128 bits; None where the file has none. Raises one of `DAMAGED`."""
        if bits == 32:
            node = self._walk(self._upper_half(number >> 16), number & 0xFFFF, 16)
        elif self._version == 6:
            node = self._walk(0, number, 128)
        else:
            return None
        return None if node == self._nodes else self._record(node)

    def sample(self) -> Iterator[Answer]:
        """The answers for addresses from all over the file; what is damaged is left out."""
        for node in range(0, self._nodes, max(1, self._nodes // SAMPLED)):
            for side in (0, 1):
                below = self._walk(node, side, 1)
                if below > self._nodes:
                    with suppress(*DAMAGED):  # a look-up of that address reports it
                        yield self._record(below)

    def _decode(self, node: int) -> Answer:
        if node < self._nodes:
            raise InvalidDatabaseError("the search tree is deeper than an address is long")
        record, _ = self._decoder.decode(node - self._nodes - _SEPARATOR + self._data)
        return self._understand(record)

    def _walk(self, node: int, number: int, bits: int) -> int:
        """From a node down along the bits of a number: the last node, `_nodes` for nowhere, or more than that for a record."""
        content, size, nodes = self._content, self._node_size, self._nodes
        half = size // 2
        for shift in range(bits - 1, -1, -1):
            if node >= nodes:
                break
            at = node * size
            if size == 7:  # 28 bits each: the byte in the middle holds the highest four of both
                middle = content[at + 3]
                right = number >> shift & 1
                start = at + 4 if right else at
                high = middle & 0x0F if right else middle >> 4
                node = high << 24 | int.from_bytes(content[start : start + 3], "big")
            else:
                start = at + half if number >> shift & 1 else at
                node = int.from_bytes(content[start : start + half], "big")
        return node
