"""The pairs of an item: in C and in Python the same, whatever their values are."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casbd.wire import leef, pairs
from casbd.wire.cef_message import escape
from casbd.wire.pairs import Key, Pairs
from tests.wire.items import texts

CEF, LEEF = Pairs(" ", "=\\", escape), leef._ATTRIBUTES
usual = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
edges = st.sampled_from(["", " ", "a ", " a", "\x1f", " ~", "~", "\x7f", "\x80", "a\0b", "=", "a\\", "ä", "\ud800", "long" * 2000])
text = usual | edges | texts
numbers = st.integers() | st.sampled_from([0, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1]) | st.booleans()
values = st.none() | text | numbers | st.lists(st.none() | text, max_size=3).map(tuple) | st.lists(text, max_size=2)
prefixes = st.sampled_from(["suser=", "cs1Label=portal URL cs1=", "ä="])
keys = st.lists(st.tuples(prefixes, values, st.sampled_from([0, 4, 5, 12, 4000])), max_size=6)


def by_python(form, own, item, *, with_empty):
    return form.separator.join([prefix + value for prefix, value, _ in form.listed(own, item, with_empty=with_empty)])


@given(keys, st.sampled_from([CEF, LEEF, CEF._replace(separator=""), CEF._replace(separator=" ä ")]), st.booleans())
@example([("a=", "x" * 4094, 0), ("b=", "", 0)], CEF, True)
@example([("a=", "x" * 4097, 0), ("b=", "y" * 9000, 0), ("c=", 5, 0)], CEF, False)
@example([("a=", "1", 0), ("b=", (), 0), ("c=", "", 4)], CEF, True)
@example([("a=", "", 0)], CEF, True)
@example([("a=", (), 4), ("b=", "x", 0)], CEF, True)
@example([("a=", ("one",), 4), ("b=", ("one", "two"), 5), ("c=", (None,), 4), ("d=", (None, ""), 4)], CEF, False)
def test_c_and_python_say_the_same(drawn, form, with_empty):
    assert pairs.COMPILED, "else nothing of it is tried"
    item = SimpleNamespace(**{f"field{place}": value for place, (_, value, _) in enumerate(drawn)})
    by_field = tuple(Key(prefix, f"field{place}", most) for place, (prefix, _, most) in enumerate(drawn))
    asked = tuple(
        Key(prefix, lambda item, place=place: getattr(item, f"field{place}"), most) for place, (prefix, _, most) in enumerate(drawn)
    )
    for own in (by_field, asked):
        assert form.joined(own, item, with_empty=with_empty) == by_python(form, own, item, with_empty=with_empty)


def test_only_what_is_not_as_nearly_all_are_is_written_by_python():
    asked = []

    def write(text, most):
        asked.append((text, most))
        return "written"

    form = Pairs(" ", "=", write)
    item = SimpleNamespace(usual="as it is", odd="a=b", long="12345", blank="a ", other="ä", many=("a", "b"), one=("a",), none=(), number=7)
    most = {"long": 4, "many": 4000}
    got = form.joined(tuple(Key(f"{name}=", name, most.get(name, 0)) for name in vars(item)), item)
    assert got == "usual=as it is odd=written long=written blank=written other=written many=written one=a number=7"
    assert asked == [("a=b", 0), ("12345", 4), ("a ", 0), ("ä", 0), ("a,b", 4000)]


@pytest.mark.skipif(not pairs.COMPILED, reason="there was no compiler")
@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ([], TypeError),
        ((("a=", "field"),), TypeError),
        ((["a=", "field", 0],), TypeError),
        ((("a=", "field", "4"),), TypeError),
        ((("a=", 5, 0),), TypeError),
        (((5, "field", 0),), TypeError),
        ((("a\ud800=", "field", 0),), UnicodeEncodeError),
        ((("a=", "missing", 0),), AttributeError),
        ((("a=", lambda _: 1 / 0, 0),), ZeroDivisionError),
        ((("a=", lambda _: 1.5, 0),), AttributeError),
        ((("a=", lambda _: "broken", 3),), RuntimeError),
        ((("a=", lambda _: "number", 3),), TypeError),
        ((("a=", lambda _: "surrogate", 3),), UnicodeEncodeError),
    ],
)
def test_an_error_is_passed_on(keys, error):
    def write(text, most):
        if text.strip() == "broken":
            raise RuntimeError(text)
        return {"number": 5, "surrogate": "\ud800"}[text]

    with pytest.raises(error):
        pairs._pairs.joined(keys, SimpleNamespace(field="x"), " ", "", write, False)


def test_nothing_is_left_behind():
    """Of long texts memory is asked for, and of each value a reference is held."""
    code = """
import gc, sys, tracemalloc
from types import SimpleNamespace
from casbd.wire.cef_message import escape
from casbd.wire.pairs import Key, Pairs
form, item = Pairs(" ", "=", escape), SimpleNamespace(a="x" * 9000, b="ä=" * 20, c=(None, "y"), d=5, e="\\ud800", f=2**70)
keys = tuple(Key(f"{name}=", name, 0) for name in vars(item)) + (Key("g=", lambda item: item.a[:300], 0),)
bad = (*keys, Key("h=", "missing", 0))
def rounds(number):
    for _ in range(number):
        form.joined(keys, item)
        try:
            form.joined(bad, item)
        except AttributeError:
            pass
    gc.collect()
tracemalloc.start()
rounds(50)
before = tracemalloc.get_traced_memory()[0]
rounds(500)
print(tracemalloc.get_traced_memory()[0] - before)
"""
    grown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert int(grown) < 10_000
