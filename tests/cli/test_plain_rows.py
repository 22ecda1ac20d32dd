"""Tables where no terminal is: to the letter what rich prints, whatever is in them and however narrow they are."""

from io import StringIO
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from casbd.cli import _common

TEXTS = st.text(st.sampled_from("ab -@.é漢字\u0301\u200b\U0001f600[]"), max_size=24) | st.integers(0, 10**9).map(str)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5)


def printed(rows, width, title="", *, terminal):
    """What a table of these rows is. Without colours a terminal gets the same as a file, from rich itself."""
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    with patch.object(_common, "terminal", lambda: console):
        _common.table(title, ("a", "name", "long column"), rows, less=("long column",))
    return out.getvalue()


@given(ROWS, st.sampled_from([7, 9, 12, 20, 40, 160]))
@example([("a" * 30, "漢" * 9, "")], 12)
@example([("漢", "漢", "漢")], 7)
def test_a_file_gets_what_a_terminal_without_colours_gets(rows, width):
    assert printed(rows, width, terminal=False) == printed(rows, width, terminal=True)


@pytest.mark.parametrize("title", ["", "What adds to it"])
def test_with_a_title_and_without_rows(title):
    for rows in ([], [("a", None, ["b", "c"])]):
        text = printed(rows, 80, title, terminal=False)
        assert text == printed(rows, 80, title, terminal=True)
        assert text.count("\n") == 2 + bool(title) + len(rows)


def test_rich_makes_no_row_where_no_terminal_is():
    """It takes half a millisecond for each."""
    with patch("rich.table.Table.add_row", side_effect=AssertionError):
        assert printed([("a", "b", "c")] * 1000, 80, terminal=False).count("\n") == 1002
