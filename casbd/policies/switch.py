"""Switching a policy on and off in its file, which stays as its author wrote it, comments included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from casbd.documents.replacing import replace_file
from casbd.errors import CasbdError, Mistakes
from casbd.policies.loading import load_all_of
from casbd.policies.policy import Policy

_ENABLED = re.compile(r"^(enabled[ \t]*:[ \t]*)[^\s#]+", re.MULTILINE)
_NEXT = re.compile(r"---(\s|$)")
_FIRST_KEY = re.compile(r"^(?=[A-Za-z_\"'])", re.MULTILINE)


def switch(path: Path, policy_id: str | None = None, *, enabled: bool, others: Sequence[Path] = ()) -> None:
    """Set `enabled:` in a rule file, all or nothing. Mistakes where the file has some; CasbdError where it must be done by hand.

    policy_id: which of the file's policies; None: the first, as most files have one. others: as for `load_file`.

    One that says so already stays as it is.
    """
    policy = _chosen(load_all_of(path, others=others), policy_id)
    if policy.enabled == enabled:
        return
    text = path.read_bytes().decode()  # read_text would make LF of CRLF, and change every line of the author's file
    before, document, after = _parted(text, policy.line)
    value = "true" if enabled else "false"
    changed, times = _ENABLED.subn(rf"\g<1>{value}", document)
    if not times:
        end = "\r\n" if "\r\n" in text else "\n"
        changed = _FIRST_KEY.sub(f"enabled: {value}{end}", document, count=1)
    changed = before + changed + after
    # `enabled:` may have stood at the beginning of a line of a longer text: what does not load as it was meant is not written.
    if changed == text or not _loads(path, changed, policy.id, enabled, others):
        raise CasbdError(f"{path}: this file must be edited by hand: enabled: {value}")
    replace_file(path, changed.encode())


def _parted(text: str, line: int) -> tuple[str, str, str]:
    """What stands before the document that begins in a line, the document, and what follows it."""
    lines = text.splitlines(keepends=True)
    begin = line - 1
    end = next((number for number in range(line, len(lines)) if _NEXT.match(lines[number])), len(lines))
    return "".join(lines[:begin]), "".join(lines[begin:end]), "".join(lines[end:])


def _chosen(policies: Sequence[Policy], policy_id: str | None) -> Policy:
    return next(policy for policy in policies if policy_id in (None, policy.id))


def _loads(path: Path, text: str, policy_id: str, enabled: bool, others: Sequence[Path]) -> bool:
    """Whether the changed text is a rule file still, and says what it should."""
    try:
        return _chosen(load_all_of(path, text=text, others=others), policy_id).enabled == enabled
    except Mistakes:
        return False
