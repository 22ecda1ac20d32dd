"""An activity of a Microsoft 365 audit record."""

from builders import record

from casbd.formats.m365 import M365
from casbd.plugins import Options

FORMAT = M365(Options())


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found
