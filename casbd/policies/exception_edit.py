"""Adding to a file of exceptions, which stays as its author wrote it, comments included."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from casbd.documents.replacing import replace_file
from casbd.errors import CasbdError, Mistakes
from casbd.policies.exceptions import read_exemptions

_HEAD = "# What policies leave alone for a while, and why. `casbd policies tune` adds to this file.\nexceptions:\n"
_KEY = re.compile(r"^exceptions[ \t]*:[ \t]*(?:\[[ \t]*\])?[ \t]*(?=#|$)", re.MULTILINE)
_DASH = re.compile(r"^([ ]*)-", re.MULTILINE)


def written(policy_id: str, filters: Mapping[str, Mapping[str, str]], reason: str, expires: str, indent: str = "  ") -> str:
    """One element of `exceptions:`, whatever is in its texts. filters: one operator a field. expires: a day, or `never`."""
    asked = ", ".join(f"{field}: {{{name}: {_quoted(value)}}}" for field, of in filters.items() for name, value in of.items())
    lines = (f"- policy: {policy_id}", f"  filters: {{{asked}}}", f"  reason: {_quoted(reason)}", f"  expires: {expires}")
    return "".join(f"{indent}{line}\n" for line in lines)


def _quoted(text: str) -> str:
    """As YAML reads it, whatever is in it (https://yaml.org/spec/1.2.2/#57-escaped-characters)."""
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def add(path: Path, elements: Sequence[Mapping[str, Any]], like: Path) -> None:
    """Add to a file, all or nothing; make it where there is none. elements: what `written` takes, without `indent`.

    like: whose mode and owner a new file gets. Mistakes where the file has some; CasbdError where it must be edited by hand; OSError
    where it cannot be written.
    """
    before = path.read_bytes() if path.exists() else None
    text = _HEAD if before is None else before.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n") + "\n"
    known = [] if before is None else read_exemptions(path)
    dash = _DASH.search(text)
    indent = dash[1] if dash and known else "  "
    text = text if known else _KEY.sub("exceptions:", text, count=1)
    text += "".join(written(**element, indent=indent) for element in elements)

    def check(beside: Path) -> None:
        try:
            if len(read_exemptions(beside)) == len(known) + len(elements):
                return
        except Mistakes:
            pass
        raise CasbdError(f"{path}: this file must be edited by hand; add\n" + "".join(written(**element) for element in elements))

    changed = text.replace("\n", "\r\n") if before is not None and b"\r\n" in before else text
    replace_file(path, changed.encode(), like=like, check=check)
