"""A document as one HTML file: no script, nothing loaded, for the screen and for A4 paper.

Everything that it says is escaped, and the page itself forbids what could be run or fetched (https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from itertools import count
from typing import Any

from casbd.reports.charts import svg
from casbd.reports.document import Block, Cell, Chart, Code, Document, Figures, Paragraph, Section, Steps, Table, number
from casbd.reports.style import STYLE
from casbd.wire.plain_text import single_line

LONG = 40
"""Characters of a word that is broken, so that it does not push the others off the page."""

_WHEN = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", re.ASCII)
"""A time, which is not broken."""


def html(document: Document) -> str:
    """The file's text."""
    charts = count(1)
    body = "".join(_section(section, lambda: f"c{next(charts)}") for section in document.sections)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(document.title)}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><header><h1>{_text(document.title)}</h1><p>{_text(document.lead)}</p></header>"
        f"<main>{body}</main><footer><p>{_text(document.footer)}</p></footer></body></html>\n"
    )


def _section(section: Section, ident: Callable[[], str]) -> str:
    return f"<section><h2>{_text(section.title)}</h2>{''.join(_block(block, ident) for block in section.blocks)}</section>"


def _block(block: Block, ident: Callable[[], str]) -> str:
    if isinstance(block, Chart):
        return f"<figure><figcaption>{_text(block.title)}</figcaption>{svg(block, ident())}</figure>"
    write: Any = _WRITE[type(block)]
    return str(write(block))


def _paragraph(block: Paragraph) -> str:
    return f"<p{' class=note' if block.note else ''}>{_text(block.text)}</p>"


def _figures(block: Figures) -> str:
    tiles = (
        f"<div><dt>{_text(one.label)}</dt><dd class=value>{_text(one.value)}</dd><dd class=note>{_text(one.note)}</dd></div>"
        for one in block.figures
    )
    return f"<dl class=figures>{''.join(tiles)}</dl>"


def _table(block: Table) -> str:
    if not block.rows:
        return f"<p class=note>{_text(block.empty)}</p>"
    numeric = [all(_is_number(row[place]) for row in block.rows) for place in range(len(block.columns))]
    heads = "".join(
        f"<th scope=col{' class=number' if right else ''}>{_text(name)}</th>" for name, right in zip(block.columns, numeric, strict=True)
    )
    rows = "".join(f"<tr>{''.join(_cell(value, right) for value, right in zip(row, numeric, strict=True))}</tr>" for row in block.rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: Cell, right: bool) -> str:
    text = shown(value)
    kind = "number" if right else "when" if _WHEN.fullmatch(text) else ""
    if max(map(len, text.split()), default=0) > LONG:
        kind = "long"
    return f"<td{kind and f' class={kind}'}>{_text(text)}</td>"


def _is_number(value: Cell) -> bool:
    return not isinstance(value, str) or value[:1] in ("+", "-")


def shown(value: Cell) -> str:
    """A cell's text: big numbers with separators, nothing for what is not known."""
    if value is None:
        return ""
    return value if isinstance(value, str) else number(value)


def _code(block: Code) -> str:
    return f"<pre>{''.join(_line(line, block) for line in block.text.splitlines())}</pre>"


def _line(line: str, block: Code) -> str:
    kind = {"+": "added", "-": "removed"}.get(line[:1], "") if block.language == "diff" else ""
    text = escape(_printable(line))
    return f"<span class={kind}>{text}</span>\n" if kind else f"{text}\n"


def _steps(block: Steps) -> str:
    if not block.steps:
        return f"<p class=note>{_text(block.empty)}</p>"
    items: Iterator[str] = (
        f"<li><strong>{_text(one.what)}</strong> {_text(one.why)}{f'<br><code>{_text(one.do)}</code>' if one.do else ''}</li>"
        for one in block.steps
    )
    return f"<ol class=steps>{''.join(items)}</ol>"


_WRITE: dict[type, Callable[[Any], str]] = {Paragraph: _paragraph, Figures: _figures, Table: _table, Code: _code, Steps: _steps}


def _printable(line: str) -> str:
    """A line with its indentation, without what turns the writing direction or is not shown."""
    return line if line.isprintable() else " " * (len(line) - len(line.lstrip(" "))) + single_line(line)


def _text(text: str) -> str:
    return escape(single_line(text))
