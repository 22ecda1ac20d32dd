import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.records.log_lines import without_time


@pytest.mark.parametrize(
    "before",
    [
        "",
        "2026-11-20T10:05:01.000Z ",
        "2026-11-20T10:05:01 ",
        "2026-11-20T10:05:01.123000+00:00 1_CloudTrail_us-east-1 ",
        "2026-11-20T10:05:01+0000\t a stream's name \t",
    ],
)
def test_what_stands_before_an_object_is_taken_off(before: str) -> None:
    assert without_time(before.encode() + b'{"a": {"b": 1}}') == b'{"a": {"b": 1}}'


@pytest.mark.parametrize(
    "line",
    [
        b"", b"2026-11-20T10:05:01.000Z", b"2026-11-20T10:05:01.000Z START RequestId: 1", b'2026-11-20T10:05:01.000Z{"a": 1}',
        b'INFO {"a": 1}', b'[{"a": 1}]', b'2026-11-20 10:05:01 {"a": 1}', b'2026-11-20T10:05:01Z a\nb {"a": 1}',
        b'2026-11-20T10:05:01Z name{"a": 1}', b"2026-11-20T10:05:01Z " + b"n" * 600 + b' {"a": 1}',
    ],
)  # fmt: skip
def test_any_other_line_stays_as_it_is(line: bytes) -> None:
    assert without_time(line) == line


@given(st.binary())
def test_any_bytes_give_their_own_end(line: bytes) -> None:
    assert line.endswith(without_time(line))


@pytest.mark.parametrize("part", [b"2026-11-20T10:05:01", b" ", b"1", b"a ", b"\t", b"."])
def test_a_hostile_line_costs_little(part: bytes) -> None:
    started = time.process_time()
    without_time(b"2026-11-20T10:05:01.0 " + part * 1_000_000)
    without_time(b"2026-11-20T10:05:01" + part * 1_000_000)
    assert time.process_time() - started < 1
