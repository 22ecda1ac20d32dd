"""A report's page in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from casbd.cli._bars import draw
from casbd.cli._common import cell, table
from casbd.reports.document import Block, Chart, Code, Document, Figures, Paragraph, Steps, Table
from casbd.reports.html import shown


def show(document: Document) -> None:
    """Print it."""
    click.secho(cell(document.title), bold=True)
    click.echo(cell(document.lead))
    for section in document.sections:
        click.secho(f"\n{cell(section.title)}", bold=True)
        for block in section.blocks:
            _show(block)
    click.echo(f"\n{cell(document.footer)}")


def _show(block: Block) -> None:
    write: Any = _SHOW[type(block)]
    write(block)


def _paragraph(block: Paragraph) -> None:
    click.echo(cell(block.text))


def _figures(block: Figures) -> None:
    for one in block.figures:
        click.echo(f"  {cell(one.label)}: {cell(one.value)}{f' ({cell(one.note)})' if one.note else ''}")


def _table(block: Table) -> None:
    if not block.rows:
        click.echo(cell(block.empty))
        return
    table("", block.columns, [[shown(value) for value in row] for row in block.rows])


def _chart(block: Chart) -> None:
    """What the series add up to: a terminal has one bar a line."""
    click.echo()
    draw((block.title, block.unit), [*zip(block.labels, map(sum, zip(*block.series.values(), strict=True)), strict=True)])


def _code(block: Code) -> None:
    for line in block.text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        click.echo(f"  {' ' * indent}{cell(line)}")


def _steps(block: Steps) -> None:
    if not block.steps:
        click.echo(cell(block.empty))
    for place, one in enumerate(block.steps, 1):
        click.echo(f"  {place}. {cell(one.what)} {cell(one.why)}")
        if one.do:
            click.echo(f"     {cell(one.do)}")


_SHOW: dict[type, Callable[[Any], None]] = {
    Paragraph: _paragraph,
    Figures: _figures,
    Table: _table,
    Chart: _chart,
    Code: _code,
    Steps: _steps,
}
