"""A glance at a text says that it may meet one of many conditions exactly where it holds what one of them looks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.filters.glance import FEW, MOST_CHARACTERS, glance_of
from casbd.filters.tree import Condition

NUMBERED = [f"Salaries-{n}" for n in range(12)] + [f"merger-{n}" for n in range(12)]
DIFFERENT = [f"{chr(97 + n)}{chr(98 + n)}{n} plan" for n in range(FEW + 4)]
SHORT = [f"{n}x" for n in range(FEW + 4)]
NAMES = {"few": NUMBERED[:3], "numbered": NUMBERED, "different": DIFFERENT, "short": SHORT, "numbered and short": [*NUMBERED, "zq"]}
SOME = [*NUMBERED, *DIFFERENT, *SHORT, "Straße", "\ud800", "exact", " ", "report"]


@pytest.mark.parametrize("several", NAMES.values(), ids=NAMES)
@given(parts=st.lists(st.sampled_from(SOME) | st.text(max_size=5), max_size=4), cut=st.integers(0, 4))
def test_it_is_true_of_what_holds_one_of_them(several, parts, cut):
    conditions = [Condition("object_name", "substring", (text,)) for text in several]
    glance = glance_of([*conditions, Condition("object_name", "eq", ("Exact",))])
    text = "".join(parts)[cut:]
    folded = text.casefold()
    assert bool(glance(text)) == (folded == "exact" or any(one.casefold() in folded for one in several))


def test_nothing_holds_none():
    assert glance_of([Condition("object_name", "substring", (text,)) for text in NUMBERED])(None) is False


@pytest.mark.parametrize("letter", ["a", "\u6f22", "\U0001f600"], ids=["one byte", "three", "four"])
def test_as_many_as_are_looked_for_are_found_each(letter):
    """RE2 refuses a pattern that its memory is too small for."""
    texts = [f"{n:04} {letter * 15}" for n in range(MOST_CHARACTERS // 20)]
    glance = glance_of([Condition("object_name", "substring", (text,)) for text in texts])
    assert glance is not None
    assert all(glance(f"a report {text}.docx") for text in texts)
    assert not glance(f"a report {letter * 15}.docx")
