"""The first command of a search (`sourcetype=casbd:alert NOT event=closed`), as far as the add-on uses it.

After Splunk's Search Reference, "search": values compare without regard to case and with `*` for anything, of several values one is enough;
`a=b` and `a!=b` both ask for a field that is there, `NOT a=b` does not; NOT binds most, then OR, then AND, which may be left out.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

Fields = Mapping[str, list[str]]
Search = Callable[[Fields], bool]

_TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|!=|[=(),]|[^\s=!(),"]+)""")


def compile_search(text: str) -> Search:
    """Whether an event's fields meet a search. ValueError where it is none."""
    parser = _Parser(_TOKEN.findall(text))
    search = parser.all_of()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0]} in {text}")
    return search


def _is(name: str, wanted: str, fields: Fields) -> bool:
    return any(_pattern(wanted).fullmatch(one) for one in fields.get(name, []))


@cache
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, wanted.strip('"').split("*"))), re.IGNORECASE | re.DOTALL)


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def take(self, *expected: str) -> str | None:
        if self.tokens and self.tokens[0].upper() in expected:
            return self.tokens.pop(0)
        return None

    def all_of(self) -> Search:
        parts = [self.any_of()]
        while self.tokens and self.tokens[0] != ")":
            self.take("AND")
            parts.append(self.any_of())
        return lambda fields: all(part(fields) for part in parts)

    def any_of(self) -> Search:
        parts = [self.negation()]
        while self.take("OR"):
            parts.append(self.negation())
        return lambda fields: any(part(fields) for part in parts)

    def negation(self) -> Search:
        if self.take("NOT"):
            inner = self.negation()
            return lambda fields: not inner(fields)
        if self.take("("):
            inner = self.all_of()
            if not self.take(")"):
                raise ValueError(") is missing")
            return inner
        return self.comparison()

    def comparison(self) -> Search:
        name = self.tokens.pop(0)
        if self.take("IN"):
            values = []
            while not self.take(")"):
                values.append(self.tokens.pop(0))
            wanted = [value for value in values if value not in "(,"]
            return lambda fields: any(_is(name, value, fields) for value in wanted)
        sign = self.take("=", "!=")
        if not sign:
            return lambda fields: name.strip('"').casefold() in fields["_raw"][0].casefold()
        value = self.tokens.pop(0)
        if sign == "!=":
            return lambda fields: name in fields and not _is(name, value, fields)
        return lambda fields: _is(name, value, fields)
