"""What Microsoft 365 makes of a record whose fields are picked, beside what it makes of the whole record decoded."""

import msgspec

from casbd.errors import BadRecord
from casbd.formats.m365 import M365
from casbd.plugins import Options

PICKING, DECODING = M365(Options()), M365(Options())
DECODING._pick = None


def outcome(own, record):
    try:
        return own.parse(record)
    except BadRecord as error:
        return str(error)


def agree(record):
    """Whether both say the same of any bytes; of the same record again, too, as then it is remembered."""
    expected = outcome(DECODING, record)
    assert outcome(PICKING, record) == expected
    assert outcome(PICKING, record) == expected
    return True


def is_picked_from(record):
    """Whether it is usual enough."""
    try:
        return PICKING._pick is not None and PICKING._pick(record) is not None
    except (ValueError, msgspec.DecodeError):
        return False
