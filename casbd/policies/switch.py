"""Switching a policy on and off in its file, which stays as its author wrote it, comments included."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from casbd.errors import CasbdError, Mistakes
from casbd.policies.load import load_file

_ENABLED = re.compile(r"^(enabled[ \t]*:[ \t]*)[^\s#]+", re.MULTILINE)
_FIRST_KEY = re.compile(r"^(?=[A-Za-z_\"'])", re.MULTILINE)


def switch(path: Path, *, enabled: bool) -> None:
    """Set `enabled:` in a rule file, all or nothing. Mistakes where the file has some; CasbdError where it must be done by hand.

    One that says so already is only touched: a policy that casbd itself has switched off goes on when its file changes.
    """
    path = path.resolve()  # where the name is a link, what it leads to is changed
    if load_file(path).enabled == enabled:
        path.touch()
        return
    text = path.read_bytes().decode()
    value = "true" if enabled else "false"
    changed, times = _ENABLED.subn(rf"\g<1>{value}", text)
    if not times:
        end = "\r\n" if "\r\n" in text else "\n"
        changed = _FIRST_KEY.sub(f"enabled: {value}{end}", text, count=1)
    if changed == text or not _loads(path, changed, enabled=enabled):
        raise CasbdError(f"{path}: this file must be edited by hand: enabled: {value}")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(changed.encode())
        status = path.stat()
        os.chown(beside, status.st_uid, status.st_gid)
        shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _loads(path: Path, text: str, *, enabled: bool) -> bool:
    """Whether the changed text is a rule file still, and says what it should."""
    try:
        return load_file(path, text=text).enabled == enabled
    except Mistakes:
        return False
