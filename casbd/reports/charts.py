"""Charts as SVG, to stand inside a page: no script, nothing loaded, text as text, and said in words for who cannot see them.

https://www.w3.org/TR/SVG2/ and, for `role`, `title` and `desc`, https://www.w3.org/TR/svg-aam-1.0/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, log10

from casbd.reports.document import Chart, number
from casbd.wire.plain_text import cut, single_line

WIDTH = 720
"""Units of a chart; the page scales it."""
COLOURS = {"High": "#a4262c", "Medium": "#c8690c", "Low": "#3b78a8", "Informational": "#8b98a5"}
"""Of severities; they differ in lightness too, so that a grey print shows them."""
PLAIN = "#1f5f8b"
_ROW, _LONGEST_NAME = 26, 34
_HEIGHT, _LEFT, _BOTTOM, _TOP = 210, 46, 24, 12
_SPACE = WIDTH - _LEFT - 8


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


def _columns(chart: Chart) -> tuple[int, str]:
    """A column for each label, the series upon each other, with what they add up to."""
    sums = [sum(values) for values in zip(*chart.series.values(), strict=True)]
    scale, axes = _axes(max([*sums, 0]))
    step = _SPACE / max(1, len(chart.labels))
    wide = min(46.0, step * 0.68)
    drawn = [axes, _labels(chart.labels, step)]
    for place in range(len(chart.labels)):
        x, top = _LEFT + step * (place + 0.5) - wide / 2, float(_HEIGHT - _BOTTOM)
        for name, values in reversed([*chart.series.items()]):
            high = max(1.0, values[place] * scale)  # one of a million is seen, too
            if values[place]:
                top -= high
                drawn.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{_colour(name)}"/>')
        if sums[place]:
            drawn.append(f'<text x="{x + wide / 2:.1f}" y="{top - 4:.1f}" text-anchor="middle" class="value">{number(sums[place])}</text>')
    return _HEIGHT + (26 if len(chart.series) > 1 else 0), "".join(drawn) + _legend(chart.series)


def _line(chart: Chart) -> tuple[int, str]:
    """One line over a filled area."""
    (values,) = chart.series.values()
    scale, axes = _axes(max([*values, 0]))
    step = _SPACE / max(1, len(values))
    floor = _HEIGHT - _BOTTOM
    points = [(_LEFT + step * (place + 0.5), floor - value * scale) for place, value in enumerate(values)]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    first, last = (points[0][0], points[-1][0]) if points else (0.0, 0.0)
    area = f'<polygon points="{first:.1f},{floor} {way} {last:.1f},{floor}" fill="{PLAIN}" fill-opacity="0.14"/>'
    line = f'<polyline points="{way}" fill="none" stroke="{PLAIN}" stroke-width="2" stroke-linejoin="round"/>'
    return _HEIGHT, axes + _labels(chart.labels, step) + area + line


def _axes(most: int) -> tuple[float, str]:
    """Units of height for one, and the lines with their numbers."""
    top, each = _ticks(most)
    scale = (_HEIGHT - _BOTTOM - _TOP - 8) / top
    lines = []
    for value in range(0, top + 1, each):
        y = _HEIGHT - _BOTTOM - value * scale
        lines.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" class="{"grid" if value else "axis"}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" class="tick">{number(value)}</text>'
        )
    return scale, "".join(lines)


def _ticks(most: int) -> tuple[int, int]:
    """The end of the axis and the distance of its marks: round numbers, at most five of them."""
    if most <= 4:
        return max(most, 1), 1
    power = 10 ** int(log10(most / 4))
    each = next(step * power for step in (1, 2, 5, 10, 20) if step * power * 4 >= most)
    return ceil(most / each) * each, each


def _labels(labels: Sequence[str], step: float) -> str:
    """Below the axis; of many only as many as there is room for."""
    widest = 7 * max(map(len, labels), default=1) + 6
    every = max(1, ceil(widest / step))
    return "".join(
        f'<text x="{_LEFT + step * (place + 0.5):.1f}" y="{_HEIGHT - 8}" text-anchor="middle" class="tick">{_text(label)}</text>'
        for place, label in enumerate(labels)
        if (len(labels) - 1 - place) % every == 0
    )


def _legend(series: Mapping[str, Sequence[int]]) -> str:
    if len(series) < 2:
        return ""
    drawn, x = [], _LEFT
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
