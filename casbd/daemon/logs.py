"""The daemon's own log: JSON lines on standard error, which is what journald and log shippers read.

One meaning a level: error - data could be lost or a person must act; warning - surprising, nothing lost; info - what
an operator wants to see once (start, stop, reload); debug - for those who look for a mistake. Records of users never
go into it: an audit record is personal data, and its text may be an attacker's.
"""

from __future__ import annotations

import logging
import sys


def to_standard_error(level: str) -> None:
    """Set up the root logger."""
    from pythonjsonlogger.json import JsonFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    set_level(level)


def set_level(level: str) -> None:
    """Log this level and those above it from now on.

    Of others' code only what is a warning: botocore's debug messages hold AWS' answers, keys of an assumed role among them.
    """
    root = logging.getLogger()
    root.setLevel(level.upper())
    for noisy in ("watchdog", "httpx", "httpcore", "botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
