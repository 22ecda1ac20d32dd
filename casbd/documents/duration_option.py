"""A length of time as an option of a model; what it means is in `durations.py`, which searches need without pydantic."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from casbd.documents.durations import ALLOWED, milliseconds


def _checked(value: Any) -> int:
    length = milliseconds(value)
    if length is None:
        raise ValueError(f"{value!r} is no length of time; write {ALLOWED}")
    return length


Duration = Annotated[int, BeforeValidator(_checked)]
"""Milliseconds, written as `5m`."""
