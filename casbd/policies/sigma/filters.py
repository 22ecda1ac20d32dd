"""Sigma's filters: documents with `filter:` that add a condition to rules, so that these stay as they came.

A rule alerts where its own condition holds and the filter's too (`condition: not selection` takes something out), as pySigma
does it. https://sigmahq.io/sigma-specification/specification/sigma-filters-specification.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from casbd.documents import Document
from casbd.errors import Mistake, Mistakes
from casbd.filters.tree import AllOf, Node
from casbd.policies.sigma.correlation import Base
from casbd.policies.sigma.meaning import filter_of
from casbd.policies.sigma.targets import Source

_PARTS = ("product", "service", "category")


def is_filter(document: Document) -> bool:
    """Whether a Sigma document is a filter for rules."""
    return "filter" in document.data and "detection" not in document.data


class Filters:
    """All filters that are known. mistakes: what is wrong in them; such a filter is not applied."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.mistakes: list[Mistake] = []
        self._usable: list[Document] = []
        self._nodes: dict[tuple[int, int], Node | Mistakes] = {}
        for document in documents:
            wrong = [*_wrong(document)]
            self.mistakes += wrong
            if not wrong:
                self._usable.append(document)

    def names(self) -> Iterator[tuple[Document, str]]:
        """The rules that filters name, by name or id."""
        for document in self._usable:
            for name in _rules(document):
                yield document, name

    def applied(self, rule: Document, names: set[str], base: Base) -> Base:
        """What a rule looks for with all filters that are for it. names: the rule's own."""
        nodes = [base.filters]
        for document in self._usable:
            if not _is_for(document, rule, names):
                continue
            try:
                nodes.append(self._node(document, base.source))
            except Mistakes as error:
                self.mistakes += [mistake for mistake in error.mistakes if mistake not in self.mistakes]
        return base if len(nodes) == 1 else Base(AllOf(tuple(nodes)), base.source, base.match)

    def _node(self, document: Document, source: Source) -> Node:
        """What a filter asks of a log source's records; worked out once, as thousands of rules may ask for it. Mistakes as `filter_of`."""
        key = id(document), id(source)
        if key not in self._nodes:
            try:
                self._nodes[key] = filter_of(document, source)
            except Mistakes as error:
                self._nodes[key] = error
        node = self._nodes[key]
        if isinstance(node, Mistakes):
            raise node
        return node


def _is_for(document: Document, rule: Document, names: set[str]) -> bool:
    own, of_rule = document.data["logsource"], rule.data["logsource"]
    if any(own.get(part) not in (None, of_rule.get(part)) for part in _PARTS):
        return False
    rules = _rules(document)
    return not rules or not names.isdisjoint(rules)


def _rules(document: Document) -> Sequence[str]:
    """The rules that a filter is for; none: all of its log source."""
    rules = document.data["filter"]["rules"]
    if isinstance(rules, str):
        return () if rules.casefold() == "any" else (rules,)
    return [str(name) for name in rules]


def _wrong(document: Document) -> Iterator[Mistake]:
    """What is wrong with a filter, whichever rule it is for."""
    part = document.data["filter"]
    if not isinstance(document.data.get("logsource"), dict):
        yield document.mistake(["logsource"], "`logsource` must be there, and is a mapping")
    if not isinstance(part, dict):
        yield document.mistake(["filter"], "`filter` is a mapping", "rules, selections and a condition")
    elif not isinstance(part.get("rules"), str | list):
        yield document.mistake(["filter", "rules"], "a filter needs `rules`", "a list of names or ids, or any")
