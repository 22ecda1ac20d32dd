"""YAML 1.2 to plain values, with where each of them stands; bounded, whatever the text is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.resolver import Resolver

from casbd.errors import Mistake, Mistakes

MAX_DEPTH = 100


MAX_NODES = 200_000
"""More than this after resolving anchors is an attack or an accident, not a rule file."""


def parse(path: Path, text: str) -> Any:
    """The tree of nodes of a document; None where it is empty. Mistakes where it is no YAML, or nested too deep."""
    try:
        return _compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = (error.problem or "is no YAML").splitlines()[0]
        raise Mistakes([Mistake(str(path), line, column, *_plainer(problem))]) from None
    except (YAMLError, RecursionError) as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is no YAML: {error}".splitlines()[0])]) from None


def _plainer(problem: str) -> tuple[str, str]:
    """What the YAML parser says, and a hint on what is most likely meant."""
    unquoted = _QUOTED.sub("'...'", problem)
    for words, message, hint in _SYNTAX:
        if words in problem:
            return message or unquoted, hint
    return unquoted, ""


_QUOTED = re.compile(r"""(["'])(?!<)(?:(?!\1).){3,}\1""")
"""The parser quotes names of the file. Of one that is no YAML nobody knows what it is, and whether it may be shown."""


_COLUMNS = "keys of one mapping, and dashes of one list, begin in the same column"


_SYNTAX = (
    ("\\t", "", "indent with blanks, not with tabs"),
    ("mapping values are not allowed", "no `key: value` can stand here", f"{_COLUMNS}; a text with `: ` in it needs quotes"),
    ("expected <block end>", "the indentation does not fit the lines above", _COLUMNS),
    ("could not find expected ':'", "a key without `:`", "key: value; a text of several lines needs quotes"),
    ("but got '<stream end>'", "a bracket is not closed", ""),
)
"""Words of the parser, a plainer message (empty: the parser's own), a hint."""


def _compose(text: str) -> Any:
    """The tree of nodes, scalars resolved as YAML 1.2 says.

    The parser in C takes a tenth of the time, but knows the syntax of YAML 1.1 (no colons within `[https://...]`); so what
    it refuses, the slow one decides. RecursionError where the one in C would overrun its stack.
    """
    if _is_deep(text):  # before it is parsed: the parser in C would end the whole process
        raise RecursionError("nested too deep")
    parser_in_c = _InC(text)
    try:
        return parser_in_c.get_single_node()
    except YAMLError:
        parser = YAML(typ="safe", pure=True)
        parser.composer.warn_double_anchors = False  # YAML allows them; the warning would go to standard error in lines of its own
        return parser.compose(text)
    finally:
        parser_in_c.dispose()


class _InC(CParser, Resolver):  # type: ignore[misc]
    """The parser in C, and what scalars mean in YAML 1.2. `YAML(typ="safe")` makes such a class for each document: four times as long."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Resolver.__init__(self)


def _is_deep(text: str) -> bool:
    """Whether there are more than a thousand levels: of brackets, or of `- - - ...` in one line."""
    if _DEEP_IN_A_LINE.search(text):
        return True
    depth = deepest = 0
    for bracket in re.findall(r"[][{}]", text) if text.count("[") + text.count("{") > _DEEP else ():
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest > _DEEP


_DEEP = 1000


_DEEP_IN_A_LINE = re.compile(rf"(?:[-?][ \t]+){{{_DEEP}}}")


class Reading:
    """Makes plain values of YAML nodes, and remembers where they stand: for each path the place of key and of value."""

    def __init__(self, path: Path) -> None:
        self.places: dict[tuple[str | int, ...], tuple[tuple[int, int], tuple[int, int]]] = {}
        self.mistakes: list[Mistake] = []
        self._path = path
        self._count = 0

    def values(self, root: Any) -> Any:
        """The value of the whole document; None where it is empty."""
        return self._value(root, (), root) if root is not None else None

    def _value(self, node: Any, where: tuple[str | int, ...], key: Any) -> Any:
        self._count += 1
        if len(where) > MAX_DEPTH:
            raise Mistakes([Mistake(str(self._path), *_place(node), "nested too deep (an anchor that refers to itself?)")])
        if self._count > MAX_NODES:  # anchors count as often as they are used, so that nested ones cannot explode
            raise Mistakes([Mistake(str(self._path), 0, 0, "too many values (anchors that refer to anchors?)")])
        self.places[where] = (_place(key), _place(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, where)
        if isinstance(node, SequenceNode):
            return [self._value(element, (*where, index), element) for index, element in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: Any, where: tuple[str | int, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, "a key must be text")
                continue
            if key.value in values:
                self._wrong(key, f"duplicate key `{key.value}`")
            values[key.value] = self._value(value, (*where, key.value), key)
        return values

    def _scalar(self, node: Any) -> Any:
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        text = node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int":
                return self._whole_number(node, int(text, 10) if text.lstrip("+-").isdigit() else int(text, 0))
            if kind == "float":
                return float(_FLOATS.get(text.lower().lstrip("+"), text))
        except ValueError:
            return text
        if kind not in ("str", "timestamp", "value", "merge"):
            self._wrong(node, f"the tag `{node.tag}` is not allowed")
        return text

    def _whole_number(self, node: Any, number: int) -> int:
        """Larger ones are no floats (OverflowError), and no number that anybody counts with."""
        if number.bit_length() > _BITS:
            self._wrong(node, "the number is too large")
            return 0
        return number

    def _wrong(self, node: Any, message: str) -> None:
        self.mistakes.append(Mistake(str(self._path), *_place(node), message))


_BITS = 1000
_FLOATS = {".inf": "inf", "-.inf": "-inf", ".nan": "nan"}


def _place(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
