"""The names that the configuration gives to inputs, outputs, connectors and recipients."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"`{text}` is no name: up to 63 letters, digits, `_`, `.` and `-`, a letter or digit first")
    return text


Name = Annotated[str, AfterValidator(_name)]
