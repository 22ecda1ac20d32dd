"""Files of Sigma rules to policies: one for each rule that alerts.

`enabled`, `mode`, `category`, `alert`, `governance` and `tests` may stand in such a rule too, and mean what they mean in a
rule file of casbd's; other readers of the rule do not mind them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from casbd.clock import thread_cpu
from casbd.documents import Document
from casbd.errors import Mistake, Mistakes
from casbd.filters.limits import too_large
from casbd.filters.tree import depth
from casbd.model.alert import Severity
from casbd.policies.examples import ExampleReader
from casbd.policies.governance_steps import Connectors, of_nobody, wrong_steps
from casbd.policies.policy import Policy
from casbd.policies.rule_file import policy_id, policy_of, wrong_each, wrong_id
from casbd.policies.sigma import LEVEL_CRITICAL, is_sigma
from casbd.policies.sigma.collections import expanded
from casbd.policies.sigma.correlation import Base, WrongRule, correlated
from casbd.policies.sigma.filters import Filters, is_filter
from casbd.policies.sigma.keys import SigmaKeys, notes
from casbd.policies.sigma.meaning import rule_of
from casbd.policies.sigma.targets import Unmapped

LEVELS: dict[str, Severity] = {"informational": "informational", "low": "low", "medium": "medium", "high": "high", LEVEL_CRITICAL: "high"}


MOST_DEEP = 50
"""So deep a condition may be nested."""
MOST_SECONDS = 10
"""Of CPU that all rules of one file may take."""


class SigmaFiles:
    """All Sigma documents that are known, so that correlations and filters find the rules they name."""

    def __init__(self, files: Mapping[Path, Sequence[Document]]) -> None:
        self._files = {path: expanded(documents) for path, documents in files.items()}
        self._by_name: dict[str, list[Document]] = {}
        self._referred: set[str] = set()
        self._meanings: dict[int, Base | Mistakes] = {}
        self._spent: dict[Path, float] = {}
        sigma = [document for documents in self._files.values() for document in documents if is_sigma(document.data)]
        self._filters = Filters(document for document in sigma if is_filter(document))
        for document in sigma:
            for name in () if is_filter(document) else _names(document):
                self._by_name.setdefault(name, []).append(document)
            self._referred |= {name for name in _referred(document) if not _generates(document)}

    def policies(self, path: Path, connectors: Connectors | None = None) -> list[Policy]:
        """The policies of one file; none where it has only filters, and rules that correlations refer to.

        These rules raise no alert of their own. connectors: as for `load`. Mistakes with all that is wrong in the file, filters
        aside.
        """
        mistakes: list[Mistake] = []
        policies: list[Policy] = []
        for document in self._files[path]:
            try:
                if not is_sigma(document.data):
                    mistakes.append(document.mistake([], "this is no Sigma rule", "a file holds casbd's own policy, or Sigma rules"))
                elif self._is_part(document):
                    self._meaning(document)
                elif not is_filter(document):
                    policies.append(self._policy(path, document, len(policies) + 1, connectors))
            except Mistakes as error:
                mistakes += error.mistakes
        if mistakes:
            raise Mistakes(mistakes)
        return policies

    def part(self, path: Path) -> Policy:
        """The last rule of a file that raises no alert of its own, as if it did. Mistakes where it has no rule."""
        rules = [document for document in self._files[path] if is_sigma(document.data) and not is_filter(document)]
        if not rules:
            raise Mistakes([Mistake(str(path), 1, 1, "no policy of its own: a filter changes those of other files")])
        return self._policy(path, rules[-1], 1, None)

    def wrong_filters(self) -> list[Mistake]:
        """What is wrong in filters; to be asked when all policies are made, as a filter is only looked at with a rule."""
        return self._filters.mistakes

    def notes(self) -> list[Mistake]:
        """What is no mistake, but perhaps not what somebody meant."""
        sigma = (document for documents in self._files.values() for document in documents if is_sigma(document.data))
        mistakes = [note for document in sigma for note in notes(document)]
        for document, name in self._filters.names():
            if name not in self._by_name:
                mistakes.append(document.mistake(["filter", "rules"], f"there is no Sigma rule `{name}` for this filter"))
        return mistakes

    def _is_part(self, document: Document) -> bool:
        """Whether a rule is one that correlations refer to, and which raises no alert of its own."""
        return bool(self._referred & _names(document)) and not self._is_in_a_circle(document)

    def _is_in_a_circle(self, document: Document) -> bool:
        """Whether a correlation refers to itself, by way of others or not."""
        reached: set[str] = set()
        waiting = [*_referred(document)]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [further for rule in self._by_name.get(name, ()) for further in _referred(rule)]
        return bool(reached & _names(document))

    def _find(self, name: str) -> Base:
        """The rule that a correlation names. WrongRule where it cannot be used."""
        rules = self._by_name.get(name, [])
        if not rules:
            raise WrongRule(name, f"there is no Sigma rule `{name}`", "by its `name` or `id`, in this file or another")
        if len(rules) > 1:
            raise WrongRule(name, f"{len(rules)} Sigma rules are called `{name}`", ", ".join(str(one.path) for one in rules))
        try:
            return replace(self._meaning(rules[0]), names=frozenset(_names(rules[0])))
        except Mistakes as error:
            raise WrongRule(name, f"the rule `{name}` cannot be used", str(error.mistakes[0])) from None

    def _meaning(self, document: Document) -> Base:
        """Filter and counting of a rule or a correlation; worked out once. Mistakes, and nothing else."""
        meaning = self._meanings.get(id(document))
        if meaning is None:
            try:
                meaning = self._read(document)
            except Mistakes as error:
                meaning = error
            self._meanings[id(document)] = meaning
        if isinstance(meaning, Mistakes):
            raise meaning
        return meaning

    def _read(self, document: Document) -> Base:
        """As `_meaning`. What a file's rules take is bounded, as each of a hundred may take as much as one rule can."""
        spent = self._spent.get(document.path, 0.0)
        if spent > MOST_SECONDS:
            raise Mistakes([document.mistake([], f"the rules above take more than {MOST_SECONDS} s to read; the rest is left out")])
        begun = thread_cpu()
        try:
            return self._read_now(document)
        finally:
            self._spent[document.path] = spent + thread_cpu() - begun

    def _read_now(self, document: Document) -> Base:
        if self._is_in_a_circle(document):
            raise Mistakes([document.mistake(["correlation"], "this correlation refers to itself, perhaps by way of others")])
        try:
            if "correlation" in document.data:
                base = self._correlated(document)
            else:
                base = self._filters.applied(document, _names(document), rule_of(document))
        except Mistakes:
            raise
        except RecursionError:
            raise Mistakes([document.mistake(["detection", "condition"], "nested too deep")]) from None
        except Exception as error:  # noqa: BLE001  whatever pySigma makes of a hostile file: it is that file's mistake, and others go on
            raise Mistakes([document.mistake([], f"this rule cannot be read ({type(error).__name__})")]) from None
        if depth(base.filters) > MOST_DEEP:
            raise Mistakes([document.mistake(["detection"], f"nested deeper than {MOST_DEEP} levels")])
        if problem := too_large(base.filters):
            raise Mistakes([document.mistake(["detection"], problem)])
        return base

    def _correlated(self, document: Document) -> Base:
        part = document.data["correlation"]
        try:
            policy = correlated(part, self._find)
        except WrongRule as error:
            where = ["correlation", "rules", part["rules"].index(error.name)]
            raise Mistakes([document.mistake(where, str(error), error.hint)]) from None
        except Unmapped as error:
            raise Mistakes([document.mistake(["correlation"], str(error), error.hint)]) from None
        return Base(policy.filters, policy.source, policy.match)

    def _policy(self, path: Path, document: Document, number: int, connectors: Connectors | None) -> Policy:
        """The policy of one rule. number: which of its file's, from 1: the first has the file's name for an id."""
        mistakes = wrong_id(path) if number == 1 else []
        meaning = keys = None
        try:
            meaning = self._meaning(document)
        except Mistakes as error:
            mistakes += error.mistakes
        try:
            keys = document.check(SigmaKeys)
        except Mistakes as error:
            mistakes += error.mistakes
        examples = ExampleReader(document)
        tests = examples.read(document.data.get("tests"))
        mistakes += [*examples.mistakes, *_wrong_head(document), *wrong_steps(document, connectors)]
        match = meaning.match if meaning is not None else None
        mistakes += [*of_nobody(document, match), *wrong_each(document, match)]
        if mistakes or meaning is None or keys is None:
            raise Mistakes(mistakes)
        data = document.data
        level = _level(data)
        return policy_of(
            keys,
            document,
            meaning.filters,
            meaning.match,
            tests,
            id=numbered(path, number),
            name=data["title"],
            description=_description(data),
            severity=LEVELS[level],
            category=keys.category or "threat_detection",
            tags=(*_texts(data.get("tags")), *((LEVEL_CRITICAL,) if level == LEVEL_CRITICAL else ())),
            references=tuple(_texts(data.get("references"))),
        )


def numbered(path: Path, number: int) -> str:
    """The id of a file's policy, from 1: the first has the file's name."""
    return policy_id(path) if number == 1 else f"{policy_id(path)}-{number}"


def _wrong_head(document: Document) -> Iterator[Mistake]:
    title = document.data.get("title")
    if not isinstance(title, str) or not title:
        yield document.mistake(["title"], "`title` is missing")
    try:
        json.dumps(document.data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        yield document.mistake([], "half of a surrogate pair is no text")
    if _level(document.data) not in LEVELS:
        yield document.mistake(
            ["level"], f"`level` is never `{str(document.data['level'])[:80]}`", f"allowed: {', '.join(LEVELS)}", at_key=False
        )


def _level(data: Mapping[str, Any]) -> str:
    """The level as the specification writes it; medium where a rule has none."""
    return str(data.get("level") or "medium").casefold()


def _description(data: Mapping[str, Any]) -> str:
    positives = [text for text in _texts(data.get("falsepositives")) if text.casefold() not in ("unknown", "none", "unlikely")]
    described = data.get("description")
    parts = [described.strip()] if isinstance(described, str) else []
    return "\n".join([*parts, *([f"False positives: {'; '.join(positives)}"] if positives else [])])


def _texts(value: Any) -> list[str]:
    return [str(one).strip() for one in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


def _names(document: Document) -> set[str]:
    return {name for key in ("name", "id") if isinstance(name := document.data.get(key), str)}


def _referred(document: Document) -> Iterable[str]:
    part = document.data.get("correlation")
    rules = part.get("rules") if isinstance(part, dict) else None
    return [name for name in rules if isinstance(name, str)] if isinstance(rules, list) else []


def _generates(document: Document) -> bool:
    """Whether the rules that a correlation refers to alert as well: `generate` stands in it, or beside it."""
    part = document.data.get("correlation")
    return True in (document.data.get("generate"), isinstance(part, dict) and part.get("generate"))
