"""What is in doubt, by time and by amount."""

from hypothesis import given
from hypothesis import strategies as st

from casbd.outputs._doubt import GOOD_BYE_BYTES, GOOD_BYE_SECONDS, Doubt


def doubt(*sent: tuple[int, int, float], window: float = 600.0) -> Doubt:
    found = Doubt(window)
    for one in sent:
        found.add(*one)
    return found


def test_by_time():
    found = doubt((3, 100, 10.0), (2, 100, 20.0))
    found.expire(609.0, 10_000)
    assert found.items == 5
    found.expire(610.0, 10_000)
    assert found.items == 2
    found.expire(620.0, 10_000)
    assert found.items == 0


def test_by_amount():
    """What has as much behind it as the receiver can hold was read; the last byte of the first is not behind itself."""
    found = doubt((3, 100, 10.0), (2, 100, 10.0), (1, 100, 10.0))
    found.expire(11.0, 201)
    assert found.items == 6
    found.expire(11.0, 200)
    assert found.items == 3
    found.expire(11.0, 1)
    assert found.items == 1


def test_a_good_bye_leaves_a_program_s_own_buffer():
    found = doubt((1, 10, 0.0), (1, GOOD_BYE_BYTES, 90.0), (1, 100, 95.0), (1, 100, 100.0))
    found.good_bye(100.0)
    assert found.items == 3
    found.good_bye(95.0 + GOOD_BYE_SECONDS)
    assert found.items == 1


def test_a_short_window_counts_after_a_good_bye_too():
    found = doubt((1, 10, 0.0), window=10.0)
    found.good_bye(10.0)
    assert found.items == 0


def test_all_is_forgotten():
    found = doubt((1, 10, 0.0), (4, 10, 0.0))
    assert found.clear() == 5
    assert (found.items, found.clear()) == (0, 0)


@given(sent=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 50), st.floats(0, 5))), window=st.floats(1, 20), most=st.integers(1, 100))
def test_what_is_in_doubt_are_the_latest_items_and_no_other(sent, window, most):
    found, now, expected = Doubt(window), 0.0, []
    for items, size, pause in sent:
        now += pause
        found.add(items, size, now)
        expected.append((items, size, now))
        found.expire(now, most)
        while expected and (expected[0][2] <= now - window or sum(size for _, size, _ in expected[1:]) >= most):
            expected.pop(0)
        assert found.items == sum(items for items, _, _ in expected)
