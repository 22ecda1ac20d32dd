"""As much of Thrift's compact protocol as what stands in a Parquet file about it: reading where each value is, and writing some.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

TRUE, FALSE, I8, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12
_LONG = 15
"""A list of so many elements or more has their number behind its first byte."""


class Value(NamedTuple):
    """Where a value is. number: what it is, of an integer; fields: of a struct; elements: of a list."""

    start: int
    end: int
    number: int = 0
    fields: dict[int, Value] | None = None
    elements: list[Value] | None = None

    def field(self, number: int) -> Value:
        """One of a struct's; ValueError where it has none such."""
        if self.fields is None or number not in self.fields:
            raise ValueError(f"no field {number}")
        return self.fields[number]


def read(data: bytes, at: int = 0, kind: int = STRUCT) -> Value:
    """The value that begins at a place. ValueError where there is another than is known here."""
    start = at
    if kind in (I16, I32, I64):
        number, at = _varint(data, at)
        return Value(start, at, (number >> 1) ^ -(number & 1))
    if kind == BINARY:
        length, at = _varint(data, at)
        return Value(start, at + length)
    if kind == STRUCT:
        fields: dict[int, Value] = {}
        last = 0
        while head := data[at]:
            if delta := head >> 4:
                last, at = last + delta, at + 1
            else:
                last, at = _varint(data, at + 1)
                last = (last >> 1) ^ -(last & 1)
            fields[last] = Value(at, at) if head & 15 in (TRUE, FALSE) else read(data, at, head & 15)
            at = fields[last].end
        return Value(start, at + 1, fields=fields)
    if kind == LIST:
        number, inside = data[at] >> 4, data[at] & 15
        number, at = _varint(data, at + 1) if number == _LONG else (number, at + 1)
        elements = []
        for _ in range(number):
            elements.append(Value(at, at + 1) if inside in (TRUE, FALSE) else read(data, at, inside))
            at = elements[-1].end
        return Value(start, at, elements=elements)
    if kind in (I8, DOUBLE):
        return Value(start, at + (8 if kind == DOUBLE else 1))
    raise ValueError(f"a value of type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def varint(number: int) -> bytes:
    """A number that is not negative, seven bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def integer(number: int) -> bytes:
    """Any of at most 64 bits."""
    return varint(number << 1 ^ number >> 63)


def binary(content: bytes) -> bytes:
    """Bytes, or a text in UTF-8."""
    return varint(len(content)) + content


def list_of(kind: int, elements: Iterable[bytes]) -> bytes:
    """A list of values that are encoded, fewer than 15."""
    several = [*elements]
    return bytes((len(several) << 4 | kind,)) + b"".join(several)


def struct(fields: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A struct of values that are encoded: the number, the type and the value of each field, the numbers rising by at most 15."""
    encoded, last = bytearray(), 0
    for number, kind, value in fields:
        encoded.append(number - last << 4 | kind)
        encoded += value
        last = number
    encoded.append(0)
    return bytes(encoded)
