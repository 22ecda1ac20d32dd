"""A file of an input: its name, a line end, its bytes. Whatever it holds, reading ends, and all of it is read or told.

What a program writes bit by bit is read as what is there at once: the same records, at the same places (not tried where encodings change
or there are holes, as in a log that was truncated below its writer).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import zstandard

from casbd.inputs import Inputs, cutting
from casbd.inputs.record_reader import Detect
from casbd.model.chunk import Chunk, InputSpec
from casbd.model.unread import Unread
from targets import FORMATS, ROOT, FaultError

TOKENS = [
    b'{"value":[',
    b'{"Records":[',
    b"}\n{",
    b"},{",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"(\xb5/\xfd",
    b"A,B\n",
    b'""',
    b"\x00" * 512,
]
NOW = 1_767_268_800_000
MOST_CHUNKS = 20_000
WRAPPERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
    ".zip": lambda data: _zip(data),
    ".tar": lambda data: _tar(data),
    ".tar.gz": lambda data: gzip.compress(_tar(data), mtime=0),
}


def seeds() -> list[bytes]:
    """Small exports, as they are and in each kind of wrapping; in other encodings too."""
    paths = [*FORMATS.rglob("*.json"), *FORMATS.rglob("*.jsonl"), *FORMATS.rglob("*.csv"), ROOT / "tests/bench/records/salesforce.csv"]
    texts = {path.suffix: [] for path in paths}
    for path in sorted(paths):
        if path.stat().st_size < 6000:
            texts[path.suffix].append(path.read_bytes())
    made = [
        (".ndjson", b"".join(b'{"Id": "%d", "CreationTime": "2026-01-01T00:00:00"}\n' % n for n in range(30))),
        (".json", b'{"value": [' + b", ".join(b'{"id": "%d"}' % n for n in range(20)) + b"]}"),
        (".csv", b"CreationDate,UserIds,Operations,AuditData\n" + b'2026-01-01,a@b.c,UserLoggedIn,"{""Id"": ""1"", ""a"": 1}"\n' * 5),
    ]
    made += [(ending, text) for ending, several in texts.items() for text in several[:12]]
    made += [(ending, text.decode(errors="replace").encode("utf-16")) for ending, text in made[:4]]
    return [f"a{ending}{wrapper}\n".encode() + wrap(text) for ending, text in made for wrapper, wrap in WRAPPERS.items()]


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.json", "b/b.json"):
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def _tar(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in ("a.json", "b/b.json"):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def attempt(data: bytes) -> None:
    """Read it at once, and (where it is not compressed) in two parts with a chunk size that cuts through records."""
    first, _, content = data.partition(b"\n")
    name = "".join(c for c in first.decode("latin-1")[:40] if c.isalnum() or c in "._-") or "a"
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "a" + name)  # no hidden one
        path.write_bytes(content)
        spec = InputSpec(name="in", path=str(path), format="m365")
        chunks, unread = read(spec)
        _check(chunks)
        if broken := [one.why for one in unread if "internal error" in str(one)]:
            raise FaultError(broken[0])
        has_something = content.startswith((b"{", b"[")) and content.strip(b"[]{}, \0\t\r\n")  # a CSV may have no rows
        if has_something and not chunks and not unread:
            raise FaultError("neither read nor told")
        if path.suffix in (".json", ".ndjson", ".jsonl", ".log") and _is_clear(content):
            path.write_bytes(b"")
            small, _ = read(spec, parts=(content[: len(content) // 2], content[len(content) // 2 :]), chunk_bytes=200)
            if _flat(small) != _flat(chunks):
                raise FaultError("read in parts it is another file")


def _is_clear(content: bytes) -> bool:
    """Whether its first line, or all of it, is JSON: else what it is may be decided otherwise by a part of it."""
    return content.isascii() and b"\0" not in content and any(map(cutting.is_object, (content, content.partition(b"\n")[0])))


def read(
    spec: InputSpec, detect: Detect = lambda _: None, *, parts: Sequence[bytes] = (), chunk_bytes: int = 1 << 20
) -> tuple[list[Chunk], list[Unread]]:
    """All of an input, after each part that is appended, and what was not read. FaultError where it does not end."""
    time = 0.0
    inputs = Inputs([spec], [], detect, lambda: NOW, chunk_bytes=chunk_bytes, max_record=1 << 20, monotonic=lambda: time)
    chunks: list[Chunk] = []
    try:
        for part in parts or (None,):
            if part is not None:
                with Path(spec.path).open("ab") as file:
                    file.write(part)
            time += 10
            _drain(inputs, chunks)
        inputs.finish()
        time += 10
        _drain(inputs, chunks)
        return chunks, inputs.unread()
    finally:
        inputs.close()


def _drain(inputs: Inputs, chunks: list[Chunk]) -> None:
    while chunk := inputs.next_chunk():
        chunks.append(chunk)
        if len(chunks) > MOST_CHUNKS:
            raise FaultError("reading does not end")


def _check(chunks: Sequence[Chunk]) -> None:
    places: dict[tuple[str, str], int] = {}
    for chunk in chunks:
        if len(chunk.offsets) != len(chunk.records) or chunk.offsets != sorted(chunk.offsets):
            raise FaultError("records without their places")
        content = (chunk.path, chunk.position.fingerprint)  # an archive may hold two files of one name
        if chunk.position.offset < places.get(content, 0):
            raise FaultError("the position goes back")
        places[content] = chunk.position.offset


def _flat(chunks: Sequence[Chunk]) -> list[tuple[int, bytes]]:
    """The records with their places, and rejects by their places."""
    found = [(offset, record) for chunk in chunks for offset, record in zip(chunk.offsets, chunk.records, strict=True)]
    return sorted([*found, *((reject.input_offset, b"") for chunk in chunks for reject in chunk.rejects)])
