"""What a person at a terminal may see: names, or pseudonyms where `privacy` in the configuration says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from casbd.cli import EXIT_CONFIGURATION
from casbd.cli._common import cell, open_store
from casbd.config.place import section
from casbd.errors import Mistakes
from casbd.pseudonyms import NONE, Pseudonyms
from casbd.store.database import Store

if TYPE_CHECKING:
    from casbd.filters.tree import Node, Value


def screen(configuration: Path) -> Pseudonyms:
    """What everything that names people goes through before it is shown. Without the key nothing is: the end of the program."""
    if section(configuration, "privacy") is None:
        return NONE
    from casbd.config import privacy  # they take longer to load than most commands to run
    from casbd.pseudonyms.configured import pseudonyms_of

    privacy_section = privacy.read(configuration)
    try:
        return pseudonyms_of(privacy_section)
    except Mistakes as error:
        for mistake in error.mistakes:
            click.echo(
                f"casbd: users and addresses are shown as pseudonyms alone, and there is no key to make them: {cell(mistake)}", err=True
            )
        sys.exit(EXIT_CONFIGURATION)


def real(store: Store, shown: Pseudonyms, text: str) -> str:
    """The user or address that an argument means: it may be a pseudonym. What nobody has stays as it is."""
    if not shown.is_pseudonym(text):
        return text
    from casbd.personal_data.resolving import resolve

    return resolve(store, shown, [text]).get(text, text)


def real_filters(configuration: Path, filters: Sequence[str | Node]) -> list[str | Node]:
    """Filters about users and addresses themselves. ValueError where one is wrong."""
    shown = screen(configuration)
    if not shown.fields:
        return [*filters]
    from casbd.filters.condition_text import parse_conditions
    from casbd.personal_data.resolving import resolve

    nodes = parse_conditions(filters)
    wanted = {value for node in nodes for value in _values(node) if isinstance(value, str) and shown.is_pseudonym(value)}
    if not wanted:
        return [*nodes]
    with open_store(configuration) as store:
        identities = resolve(store, shown, wanted)
    return [_with(node, identities) for node in nodes]


def _values(node: Node) -> Iterator[Value]:
    """What a filter's conditions compare with, also those about elements of lists."""
    from casbd.filters.tree import conditions, nodes_inside

    for condition in conditions(node):
        yield from condition.values
        for inner in nodes_inside(condition):
            yield from _values(inner)


def _with(node: Node, identities: dict[str, str]) -> Node:
    from casbd.filters.tree import Condition, Node

    def real(value: Value) -> Value:
        return identities.get(value, value) if isinstance(value, str) else _with(value, identities) if isinstance(value, Node) else value

    if isinstance(node, Condition):
        return replace(node, values=tuple(map(real, node.values)))
    return replace(node, nodes=tuple(_with(child, identities) for child in node.nodes))
