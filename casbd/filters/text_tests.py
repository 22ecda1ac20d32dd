"""What each operator asks of one text or one number; null, lists and negation are `compile.py`'s business.

Text compares without regard to case: both sides are casefolded, so that `STRASSE` equals `straße`.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from socket import AF_INET, inet_pton

from casbd.filters.effort import STRETCH, Effort
from casbd.filters.tree import Condition, Value
from casbd.filters.values import regular_expression, words
from casbd.records.regular_expressions import MOST_TEXT, looks_at, size

HOLDING = frozenset({"eq", "substring", "startswith", "endswith"})
"""Operators of which a text must hold the value, as it is written, to pass."""
LONG = 10_000
"""What is done with so many characters and more is said before."""
INSTRUCTION, WORDS, TEXT = 4, 60, 300
"""About the nanoseconds, at their worst, for one character and one instruction, for one character of words, and for one more text."""
UNLIMITED = Effort()
TextTest = Callable[[str], bool]
NumericTest = Callable[[float], bool]


def text_test(condition: Condition, effort: Effort = UNLIMITED) -> TextTest:
    """The test of one text for a positive operator; numbers in text (of raw values) are compared as numbers.

    effort: counts what long texts take, and may end it.
    """
    match condition.operator:
        case "gt" | "gte" | "lt" | "lte" | "range":
            return _number_in_text(numeric_test(condition))
        case "matches":
            return _matches(condition, effort)
        case "cidr":
            return _cidr(condition)
        case "contains":
            return _contains(condition, effort)
    values = tuple(_text(value).casefold() for value in condition.values)
    match condition.operator:
        case "eq":
            equal = frozenset(values)
            return lambda text: (text.casefold() if len(text) <= LONG else _folded(text, effort)) in equal
        case "substring":
            return _substring(values, effort)
        case "startswith":
            return lambda text: (text.casefold() if len(text) <= LONG else _folded(text, effort)).startswith(values)
        case "endswith":
            return lambda text: (text.casefold() if len(text) <= LONG else _folded(text, effort)).endswith(values)
    raise ValueError(condition.operator)


def clues(condition: Condition) -> tuple[str, ...]:
    """Casefolded texts of which a text must hold one to pass the test, so that most need no test; empty where there are none."""
    match condition.operator:
        case "contains":
            return tuple(max(words(_text(value)).split(), key=len, default="") for value in condition.values)
        case "substring" | "startswith" | "endswith":
            return tuple(_text(value).casefold() for value in condition.values)
    return ()


def numeric_test(condition: Condition) -> NumericTest:
    """The test of one number or time for a positive operator. Of several bounds the widest decides, as any may hold."""
    ranges = [value for value in condition.values if isinstance(value, tuple)]
    numbers = [value for value in condition.values if isinstance(value, int | float)]
    match condition.operator:
        case "eq":
            equal = frozenset(numbers)
            return lambda number: number in equal
        case "gt":
            least = min(numbers)
            return lambda number: number > least
        case "gte":
            least = min(numbers)
            return lambda number: number >= least
        case "lt":
            most = max(numbers)
            return lambda number: number < most
        case "lte":
            most = max(numbers)
            return lambda number: number <= most
        case "range":
            return lambda number: any(start <= number <= end for start, end in ranges)
    raise ValueError(condition.operator)


def _text(value: Value) -> str:
    assert isinstance(value, str), value
    return value


def _folded(text: str, effort: Effort) -> str:
    """Of a long text; where it is short, a call is saved."""
    effort.spend(WORDS * len(text))
    return text.casefold()


def _substring(values: tuple[str, ...], effort: Effort) -> TextTest:
    short = LONG // max(len(values), 1)

    def substring(text: str) -> bool:
        if len(text) > short:
            return _holds_any(_folded(text, effort), values, effort)
        folded = text.casefold()
        return any(value in folded for value in values)

    return substring


def _holds_any(text: str, values: tuple[str, ...], effort: Effort) -> bool:
    """Whether some of the values is in a text. Many of them in a long one are looked for a few at a time."""
    few = max(STRETCH // max(len(text), 1), 1)
    for start in range(0, len(values), few):
        some = values[start : start + few]
        effort.spend(len(text) * len(some))
        if any(value in text for value in some):
            return True
    return False


def _contains(condition: Condition, effort: Effort) -> TextTest:
    phrases = tuple(words(_text(value)) for value in condition.values)
    short = LONG // max(len(phrases), 1)

    def contains(text: str) -> bool:
        if len(text) > short:
            effort.spend(WORDS * len(text))
            return _holds_any(words(text), phrases, effort)
        spaced = words(text)
        return any(phrase in spaced for phrase in phrases)

    return contains


def _matches(condition: Condition, effort: Effort) -> TextTest:
    expressions = [regular_expression(_text(value)) for value in condition.values]
    shown = [(expression.search, looks_at(expression), INSTRUCTION * size(expression)) for expression in expressions]

    def matches(text: str) -> bool:
        # Half of a surrogate pair has no UTF-8; a record that holds one must not pass by every other test of its text.
        text = text[:MOST_TEXT]
        whole = text.encode(errors="replace")
        for search, most, cost in shown:
            effort.spend(cost * min(len(text), most))
            if search(whole if len(text) <= most else text[:most].encode(errors="replace")) is not None:
                return True
        return False

    return matches


def any_test(condition: Condition, effort: Effort = UNLIMITED) -> Callable[[Sequence[str]], bool]:
    """Whether any of some texts passes. Regular expressions look at so many characters of all of them together, as of one."""
    fits = text_test(condition, effort)
    if condition.operator != "matches":

        def passes(texts: Sequence[str]) -> bool:
            if len(texts) > LONG // TEXT:
                effort.spend(TEXT * len(texts))
            return any(map(fits, texts))

        return passes

    def matches(texts: Sequence[str]) -> bool:
        left = MOST_TEXT
        for text in texts:
            if fits(text[:left]):
                return True
            left -= len(text)
            if left <= 0:
                return False
        return False

    return matches


def _cidr(condition: Condition) -> TextTest:
    networks: dict[tuple[int, int], set[int]] = {}
    for value in condition.values:
        network = ipaddress.ip_network(_text(value))
        host_bits = network.max_prefixlen - network.prefixlen
        networks.setdefault((network.version, host_bits), set()).add(int(network.network_address) >> host_bits)
    shapes = tuple((version, host_bits, frozenset(starts)) for (version, host_bits), starts in networks.items())

    def within(text: str) -> bool:
        address = _address(text)
        if address is None:
            return False
        version, number = address
        return any(version == of and number >> host_bits in starts for of, host_bits, starts in shapes)

    return within


def _address(text: str) -> tuple[int, int] | None:
    """Version and number of an address; None for a host name, or whatever else stands where an address should."""
    return None if len(text) > 64 else _address_of(text)  # longer than any address; such text must not fill the cache


@lru_cache(20_000)
def _address_of(text: str) -> tuple[int, int] | None:
    try:
        return 4, int.from_bytes(inet_pton(AF_INET, text), "big")  # a tenth of the time of what follows
    except (OSError, ValueError):
        pass
    try:
        address = ipaddress.ip_address(text.strip("[] "))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (4, int(mapped)) if mapped is not None else (address.version, int(address))


def _number_in_text(fits: NumericTest) -> TextTest:
    def number_fits(text: str) -> bool:
        if len(text) > 400 or "_" in text:  # Python reads 1_000 as a number, JSON does not
            return False
        try:
            number = float(text)
        except ValueError:
            return False
        return math.isfinite(number) and fits(number)

    return number_fits
