"""How a person is found in what is stored, and replaced: in a text, a subject, a memory."""

from __future__ import annotations

import json
from typing import Any, Protocol


class Names(Protocol):
    """How a person is found."""

    def is_named(self, text: str) -> bool:
        """Whether a text is one of the names, and nothing else."""

    def without(self, text: str, other: str) -> str:
        """A text with the names in it replaced; the same object where there is none."""

    def within(self, app: str | None, instance: str | None) -> Names:
        """How the person is found in what is of an app and an instance: elsewhere others may be called so."""


def whole(text: str, names: Names, other: str) -> str:
    """A text that may be a name, or a list with one, with the names replaced."""
    if names.is_named(text):
        return other
    if text.startswith("[") and (several := _listed(text)) is not None:  # a user with an app and an instance, or counted with more
        anew = _each(several, names, other)
        return text if anew == several else json.dumps(anew)
    return names.without(text, other)


def _listed(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _each(several: list[Any], names: Names, other: str) -> list[Any]:
    return [
        _each(one, names, other) if isinstance(one, list) else whole(one, whom, other) if isinstance(one, str) else one
        for one, whom in zip(several, _whose(several, names), strict=True)
    ]


def _whose(several: list[Any], names: Names) -> list[Names]:
    """How the person is found in each of some texts: of a user with an app and an instance the user is of these."""
    if len(several) == 3 and all(isinstance(one, str) for one in several):
        return [names.within(*several[1:]), names, names]
    return [names] * len(several)


def is_about(text: str, names: Names) -> bool:
    """Whether a user is all of a text, or of the list of a user, an app and an instance that it is."""
    listed = _listed(text) if text.startswith("[") else None
    return names.is_named(text) or bool(listed and isinstance(listed[0], str) and _whose(listed, names)[0].is_named(listed[0]))


def everywhere(thing: Any, names: Names, other: str) -> Any:
    """What is remembered, with all texts and keys in it replaced."""
    if isinstance(thing, str):
        return whole(thing, names, other)
    if isinstance(thing, list):
        return [everywhere(one, names, other) for one in thing]
    if isinstance(thing, dict):
        return {everywhere(key, names, other): everywhere(one, names, other) for key, one in thing.items()}
    return thing


def only(thing: Any, names: Names) -> Any:
    """Of what is remembered of several people that which names one."""
    if isinstance(thing, list):
        return [only(one, names) for one in thing if names_any(one, names)]
    if isinstance(thing, dict):
        return {
            key: one if names_any(key, names) else only(one, names)
            for key, one in thing.items()
            if names_any(key, names) or names_any(one, names)
        }
    return thing


def names_any(value: Any, names: Names) -> bool:
    """Whether a person is named anywhere in it."""
    if isinstance(value, str):
        listed = _listed(value) if value.startswith("[") else None
        if listed is not None and not any(isinstance(one, dict) for one in listed):  # a subject; a record is looked at as text
            return names_any(listed, names)
        return names.is_named(value) or names.without(value, "") is not value
    if isinstance(value, list | tuple):
        return any(map(names_any, value, _whose([*value], names)))
    return isinstance(value, dict) and any(names_any(one, names) for pair in value.items() for one in pair)
