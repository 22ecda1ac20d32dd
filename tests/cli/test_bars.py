"""Bars in a terminal: as long as the numbers say, in columns, and never wider than the terminal."""

import pytest
from rich.cells import cell_len

from casbd.cli._bars import bar, lines


@pytest.mark.parametrize(
    ("number", "most", "shown"),
    [(0, 8, ""), (1, 8, "█"), (8, 8, "████████"), (1, 64, "▏"), (9, 64, "█▏"), (63, 64, "███████▉"), (1, 10**6, "▏"), (0, 0, "")],
)
def test_to_an_eighth_of_a_character(number, most, shown):
    assert bar(number, most, 8) == shown


def test_names_and_numbers_are_columns():
    assert lines(("day", "activities"), [("2026-01-01", 4), (None, 1234), ("2026-01-03", 0)], 36) == [
        "day         activities",
        "2026-01-01           4  ▏",
        "(unknown)        1,234  ████████████",
        "2026-01-03           0",
    ]


@pytest.mark.parametrize("width", [30, 60, 160])
def test_fit_the_terminal_whatever_is_counted(width):
    found = lines(("isp", "activities"), [("x" * 300, 5), ("漢" * 90, 4), ("evil\x1b[2J\n", 1)], width)
    assert max(map(cell_len, found)) <= width
    assert not {*"".join(found)} & {"\x1b", "\n"}


def test_of_nothing():
    assert lines(("day", "activities"), [], 80) == ["day  activities"]
