"""A record of Microsoft 365 whose fields are picked (in C) becomes what it becomes decoded as a whole. An input is a record."""

from __future__ import annotations

import sys

from targets import FORMATS, ROOT, FaultError

sys.path[:0] = [str(FORMATS / "m365"), str(ROOT / "tests" / "e2e")]

import m365_records  # noqa: E402
from picked_and_decoded import agree, is_picked_from  # noqa: E402, F401

TOKENS = [b'"', b"\\u0041", b"\\ud83d", b'"Name":"UserAgent",', b'{"Key":"UserAgent","Value":"x"}', b'"UserId":', b"null", b"-0.0", b"1e9"]


def seeds() -> list[bytes]:
    """Usual records, and those of the tests."""
    own = [path.read_bytes().strip() for path in sorted((FORMATS / "m365").glob("cases/*/input.json"))]
    return own + m365_records.lines(60, seed=3)


def attempt(data: bytes) -> None:
    """Both ways, twice."""
    try:
        agree(data)
    except AssertionError as error:
        raise FaultError("picked, it is another one") from error
