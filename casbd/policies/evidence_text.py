"""`title:` and `evidence:` of a rule file's alerts: words, and in braces what stands in the activity.

    gave {raw.ModifiedProperties."Role.DisplayName" | object_name}[ to {user_display_name}]

`{a | b}` is the first of these that is known. What stands in square brackets is left out where something in it is not known; where
something outside of them is not, the whole text is. A bracket that is meant is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from casbd.filters.fields import FieldRef, parse_field
from casbd.filters.values import FilterError
from casbd.records.record_path import EVERY, write_path

LONGEST = 1000
"""Characters of such a text in a rule file."""
_NO_PLACES = frozenset({"raw", "matched_policies"})
_TOKEN = re.compile(r'\{\{|\}\}|\[\[|\]\]|\{(?P<place>(?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}|(?P<mark>[{}\[\]])|[^{}\[\]]+')
_FIELDS = re.compile(r'(?:[^|"]|"(?:[^"\\]|\\.)*")+')


class Place(msgspec.Struct, frozen=True):
    """What stands in braces: fields, of which the first one that is known is meant."""

    fields: tuple[FieldRef, ...]


Piece = str | Place


class Group(msgspec.Struct, frozen=True):
    """Words that are left out together. optional: it stands in square brackets."""

    pieces: tuple[Piece, ...]
    optional: bool

    def filled(self, known: Callable[[str], str]) -> str | None:
        """With what is known; None where something is not."""
        texts = [piece if isinstance(piece, str) else _first(piece, known) for piece in self.pieces]
        return "".join(texts) if all(texts) else None


class EvidenceText(msgspec.Struct, frozen=True):
    """Such a text."""

    groups: tuple[Group, ...]

    def fields(self) -> tuple[FieldRef, ...]:
        """All fields that it names."""
        return tuple(field for group in self.groups for piece in group.pieces if isinstance(piece, Place) for field in piece.fields)

    def filled(self, known: Callable[[str], str]) -> str:
        """The sentence; empty where something that must be known is not. known: what is known of a field, by `name_of_field`."""
        texts = [(group.filled(known), group.optional) for group in self.groups]
        return "" if any(text is None and not optional for text, optional in texts) else "".join(text or "" for text, _ in texts)


def name_of_field(field: FieldRef) -> str:
    """A field's name, as it is written."""
    return f"raw.{write_path(field.path)}" if field.path else field.name


def read(text: str) -> EvidenceText:
    """The text of a rule file. ValueError, in words for whoever wrote it."""
    if not text.strip() or len(text) > LONGEST or not text.isprintable():
        raise ValueError(f"one line of 1 to {LONGEST} characters")
    groups: list[Group] = []
    pieces: list[Piece] = []
    optional = False
    for token in _TOKEN.finditer(text):
        if token["place"] is not None:
            pieces.append(_place(token["place"]))
        elif token["mark"] == ("]" if optional else "["):
            groups.append(_group(pieces, optional=optional))
            pieces, optional = [], not optional
        elif token["mark"]:
            raise ValueError(f"`{token['mark']}` at character {token.start() + 1} has no other half (one that is meant is written twice)")
        else:
            pieces.append(token[0][:1] if token[0] in ("{{", "}}", "[[", "]]") else token[0])
    if optional:
        raise ValueError("`[` has no other half (one that is meant is written twice)")
    return EvidenceText((*groups, _group(pieces, optional=False)))


def _group(pieces: list[Piece], *, optional: bool) -> Group:
    if optional and all(isinstance(piece, str) for piece in pieces):
        raise ValueError("in square brackets stands what may be unknown: `[ to {object_name}]`")
    return Group(tuple(pieces), optional)


def _place(text: str) -> Place:
    return Place(tuple(_field(name.strip()) for name in _FIELDS.findall(text) or [""]))


def _field(name: str) -> FieldRef:
    try:
        field = parse_field(name)
    except FilterError as error:
        raise ValueError(str(error)) from None
    if EVERY in field.path or (not field.path and field.name in _NO_PLACES):
        raise ValueError(f"`{name}` is too much for a sentence: name one of its values, such as raw.Parameters.ForwardTo")
    return field


def _first(place: Place, known: Callable[[str], str]) -> str:
    """What is known of the first field of which anything is."""
    return next((text for field in place.fields if (text := known(name_of_field(field)))), "")
