"""What the tests of inputs write into files, and how they ask what was not read."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.inputs.conftest import Reader

OLD = 1_700_000_000


def line(n: int) -> bytes:
    return json.dumps({"n": n, "padding": "x" * 50}).encode() + b"\n"


def lines(numbers: Iterable[int]) -> bytes:
    return b"".join(map(line, numbers))


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def tarred(files: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def unread(one: Reader, *, final: bool = True) -> dict[str, tuple[str, str]]:
    """What is unread after everything was read, by the file's name: kind and reason."""
    one.read()
    if final:
        one.inputs.finish()
        one.read()
    return {Path(of_file.path).name: (of_file.kind, of_file.why) for of_file in one.inputs.unread()}
