"""Charts as SVG, to stand inside a page: no script, nothing loaded, text as text, and said in words for who cannot see them.

https://www.w3.org/TR/SVG2/ and, for `role`, `title` and `desc`, https://www.w3.org/TR/svg-aam-1.0/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, log10
from typing import NamedTuple

from casbd.reports.document import Chart, number
from casbd.wire.plain_text import cut, single_line

WIDTH = 720
"""Units of a chart; the page scales it."""
COLOURS = {"High": "#a4262c", "Medium": "#c8690c", "Low": "#3b78a8", "Informational": "#8b98a5"}
"""Of severities; they differ in lightness too, so that a grey print shows them."""
PLAIN = "#1f5f8b"
_ROW, _LONGEST_NAME = 26, 34
_HEIGHT, _BOTTOM, _TOP = 210, 24, 12


def svg(chart: Chart, ident: str) -> str:
    """The picture. ident: what its title is known by in the page; each chart has its own."""
    draw = {"bars": _bars, "columns": _columns, "line": _line}[chart.kind]
    height, inside = draw(chart)
    said = _said(chart)
    return (
        f'<svg role="img" aria-labelledby="{ident}-t {ident}-d" viewBox="0 0 {WIDTH} {height}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{ident}-t">{_text(chart.title)}</title><desc id="{ident}-d">{_text(said)}</desc>{inside}</svg>'
    )


def _said(chart: Chart) -> str:
    """The numbers in words."""
    several = len(chart.series) > 1
    parts = []
    for place, label in enumerate(chart.labels):
        values = {name: values[place] for name, values in chart.series.items() if values[place]}
        told = ", ".join(f"{name} {number(value)}" if several else number(value) for name, value in values.items()) or "0"
        parts.append(f"{label}: {told}")
    return f"{chart.unit.capitalize()}. {'; '.join(parts)}."


def _bars(chart: Chart) -> tuple[int, str]:
    """A row each: name, bar, number."""
    (values,) = chart.series.values()
    most = max([*values, 1])
    left = 20 + 7 * max((len(cut(single_line(label), _LONGEST_NAME)) for label in chart.labels), default=0)
    room = WIDTH - left - 70
    drawn = []
    for row, (label, value) in enumerate(zip(chart.labels, values, strict=True)):
        y = row * _ROW
        width = max(2, round(room * value / most)) if value else 0
        drawn.append(
            f'<text x="{left - 10}" y="{y + 17}" text-anchor="end">{_text(cut(single_line(label), _LONGEST_NAME))}</text>'
            f'<rect x="{left}" y="{y + 5}" width="{width}" height="{_ROW - 10}" rx="2" fill="{_colour(label)}"/>'
            f'<text x="{left + width + 6}" y="{y + 17}" class="value">{number(value)}</text>'
        )
    return max(1, len(drawn)) * _ROW, "".join(drawn)


class _Plot(NamedTuple):
    """Where numbers are drawn: from `left` on, a `step` for each label, `scale` units of height for one. axes: the lines and numbers."""

    left: float
    step: float
    scale: float
    axes: str

    def middle(self, place: int) -> float:
        """Of a label's part."""
        return self.left + self.step * (place + 0.5)


def _columns(chart: Chart) -> tuple[int, str]:
    """A column for each label, the series upon each other, with what they add up to."""
    sums = [sum(values) for values in zip(*chart.series.values(), strict=True)]
    plot = _plot(chart.labels, max([*sums, 0]))
    wide = min(46.0, plot.step * 0.68)
    drawn = [plot.axes]
    for place in range(len(chart.labels)):
        x, top = plot.middle(place) - wide / 2, float(_HEIGHT - _BOTTOM)
        for name, values in reversed([*chart.series.items()]):
            high = max(1.0, values[place] * plot.scale)  # one of a million is seen, too
            if values[place]:
                top -= high
                drawn.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{_colour(name)}"/>')
        if sums[place]:
            drawn.append(f'<text x="{x + wide / 2:.1f}" y="{top - 4:.1f}" text-anchor="middle" class="value">{number(sums[place])}</text>')
    return _HEIGHT + (26 if len(chart.series) > 1 else 0), "".join(drawn) + _legend(chart.series, plot.left)


def _line(chart: Chart) -> tuple[int, str]:
    """One line over a filled area."""
    (values,) = chart.series.values()
    plot = _plot(chart.labels, max([*values, 0]))
    floor = _HEIGHT - _BOTTOM
    points = [(plot.middle(place), floor - value * plot.scale) for place, value in enumerate(values)]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    first, last = (points[0][0], points[-1][0]) if points else (0.0, 0.0)
    area = f'<polygon points="{first:.1f},{floor} {way} {last:.1f},{floor}" fill="{PLAIN}" fill-opacity="0.14"/>'
    line = f'<polyline points="{way}" fill="none" stroke="{PLAIN}" stroke-width="2" stroke-linejoin="round"/>'
    return _HEIGHT, plot.axes + area + line


def _plot(labels: Sequence[str], most: int) -> _Plot:
    """Room to the left for the largest number of the axis."""
    top, each = _ticks(most)
    left = max(46, 7 * len(number(top)) + 14)
    step = (WIDTH - left - 8) / max(1, len(labels))
    scale = (_HEIGHT - _BOTTOM - _TOP - 8) / top
    lines = [_labels(labels, left, step)]
    for value in range(0, top + 1, each):
        y = _HEIGHT - _BOTTOM - value * scale
        lines.append(
            f'<line x1="{left}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" class="{"grid" if value else "axis"}"/>'
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" class="tick">{number(value)}</text>'
        )
    return _Plot(left, step, scale, "".join(lines))


def _ticks(most: int) -> tuple[int, int]:
    """The end of the axis and the distance of its marks: round numbers, at most five of them."""
    if most <= 4:
        return max(most, 1), 1
    power = 10 ** int(log10(most / 4))
    each = next(step * power for step in (1, 2, 5, 10, 20) if step * power * 4 >= most)
    return ceil(most / each) * each, each


def _labels(labels: Sequence[str], left: float, step: float) -> str:
    """Below the axis; of many only as many as there is room for."""
    widest = 7 * max(map(len, labels), default=1) + 6
    every = max(1, ceil(widest / step))
    return "".join(
        f'<text x="{left + step * (place + 0.5):.1f}" y="{_HEIGHT - 8}" text-anchor="middle" class="tick">{_text(label)}</text>'
        for place, label in enumerate(labels)
        if (len(labels) - 1 - place) % every == 0
    )


def _legend(series: Mapping[str, Sequence[int]], left: float) -> str:
    if len(series) < 2:
        return ""
    drawn, x = [], left
    for name in series:
        drawn.append(
            f'<rect x="{x}" y="{_HEIGHT + 6}" width="12" height="12" fill="{_colour(name)}"/>'
            f'<text x="{x + 17}" y="{_HEIGHT + 16}">{_text(name)}</text>'
        )
        x += 40 + 7 * len(name)
    return "".join(drawn)


def _colour(name: str) -> str:
    return COLOURS.get(name, PLAIN)


def _text(text: str) -> str:
    return escape(single_line(text))
