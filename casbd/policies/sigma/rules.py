"""The documents of a file of Sigma rules to one policy.

`enabled`, `mode`, `category`, `alert`, `governance` and `tests` may stand in such a file too, and mean what they mean in a
rule file of casbd's; other readers of the rule do not mind them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sigma.exceptions import SigmaConditionError, SigmaError, SigmaLogsourceError
from sigma.policy.profiles import TrustedPolicy
from sigma.rule import SigmaRule

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake, Mistakes
from casbd.model.alert import Severity
from casbd.policies.examples import ExampleReader
from casbd.policies.governance_steps import Connectors, wrong_steps
from casbd.policies.policy import Policy, digest
from casbd.policies.rule_file import CommonKeys, alert_options, policy_id, wrong_id
from casbd.policies.sigma import LEVEL_CRITICAL, is_sigma
from casbd.policies.sigma.conditions import WrongField, tree
from casbd.policies.sigma.correlation import Base, aggregated, correlated
from casbd.policies.sigma.sources import Unmapped, source_of
from casbd.policies.tree import AnyOf, Node, depth

LEVELS: dict[str, Severity] = {"informational": "informational", "low": "low", "medium": "medium", "high": "high", LEVEL_CRITICAL: "high"}


MOST_DEEP = 50
"""So deep a condition may be nested."""


class SigmaKeys(CommonKeys):
    """What casbd reads of a Sigma file besides the rule."""


class SigmaFiles:
    """All Sigma documents that are known, so that correlations find the rules they name."""

    def __init__(self, files: Mapping[Path, Sequence[Document]]) -> None:
        self._by_name: dict[str, list[Document]] = {}
        self._referred: set[str] = set()
        for documents in files.values():
            for document in documents:
                if not is_sigma(document.data):
                    continue
                for name in _names(document):
                    self._by_name.setdefault(name, []).append(document)
                self._referred |= {name for name in _referred(document) if not _generates(document)}

    def is_part(self, documents: Sequence[Document]) -> bool:
        """Whether a file has only rules that correlations refer to, which raise no alert of their own."""
        return all(self._referred & _names(document) for document in documents) and not any(map(self._is_in_a_circle, documents))

    def _is_in_a_circle(self, document: Document) -> bool:
        """Whether a correlation refers to itself, by way of others or not."""
        reached: set[str] = set()
        waiting = [*_referred(document)]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [further for found in self._by_name.get(name, ()) for further in _referred(found)]
        return bool(reached & _names(document))

    def policy(self, path: Path, documents: Sequence[Document], connectors: Connectors | None = None) -> Policy:
        """The policy of one file. connectors: as for `load`. Mistakes with what is wrong in it."""
        for document in documents:
            if not is_sigma(document.data):
                raise Mistakes([document.mistake([], "this is no Sigma rule", "a file holds one policy")])
        for document in documents:
            if self._is_in_a_circle(document):
                raise Mistakes([document.mistake(["correlation"], "this correlation refers to itself, perhaps by way of others")])
        own = [document for document in documents if not self._referred & _names(document)]
        found: list[Mistake] = []
        policies = []
        for document in own or documents[-1:]:
            try:
                policies.append(_policy(path, document, self._find, connectors))
            except Mistakes as mistakes:
                found += mistakes.found
        if len(own) > 1:
            found.append(own[1].mistake([], "a second rule that would alert", "one file is one policy"))
        if found:
            raise Mistakes(found)
        return policies[0]

    def _find(self, name: str) -> Base:
        found = self._by_name.get(name, [])
        if not found:
            raise Unmapped(f"there is no Sigma rule `{name}`", "by its `name` or `id`, in this file or another")
        if len(found) > 1:
            raise Unmapped(f"{len(found)} Sigma rules are called `{name}`", ", ".join(str(one.path) for one in found))
        return _meaning(found[0], self._find)


def _policy(path: Path, document: Document, find: Callable[[str], Base], connectors: Connectors | None) -> Policy:
    found = wrong_id(path)
    meaning = None
    try:
        meaning = _meaning(document, find)
    except Mistakes as mistakes:
        found += mistakes.found
    except Unmapped as error:
        found.append(document.mistake(["correlation"], str(error), error.hint))
    except RecursionError:
        found.append(document.mistake(["detection", "condition"], "nested too deep"))
    except Exception as error:  # noqa: BLE001  whatever pySigma makes of a hostile file: it is that file's mistake, and others go on
        found.append(document.mistake([], f"this rule cannot be read ({type(error).__name__})"))
    if meaning is not None and depth(meaning.filters) > MOST_DEEP:
        found.append(document.mistake(["detection"], f"nested deeper than {MOST_DEEP} levels"))
    keys = None
    try:
        keys = document.check(SigmaKeys)
    except Mistakes as mistakes:
        found += mistakes.found
    examples = ExampleReader(document)
    tests = examples.read(document.data.get("tests"))
    found += [*examples.found, *_wrong_head(document), *_misplaced(document), *wrong_steps(document, connectors)]
    if found or meaning is None or keys is None:
        raise Mistakes(found)
    data = document.data
    level = str(data.get("level", "medium"))
    return Policy(
        id=policy_id(path),
        name=data["title"],
        description=_description(data),
        severity=LEVELS[level],
        category=keys.category or "threat_detection",
        enabled=keys.enabled,
        mode=keys.mode,
        filters=meaning.filters,
        match=meaning.match,
        alert=alert_options(keys.alert),
        governance=tuple((step.action, step.connector) for step in keys.governance),
        tags=(*_texts(data.get("tags")), *((LEVEL_CRITICAL,) if level == LEVEL_CRITICAL else ())),
        references=tuple(_texts(data.get("references"))),
        path=path,
        line=document.place([])[0],
        digest=digest(meaning.filters, meaning.match),
        tests=tests,
    )


def _meaning(document: Document, find: Callable[[str], Base]) -> Base:
    """Filter and counting of a rule or a correlation. Mistakes, or Unmapped in a correlation."""
    if "correlation" in document.data:
        found = correlated(document.data["correlation"], find)
        return Base(found.filters, found.source, found.match)
    try:
        return _rule(document)
    except Unmapped as error:
        where = _place(document, error.field) if isinstance(error, WrongField) else ["logsource"]
        raise Mistakes([document.mistake(where, str(error), error.hint)]) from None
    except SigmaError as error:
        where = ["logsource"] if isinstance(error, SigmaLogsourceError) else ["detection"]
        if isinstance(error, SigmaConditionError):
            where.append("condition")
        told = re.sub(r"\bb'(.*)'$", r"\1", str(error)).replace("Unsupported type: <class 'dict'>", "a value cannot be a mapping")
        raise Mistakes([document.mistake(where, told)]) from None


def _rule(document: Document) -> Base:
    """A rule. Its date, status and the like are nobody's business here, and their mistakes neither."""
    for key in ("logsource", "detection"):
        if not isinstance(document.data.get(key), dict):
            raise Mistakes([document.mistake([key], f"`{key}` must be there, and is a mapping")])
    detection = document.data["detection"]
    if not detection.get("condition"):
        raise Mistakes([document.mistake(["detection"], "`condition` is missing", "such as condition: selection")])
    conditions = detection["condition"]
    conditions = conditions if isinstance(conditions, list) else [conditions]
    old = [str(condition).partition("|")[2] for condition in conditions]
    plain = {key: value for key, value in detection.items() if key not in ("condition", "timeframe")}
    plain["condition"] = [str(condition).partition("|")[0].strip() for condition in conditions]
    # Trusted: Python's engine looks at regular expressions, which runs none of them; RE2 decides later, without writing to stderr.
    rule = SigmaRule.from_dict({"title": "", "logsource": document.data["logsource"], "detection": plain}, policy=TrustedPolicy)
    source = source_of(rule.logsource.product, rule.logsource.service, rule.logsource.category)
    nodes: list[Node] = [tree(condition.parsed, source) for condition in rule.detection.parsed_condition]
    match = None
    if any(old):
        try:
            match = aggregated(old[0], detection.get("timeframe", document.data.get("timeframe")), source)
        except WrongField:
            raise
        except Unmapped as error:
            raise Mistakes([document.mistake(["detection", "condition"], str(error), error.hint, at_key=False)]) from None
    return Base(nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes)), source, match)


def _place(document: Document, field: str | None) -> Where:
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

    return next(walk(document.data["detection"], ("detection",)), ("detection",))


def _wrong_head(document: Document) -> Iterator[Mistake]:
    title = document.data.get("title")
    if not isinstance(title, str) or not title:
        yield document.mistake(["title"], "`title` is missing")
    try:
        json.dumps(document.data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield document.mistake([], "half of a surrogate pair is no text")
    level = document.data.get("level", "medium")
    if not isinstance(level, str) or level not in LEVELS:
        yield document.mistake(["level"], f"`level` is never `{level}`", f"allowed: {', '.join(LEVELS)}", at_key=False)


_ELSEWHERE = {
    "severity": "Sigma's word is `level`",
    "match": "write a correlation, in this file behind `---`",
    "filters": "they stand in `detection`",
}


def _misplaced(document: Document) -> Iterator[Mistake]:
    """Keys that casbd's own rule files have, or that are nearly those it reads here; Sigma lets everybody add keys of their own."""
    own = [*CommonKeys.model_fields]
    for key in document.data:
        if key in _ELSEWHERE:
            yield document.mistake([key], f"`{key}` is not read in a Sigma rule", _ELSEWHERE[key])
        elif isinstance(key, str) and key not in own and (hint := nearest(key, own)).startswith("did"):
            yield document.mistake([key], f"unknown key `{key}`", hint)


def _description(data: Mapping[str, Any]) -> str:
    positives = [text for text in _texts(data.get("falsepositives")) if text.casefold() not in ("unknown", "none", "unlikely")]
    described = data.get("description")
    parts = [described.strip()] if isinstance(described, str) else []
    return "\n".join([*parts, *([f"False positives: {'; '.join(positives)}"] if positives else [])])


def _texts(given: Any) -> list[str]:
    return [str(one).strip() for one in given] if isinstance(given, list) else [given] if isinstance(given, str) else []


def _names(document: Document) -> set[str]:
    return {name for key in ("name", "id") if isinstance(name := document.data.get(key), str)}


def _referred(document: Document) -> Iterable[str]:
    given = document.data.get("correlation")
    rules = given.get("rules") if isinstance(given, dict) else None
    return [name for name in rules if isinstance(name, str)] if isinstance(rules, list) else []


def _generates(document: Document) -> bool:
    """Whether the rules that a correlation refers to alert as well."""
    given = document.data.get("correlation")
    return isinstance(given, dict) and given.get("generate") is True
