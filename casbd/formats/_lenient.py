"""Reading a record into a struct: strictly, as nearly all are; else what is good of it.

Exports have numbers where text is documented, NaN, half of a surrogate pair, an object for a list. The field that is wrong is
left out, and the rest of the record is good all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from casbd.errors import BadRecord
from casbd.records.log_lines import without_time

Record = TypeVar("Record", bound=msgspec.Struct)


class Reader(Generic[Record]):
    """Reads records of one kind. required: fields without which there is none. what: how people call such a record."""

    def __init__(self, kind: type[Record], what: str, required: Collection[str], numbers: Collection[str] = ()) -> None:
        self._kind = kind
        self._what = what
        self._required = required
        self._numbers = numbers
        self.strictly = msgspec.json.Decoder(kind).decode

    def read(self, record: bytes) -> Record:
        """The record; BadRecord where it is none."""
        try:
            return self.strictly(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.leniently(record)

    def leniently(self, record: bytes) -> Record:
        """A record that the strict decoder refused: half a surrogate pair, NaN, a number where text is expected."""
        data = as_object(record)
        data = {key: self._text_for(key, value) for key, value in data.items() if key in self._kind.__struct_encode_fields__}
        while data:
            try:
                return self.strictly(_HALF_A_PAIR.sub(r"\\ufffd", json.dumps(data)).encode())
            except (msgspec.DecodeError, RecursionError) as error:
                field = _FIELD_OF_ERROR.search(str(error))
                if field is None or field[1] not in data or field[1] in self._required:
                    raise BadRecord(f"not a {self._what}: {error}") from None
                del data[field[1]]  # of another type than is documented
        raise BadRecord(f"not a {self._what}: it has none of the fields")

    def _text_for(self, key: str, value: Any) -> Any:
        """Numbers, true and false as text, as nearly all fields are text."""
        if isinstance(value, bool | int) and key not in self._numbers:
            return json.dumps(value)
        return value


_HALF_A_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}")
"""In JSON as `json.dumps` writes it."""
_FIELD_OF_ERROR = re.compile(r"`\$\.(@?\w+)")


def as_dict(record: bytes) -> dict[str, Any] | None:
    """The record as plain values, fractions as they are written; None where it is no object.

    Columns of times that the Azure portal exports (`TimeGenerated [UTC]`) have the names that the tables have.
    """
    try:
        data = _PLAIN.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        data = _as_the_standard_library_does(record)
    if not isinstance(data, dict):
        return None
    return {key.removesuffix(_PORTAL): value for key, value in data.items()} if _IN_UTC in record else data


_PORTAL = " [UTC]"
_IN_UTC = b' [UTC]"'


def share(sample: Sequence[bytes], is_ours: Callable[[dict[str, Any]], bool]) -> float:
    """Which part of a sample's records is a format's own, 0 to 1."""
    records = records_of(sample)
    return sum(map(is_ours, records)) / len(records) if records else 0.0


def records_of(sample: Sequence[bytes]) -> Sequence[dict[str, Any]]:
    """A sample's records, to look at; those that are no object, or an empty one, are left out."""
    return _decoded(tuple(sample))


@lru_cache(1)
def _decoded(sample: tuple[bytes, ...]) -> Sequence[dict[str, Any]]:
    """All formats are asked about the same sample, one after the other: it is decoded once."""
    return [_delivered_dict(record) for record in map(as_dict, map(without_time, sample)) if record]


class _Delivery(msgspec.Struct, gc=False):
    """An event of Amazon EventBridge (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html)."""

    kind: str = msgspec.field(name="detail-type")
    detail: msgspec.Raw


_DELIVERY = msgspec.json.Decoder(_Delivery)


def delivered(record: bytes) -> bytes | None:
    """The record that EventBridge has delivered inside this one, or that stands behind a log service's time; None for any other."""
    own = None if record[:1] == b"{" else without_time(record)
    if b'"detail-type"' not in record:
        return own
    try:
        return bytes(_DELIVERY.decode(own or record).detail)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return own


def _delivered_dict(record: dict[str, Any]) -> dict[str, Any]:
    detail = record.get("detail")
    return detail if "detail-type" in record and isinstance(detail, dict) else record


# As a float, a version `1.10` or an id of twenty digits would come out as another text than the vendor wrote.
_PLAIN = msgspec.json.Decoder(float_hook=str)


def _as_the_standard_library_does(record: bytes) -> Any:
    """It takes halves of surrogate pairs, and NaN, which is null here."""
    try:
        return json.loads(record, parse_constant=lambda _: None, parse_float=str)
    except (ValueError, RecursionError):
        return None


def as_object(record: bytes) -> dict[str, Any]:
    """The record as plain values, as `as_dict`; BadRecord, with the reason, where it is no object."""
    data = as_dict(record)
    if data is None:
        raise BadRecord(why_not(record))
    return data


def why_not(record: bytes) -> str:
    """The reason, for the reject."""
    try:
        record.decode()
        json.loads(record)
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start})"
    except RecursionError:
        return "not JSON: nested too deep"
    except ValueError as error:
        return f"not JSON: {error}"
    return "not a JSON object"
