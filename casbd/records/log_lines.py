"""What a log service writes before a record, on the same line: its time, and `aws logs tail` the log stream's name, too.

Amazon CloudWatch Logs, exports to S3 (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html) and
`aws logs tail` (https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html): `2026-01-31T12:00:00.000Z {...}`.
"""

from __future__ import annotations

import re

_BEFORE = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d++)?+(?:Z|[+-]\d\d:?\d\d)?+[ \t]++"
    rb"(?:[^{\n]{1,512}+(?<=[ \t]))?+"  # a stream's name may have blanks in it
    rb"(?=\{)"
)


def without_time(line: bytes) -> bytes:
    """The object behind such a time; the line as it is where there is none."""
    if line[:1] == b"{":
        return line
    prefix = _BEFORE.match(line)
    return line[prefix.end() :] if prefix else line
