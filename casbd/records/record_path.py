"""The way into a record as it was exported: `raw.<path>` in filters, and the paths of a `mapping`.

`raw.Parameters.ForwardTo` finds the value in an object, in a list of {Name, Value} (or {Key, Value}), and in JSON inside
a string. Through any other list it means any element, `[0]` one of them, `[field=email]` those whose `field` is `email`: of
changes with a name and two values, `raw.changes[field=email].newValue` is the new one. Keys, and what `[key=value]` asks for, compare
without regard to case. `raw.**` is every value there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from casbd.records.opening import MOST_FOUND, decode, every, inside, opened


class Having(NamedTuple):
    """`[key=value]`: the elements of a list, or the one object in its place, whose member `key` has this text."""

    key: str
    value: str


Step = str | int | Having
"""A key, or the number of a list's element from 0, or what an element has; or EVERY."""
EVERY = -1
"""`**`: every value from here on, however deep, that is no object and no list."""
ITSELF = -2
"""`.`: of a list's element, the element itself; where conditions are about one and the same element."""

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_STEP = re.compile(
    rf"""(?:^|\.)(?P<key>{_QUOTED}|[^."\[\]]+)|\[(?P<index>\d{{1,9}})\]|\[(?P<of>{_QUOTED}|[^."\[\]=]+)=(?P<having>{_QUOTED}|[^"\[\]]+)\]"""
)


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path as it stands behind `raw.`; ValueError where it is none."""
    if text.startswith("."):
        raise ValueError(text)
    steps: list[Step] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(text)
        position = step.end()
        if step["index"] is not None:
            steps.append(int(step["index"]))
        elif step["of"] is not None:
            steps.append(Having(_plain(step["of"]), _plain(step["having"])))
        else:
            steps.append(EVERY if step["key"] == "**" else _plain(step["key"]))
    if not steps:
        raise ValueError(text)
    return tuple(steps)


def _plain(word: str) -> str:
    """A word of a path without its quotation marks, if it has some."""
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word[0] == '"' else word


def write_path(steps: tuple[Step, ...]) -> str:
    """The path as a person writes it: the reverse of `parse_path`."""
    text = ""
    for step in steps:
        if step == EVERY:
            text += ".**"
        elif step == ITSELF:
            text += ".."  # the first dot goes, as that of a key
        elif isinstance(step, int):
            text += f"[{step}]"
        elif isinstance(step, Having):
            text += f"[{_word(step.key, but='.=')}={_word(step.value)}]"
        else:
            text += f".{_word(step, but='.')}"
    return text.removeprefix(".")


def _word(text: str, but: str = "") -> str:
    """A word as it stands in a path: in quotation marks where it has one of `but`, or what no word has without them."""
    if text != "**" and re.fullmatch(rf'[^"\[\]\\\s{but}]+', text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


class RawReader:
    """Reads the raw record of an activity at most once, however many conditions ask for it one after the other."""

    __slots__ = ("_decoded", "_folded", "_keys", "_members", "_names", "_record", "_text", "_values")

    def __init__(self) -> None:
        self._names: dict[tuple[Step, ...], tuple[str, ...]] = {}
        self._text: str | None = None
        self._folded: str | None = None
        self._decoded = True
        self._record: Any = None
        self._keys: dict[str, list[Any]] | None = None
        self._members: dict[Step, list[Any]] = {}
        self._values: dict[tuple[Step, ...], list[Any]] = {}

    def find(self, text: str, path: tuple[Step, ...]) -> list[Any]:
        """As `find`, in the record that the text holds; nothing where it is no JSON."""
        if text is not self._text:  # the text is held, so no other can have taken its identity
            self._begin(text)
        values = self._values.get(path)
        if values is None:
            values = self._values[path] = self._find(text, path) if self._decoded or self._may_lead_anywhere(path) else []
        return values

    def may_hold(self, text: str, clues: Sequence[str]) -> bool:
        """Whether a value of the record may hold one of some texts, which are `plain_part`s. A look costs a tenth of decoding."""
        if text is not self._text:
            self._begin(text)
        folded = self._folded
        return folded is None or any(clue in folded for clue in clues)

    def _find(self, text: str, path: tuple[Step, ...]) -> list[Any]:
        if not self._decoded:
            self._record = decode(text)
            self._decoded = True
        if self._record is None and path == (EVERY,):
            return [text] if text else []  # a line of CEF, say, is one value
        if len(path) == 1:
            return self._first(path[0])
        if path[1] == EVERY:
            return _follow(self._first(path[0]), path[1:])
        # Most paths go through the same few members, which may be long, or JSON inside a string.
        members = self._members.get(path[0])
        if members is None:
            members = self._members[path[0]] = [inside(value) for value in self._first(path[0])]
        return _follow(members, path[1:])

    def _first(self, step: Step) -> list[Any]:
        """What the first step of a path leads to; a record has dozens of keys, and a thousand rules ask for as many paths."""
        record = self._record
        if not isinstance(record, dict) or not isinstance(step, str):
            return _step(record, step)
        if step in record:
            return [record[step]]
        if self._keys is None:
            self._keys = {}
            for key, value in record.items():
                self._keys.setdefault(key.casefold(), []).append(value)
        return self._keys.get(step.casefold(), [])

    def _begin(self, text: str) -> None:
        self._text = text
        self._decoded = False
        self._record = None
        self._keys = None
        self._members = {}
        self._values = {}
        # Without escapes, every name of a path that leads somewhere stands in the text: a look costs a tenth of decoding.
        self._folded = text.lower() if text.isascii() and ("\\" not in text or "\\u" not in text) else None

    def _may_lead_anywhere(self, path: tuple[Step, ...]) -> bool:
        folded = self._folded
        if folded is None:
            return True
        names = self._names.get(path)
        if names is None:
            names = self._names[path] = tuple(step.casefold() for step in reversed(path) if isinstance(step, str) and step.isalnum())
        for name in names:  # noqa: SIM110  asked of every record: a generator costs more than the look
            if name not in folded:
                return False
        return True


def find(record: Any, path: tuple[Step, ...]) -> list[Any]:
    """All values that the path leads to, lists opened: none, one, or those of several elements."""
    value = record
    for number, step in enumerate(path):
        if not isinstance(value, dict) or step not in value:
            return _follow([value], path[number:])
        value = value[step]  # as nearly all do
    return [value]


def _follow(values: list[Any], path: tuple[Step, ...]) -> list[Any]:
    for step in path:
        values = [*islice((inner for value in values for inner in _step(value, step)), MOST_FOUND)]
        if not values:
            break
    return values


def texts(values: list[Any]) -> list[str]:
    """What text operators compare: text, and everything else but null by its JSON text; elements of lists each."""
    if len(values) == 1 and isinstance(values[0], str):
        return values
    written = []
    for value in islice(opened(values), MOST_FOUND):
        if isinstance(value, str):
            written.append(value)
        elif isinstance(value, bool):
            written.append("true" if value else "false")
        elif isinstance(value, int):
            written.append(str(value))
        elif value:  # an object; fractions in it stand in quotes
            written.append(_written(value))
    return written


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""


def _step(value: Any, step: Step) -> list[Any]:
    if step == EVERY:
        return every(value)
    if step == ITSELF:
        return [value]
    value = inside(value)
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    if isinstance(step, Having):
        return [one for one in islice(opened([value]), MOST_FOUND) if isinstance(one, dict) and _has(one, step)]
    if isinstance(value, dict):
        return _member(value, step)
    if not isinstance(value, list):
        return []
    key = step.casefold()
    objects = [element for element in islice(opened(value), MOST_FOUND) if isinstance(element, dict)]
    named = [one for element in objects for one in _named(element, key)]
    return named or [one for element in objects for one in _member(element, step)]


def _has(one: dict[str, Any], step: Having) -> bool:
    wanted = step.value.casefold()
    return any(text.casefold() == wanted for text in texts(_member(one, step.key)))


def _member(record: dict[str, Any], key: str) -> list[Any]:
    if key in record:
        return [record[key]]
    folded = key.casefold()
    return [value for name, value in record.items() if name.casefold() == folded]


def _named(pair: dict[str, Any], key: str) -> list[Any]:
    """The value of a {Name, Value} or {Key, Value} with this name, or the new one of {Name, OldValue, NewValue}.

    Microsoft writes old and new values as JSON: `"True"` within quotes is True. Google has {name, boolValue}, {name, multiValue} ...
    """
    if len(pair) == 2 and "Name" in pair and "Value" in pair:  # how Microsoft writes most of them
        name = pair["Name"]
        return [pair["Value"]] if isinstance(name, str) and name.casefold() == key else []
    for label in ("Name", "Key", "displayName"):
        names = _member(pair, label)
        if names and isinstance(names[0], str) and names[0].casefold() == key:
            if len(pair) == 2:
                return [value for other, value in pair.items() if other.casefold() != label.casefold()]
            return _member(pair, "Value") or [_unquoted(value) for value in _member(pair, "NewValue")]
    return []


def _unquoted(value: Any) -> Any:
    """The text that JSON text holds; everything else as it is."""
    quoted = isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"'
    inside = decode(value) if quoted else value
    return inside if isinstance(inside, str) else value
