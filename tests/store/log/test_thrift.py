"""Thrift's compact protocol: what is written is read at the place where it is, as pyarrow's own footers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.store.log import thrift
from casbd.store.log.thrift import BINARY, DOUBLE, FALSE, I8, I32, I64, LIST, STRUCT, TRUE, binary, integer, list_of, struct, varint

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(NUMBERS, st.binary(max_size=200), st.lists(NUMBERS, max_size=14))
def test_what_is_written_is_read(number, content, numbers):
    inside = struct([(15, I64, integer(number))])
    data = b"xy" + struct([(1, I64, integer(number)), (3, BINARY, binary(content)), (4, LIST, list_of(I64, map(integer, numbers)))])
    data = data[:-1] + struct([(1, STRUCT, inside), (2, TRUE, b""), (3, I8, b"\xff"), (4, DOUBLE, bytes(8))]) + b"behind"
    read = thrift.read(data, 2)
    assert read.end == len(data) - len(b"behind")
    assert read.field(1).number == number
    assert data[read.field(3).start : read.field(3).end] == binary(content)
    assert [one.number for one in read.field(4).elements] == numbers
    assert read.field(5).field(15).number == number
    assert [*read.fields] == [1, 3, 4, 5, 6, 7, 8]


def test_the_protocol_by_its_specification():
    """Zigzag, seven bits a byte; a field far behind the one before it has its number written out; long lists, and those of flags."""
    assert [integer(n) for n in (0, -1, 1, -2, 150)] == [b"\x00", b"\x01", b"\x02", b"\x03", b"\xac\x02"]
    assert varint(300) == b"\xac\x02"
    assert thrift.read(b"\x05\x64\x06\x00").field(50).number == 3
    long = thrift.read(b"\xf5\x10" + bytes(16), 0, LIST)
    assert (len(long.elements), long.end) == (16, 18)
    flags = thrift.read(bytes((0x21, TRUE, FALSE)), 0, LIST)
    assert (len(flags.elements), flags.end) == (2, 3)


def test_what_it_does_not_know_is_no_guess():
    with pytest.raises(ValueError, match="type 11"):
        thrift.read(b"\x1b\x00\x00")
    with pytest.raises(ValueError, match="no field 2"):
        thrift.read(struct([(1, I32, integer(1))])).field(2)
    with pytest.raises(ValueError, match="no field 1"):
        thrift.read(integer(1), 0, I32).field(1)
