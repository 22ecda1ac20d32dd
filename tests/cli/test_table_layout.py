"""Which columns there is room for, and how wide they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.cli._table_layout import layout

COLUMNS = ("timestamp", "user", "object", "country")
ROW = ("2026-01-01 12:00:00", "carla.rossi@contoso.com", "documents/" + "x" * 60, "NO")
LESS = ("country", "object")
words = st.text(st.sampled_from("ab 界"), max_size=60)


def widths(width, row=ROW, less=LESS):
    return {COLUMNS[index]: wide for index, wide in layout(COLUMNS, [row], less, width).items()}


def test_an_address_stays_whole_and_what_matters_less_is_parted():
    assert widths(80) == {"timestamp": 19, "user": 23, "object": 80 - 19 - 23 - 7 - 6, "country": 7}


def test_what_matters_least_goes_first():
    assert widths(75) == {"timestamp": 19, "user": 23, "object": 20, "country": 7}
    assert widths(74) == {"timestamp": 19, "user": 23, "object": 28}
    assert widths(60) == {"timestamp": 19, "user": 23}


def test_a_time_stays_whole_where_an_address_cannot():
    assert widths(40) == {"timestamp": 19, "user": 19}


def test_words_are_parted_only_where_they_have_to_be():
    assert widths(60, ("1", "a sentence of several words, longer than that", "", "")) == {
        "timestamp": 9,
        "user": 60 - 9 - 6 - 7 - 6,
        "object": 6,
        "country": 7,
    }


def test_room_is_not_wasted_on_what_needs_none():
    assert sum(widths(500).values()) == sum(map(len, (*ROW[:3], "country")))


@given(st.lists(st.tuples(words, words, words, words), max_size=4), st.integers(10, 200), st.sets(st.sampled_from(COLUMNS)))
def test_it_fits(rows, width, less):
    found = layout(COLUMNS, rows, sorted(less), width)
    assert sum(found.values()) + 2 * (len(found) - 1) <= width
    assert [COLUMNS[index] for index in found if COLUMNS[index] not in less] == [name for name in COLUMNS if name not in less]
    assert all(found.values())


@pytest.mark.parametrize("width", [1, 4])
def test_no_terminal_is_too_narrow_for_an_answer(width):
    assert set(widths(width).values()) == {1}
