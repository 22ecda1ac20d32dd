"""A document as Markdown (GitHub's, https://github.github.com/gfm/): charts as tables, everything else as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from casbd.reports.document import Block, Chart, Code, Document, Figures, Paragraph, Steps, Table
from casbd.reports.html import shown
from casbd.wire.plain_text import single_line

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&]|^[+=-])")
"""What means something in Markdown, or begins HTML. Any of it may stand behind a backslash (CommonMark 2.4)."""
_LINKED = re.compile(r"(?i)(?<![\w])(https?|ftp|www|mailto|xmpp)([:.])")
_NUMBERED = re.compile(r"^(\d+)([.)])")


def markdown(document: Document) -> str:
    """The file's text."""
    parts = [f"# {_text(document.title)}", _text(document.lead)]
    for section in document.sections:
        parts += [f"## {_text(section.title)}", *map(_block, section.blocks)]
    return "\n\n".join([*parts, "---", _text(document.footer)]) + "\n"


def _block(block: Block) -> str:
    write: Any = _WRITE[type(block)]
    return str(write(block))


def _paragraph(block: Paragraph) -> str:
    return _text(block.text)


def _figures(block: Figures) -> str:
    return _rows(("Number", "Value", "Compared"), [(one.label, one.value, one.note) for one in block.figures])


def _table(block: Table) -> str:
    return _rows(block.columns, block.rows) if block.rows else _text(block.empty)


def _chart(block: Chart) -> str:
    rows = [(label, *(values[place] for values in block.series.values())) for place, label in enumerate(block.labels)]
    return f"**{_text(block.title)}**\n\n{_rows(('', *block.series), rows)}"


def _code(block: Code) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", block.text)), default=0))
    lines = (line if line.isprintable() else single_line(line) for line in block.text.splitlines())
    return "\n".join([f"{fence}{block.language}", *lines, fence])


def _span(text: str) -> str:
    """A command, as it is typed."""
    line = single_line(text)
    ticks = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{ticks} {line} {ticks}" if "`" in line else f"`{line}`"


def _steps(block: Steps) -> str:
    if not block.steps:
        return _text(block.empty)
    return "\n".join(
        f"{place}. **{_text(one.what)}** {_text(one.why)}" + (f" {_span(one.do)}" if one.do else "")
        for place, one in enumerate(block.steps, 1)
    )


_WRITE: dict[type, Callable[[Any], str]] = {
    Paragraph: _paragraph,
    Figures: _figures,
    Table: _table,
    Chart: _chart,
    Code: _code,
    Steps: _steps,
}


def _rows(columns: Any, rows: Any) -> str:
    lines = [columns, ["---"] * len(columns)]
    written = ["| " + " | ".join(_text(name) for name in lines[0]) + " |", "| " + " | ".join(lines[1]) + " |"]
    return "\n".join([*written, *("| " + " | ".join(_text(shown(value)) for value in row) + " |" for row in rows)])


def _text(text: str) -> str:
    """One line of plain text, whatever stands in it: no link, no picture, no HTML, no list."""
    escaped = _SPECIAL.sub(r"\\\1", single_line(text))
    return _NUMBERED.sub(r"\1\\\2", _LINKED.sub("\\1\u200b\\2", escaped))
