"""What a Sigma rule looks for: its detection, parsed by pySigma, as a filter on the records of its log source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sigma.exceptions import SigmaConditionError, SigmaError
from sigma.policy.profiles import TrustedPolicy
from sigma.rule import SigmaRule

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistakes
from casbd.filters.tree import AnyOf, Node
from casbd.policies.sigma import weight
from casbd.policies.sigma.conditions import WrongField, tree
from casbd.policies.sigma.correlation import Base, aggregated
from casbd.policies.sigma.sources import UnknownSource, source_of
from casbd.policies.sigma.targets import Source, Unmapped


def rule_of(document: Document) -> Base:
    """Filter and counting of a rule. Mistakes where something cannot be said; its date, status and the like are nobody's business."""
    for key in ("logsource", "detection"):
        if not isinstance(document.data.get(key), dict):
            raise Mistakes([document.mistake([key], f"`{key}` must be there, and is a mapping", _instead(document, key))])
    detection = document.data["detection"]
    with _mistakes_placed(document, "detection"):
        conditions = _conditions(document, "detection")
        old = [condition.partition("|")[2] for condition in conditions]
        logsource = document.data["logsource"]
        source = source_of(*(_name(logsource, part) for part in ("product", "service", "category")))
        node = searched(detection, [condition.partition("|")[0].strip() for condition in conditions], source)
        match = None
        if any(old):
            try:
                match = aggregated(old[0], detection.get("timeframe", document.data.get("timeframe")), source)
            except WrongField:
                raise
            except Unmapped as error:
                where = ["detection", "condition"]
                raise Mistakes([document.mistake(where, str(error), error.hint, at_key=False)]) from None
        return Base(node, source, match)


def filter_of(document: Document, source: Source) -> Node:
    """What a filter (a document with `filter:`) asks of the records of a log source. Mistakes where something cannot be said."""
    with _mistakes_placed(document, "filter"):
        return searched(document.data["filter"], _conditions(document, "filter"), source)


def searched(detection: Mapping[str, Any], conditions: list[str], source: Source) -> Node:
    """The filter of a detection's selections. Raises pySigma's errors, and Unmapped."""
    plain = {key: value for key, value in detection.items() if key not in ("condition", "timeframe", "rules")}
    weight.check(plain, conditions)
    rule_data = {"title": "", "logsource": {"product": "any"}, "detection": plain | {"condition": conditions}}
    # Trusted: Python's engine looks at regular expressions, which runs none of them; RE2 decides later, without writing to stderr.
    rule = SigmaRule.from_dict(rule_data, policy=TrustedPolicy)
    nodes: list[Node] = [tree(condition.parsed, source) for condition in rule.detection.parsed_condition]
    return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))


def _conditions(document: Document, part: str) -> list[str]:
    written = document.data[part].get("condition")
    if not written:
        hint = _close("condition", document.data[part]) or "such as condition: selection"
        raise Mistakes([document.mistake([part], "`condition` is missing", hint)])
    return [str(condition) for condition in written] if isinstance(written, list) else [str(written)]


def _name(logsource: Mapping[str, Any], part: str) -> str | None:
    """One of the names of a log source."""
    name = logsource.get(part)
    if name is not None and not isinstance(name, str):
        raise UnknownSource(f"`{part}` of a log source is text")
    return name or None


def _instead(document: Document, key: str) -> str:
    """The key of a document that seems to be a misspelling of the one that is missing."""
    return "" if key in document.data else _close(key, document.data)


def _close(key: str, keys: Mapping[str, Any]) -> str:
    hint = nearest(key, keys)
    return hint.replace("did you mean", "is this", 1) if hint.startswith("did") else ""


@contextmanager
def _mistakes_placed(document: Document, part: str) -> Iterator[None]:
    """What pySigma and the mapping of fields refuse, as a mistake of the document with its place. part: where the conditions stand."""
    try:
        yield
    except UnknownSource as error:
        raise Mistakes([document.mistake(["logsource"], str(error), error.hint)]) from None
    except Unmapped as error:
        where = _place(document.data[part], part, error.field) if isinstance(error, WrongField) else [part]
        raise Mistakes([document.mistake(where, str(error), error.hint)]) from None
    except SigmaError as error:
        where = [part, "condition"] if isinstance(error, SigmaConditionError) else [part]
        message = re.sub(r"\bb'(.*)'$", r"\1", str(error)).replace("Unsupported type: <class 'dict'>", "a value cannot be a mapping")
        raise Mistakes([document.mistake(where, message)]) from None


def _place(detection: Any, part: str, field: str | None) -> Where:
    """Where a detection names a field."""

    def walk(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        if isinstance(value, dict):
            for key, inside in value.items():
                if str(key).split("|")[0] == field and len(where) > 1:
                    yield (*where, key)
                yield from walk(inside, (*where, key))
        elif isinstance(value, list):
            for index, inside in enumerate(value):
                yield from walk(inside, (*where, index))

    return next(walk(detection, (part,)), (part,))
