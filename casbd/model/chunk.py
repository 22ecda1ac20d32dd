"""What inputs hand to the pipeline: whole records of one file, and the position to remember once they are stored."""

from __future__ import annotations

import msgspec


class InputSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One input of the configuration. path: an absolute glob. silence: milliseconds without a record that raise an alert.

    follow_links: also links that lead out of the directory that `path` names before its first wildcard.
    poll: use watchdog's polling observer (network file systems). format: a format's name, or `auto`.
    """

    name: str
    path: str
    format: str = "auto"
    instance: str | None = None
    silence: int | None = None
    poll: bool = False
    follow_links: bool = False


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far one file has been read; stored in the transaction that stores what was read.

    device, inode, fingerprint, fingerprint_size: the file's identity. The fingerprint is a hash (hex) of its first
    `fingerprint_size` bytes, decompressed.
    offset: the first byte not yet read, counted in the decompressed file. size: the file's size (as on disk) then.
    tail: a hash (hex) of the last bytes before `offset`, which tells a regrown file from a continued one.
    context: what the cutter of the container must know to go on from `offset` (a CSV's header, "inside an array"): JSON.
    seen: when the file was last found, milliseconds since 1970. told: that the rest of it is gone has been said.
    """

    input: str
    path: str
    device: int
    inode: int
    fingerprint: str
    fingerprint_size: int
    offset: int
    size: int
    tail: str = ""
    context: str = ""
    format: str = ""
    seen: int = 0
    told: bool = False


class Reject(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be read: where, why, and its first 4 KiB."""

    input: str
    input_file: str
    input_offset: int
    reason: str
    raw: bytes


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some whole records of one file, in the file's order.

    records: each one record as UTF-8 JSON text, whatever the container was (of an audit-search CSV row its AuditData,
    of another CSV row an object of its columns). offsets: where in the decompressed file each begins.
    rejects: what could not even be cut into a record. instance: the input's configured tenant or account, if any.
    """

    input: str
    path: str
    format: str
    instance: str | None
    records: list[bytes]
    offsets: list[int]
    rejects: list[Reject]
    position: Position
