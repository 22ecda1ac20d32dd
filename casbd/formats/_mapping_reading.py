"""The values of a mapping as functions, made once: `read(here, record)` is what a record has for one field, None where that is nothing.

here: the element of `each` in which paths begin, or the record itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from casbd.documents.name_patterns import NamePatterns
from casbd.errors import BadRecord
from casbd.formats._mapping_parts import Part, Test, When, compiled
from casbd.formats._mapping_places import Find, finder
from casbd.formats._mapping_values import READERS, UNKNOWN, Read, is_unknown, joined_addresses, time_reader
from casbd.model.activity import FIELDS
from casbd.records import record_path, regular_expressions
from casbd.remembered import Remembered

Reader = Callable[[Any, Any], Any]
Condition = Callable[[Any, Any], bool]
_TEXT = READERS["text"]


def condition(when: When) -> Condition | None:
    """Whether all of a condition holds; None where there is none."""
    tests = [(finder(path), _test(test)) for path, test in when.items()]
    if len(tests) == 1:
        (find, holds), *_ = tests
        return lambda here, record: holds(find(here, record))
    return (lambda here, record: all(holds(find(here, record)) for find, holds in tests)) if tests else None


def _test(test: Test) -> Callable[[list[Any]], bool]:
    wanted = NamePatterns(test.eq) if test.eq is not None else None
    unwanted = NamePatterns(test.neq or ())

    def holds(values: list[Any]) -> bool:
        texts = record_path.texts(values) if values else ()
        if test.isset is not None and test.isset is not any(text for text in texts):
            return False
        if wanted is not None and not any(wanted.matching(text) is not None for text in texts):
            return False
        return not any(unwanted.matching(text) is not None for text in texts)

    return holds


def field_reader(name: str, value: Sequence[Part]) -> Reader:
    """What reads one field of the activity. BadRecord where it is a time that cannot be read."""
    return _first([_field_part(name, part) for part in value])


def text_reader(value: Sequence[Part]) -> Reader:
    """What reads a text."""
    return _first([_read(part, "", _TEXT) for part in value])


def _first(readers: Sequence[Reader]) -> Reader:
    """The first that leads to a value."""
    if len(readers) == 1:
        return readers[0]

    def first(here: Any, record: Any) -> Any:
        wrong = None
        for read in readers:
            try:
                value = read(here, record)
            except BadRecord as error:  # another may be the time
                wrong = wrong or error
                continue
            if value is not None and value != ():
                return value
        if wrong is not None:
            raise wrong
        return None

    return first


def _field_part(name: str, part: Part) -> Reader:
    if name == "timestamp":
        return _read(part, name, time_reader(part.format, ZoneInfo(part.zone) if part.zone else UTC))
    return _read(part, name, joined_addresses if name == "ip_address" else READERS[FIELDS[name].kind])


_LONGEST = 2 * max(map(len, UNKNOWN))
"""A text of more characters says something, but for blanks, which are taken out of all activities."""


def _read(part: Part, name: str, read: Read) -> Reader:
    """All that a part says, one around the other."""
    values = _values(part)
    if part.regex:
        values = _matching(part.regex, values)
    if part.map is not None:
        values = _translated(part, values)
    if part.case:
        values = _in_case(part.case, values)

    def reader(here: Any, record: Any) -> Any:
        found = values(here, record)
        return read(name, found) if found else None

    holds = condition(part.when)
    return reader if holds is None else lambda here, record: reader(here, record) if holds(here, record) else None


Values = Callable[[Any, Any], list[Any]]


def _values(part: Part) -> Values:
    """What says something of what is there."""
    if part.path is not None:
        return _known(finder(part.path))
    if part.value is not None:
        constant = [part.value]
        return lambda _, __: constant
    readers, between = [text_reader(one) for one in part.join], part.between

    def joined(here: Any, record: Any) -> list[Any]:
        texts = [text for read in readers if (text := read(here, record)) is not None]
        return [between.join(texts)] if texts else []

    return joined


def _known(find: Find) -> Values:
    def known(here: Any, record: Any) -> list[Any]:
        values = find(here, record)
        if not values:
            return values
        if len(values) == 1 and type(text := values[0]) is str:  # as nearly all are
            return values if len(text) > _LONGEST or text.strip().casefold() not in UNKNOWN else []
        return [value for value in values if not is_unknown(value)]

    return known


def _matching(regex: str, values: Values) -> Values:
    expression = compiled(regex)

    def groups(here: Any, record: Any) -> list[Any]:
        for text in shown(expression, record_path.texts(values(here, record))):
            if (match := expression.search(sound(text))) and match[1] and not is_unknown(match[1]):
                return [match[1]]
        return []

    return groups


def _translated(part: Part, values: Values) -> Values:
    meanings, otherwise = part.map or {}, part.otherwise
    patterns = NamePatterns(meanings)

    def meaning(text: str) -> str | None:
        pattern = patterns.matching(text)
        return otherwise if pattern is None else meanings[pattern]

    known = Remembered(meaning, 1_000, 100)

    def translated(here: Any, record: Any) -> list[Any]:
        return [means for text in record_path.texts(values(here, record)) if (means := known[text.strip()]) is not None]

    return translated


def _in_case(case: str, values: Values) -> Values:
    change = str.lower if case == "lower" else str.upper
    return lambda here, record: [change(text) for text in record_path.texts(values(here, record))]


def shown(regex: Any, texts: Sequence[str]) -> Iterator[str]:
    """What a regular expression looks at of some texts: so much of all of them together as of one."""
    left = regular_expressions.looks_at(regex)
    for text in texts:
        if left > 0:
            yield text[:left]
        left -= len(text)


def sound(text: str) -> str:
    """RE2 and UTF-8 take no halves of surrogate pairs."""
    return text if text.isascii() else text.encode(errors="replace").decode()
