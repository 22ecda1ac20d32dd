"""What colleagues do in one place at about the same time explains a lot that nobody did before."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits import together
from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.together import AWAITED, Colleagues, place_of
from casbd.model.counted import Entry
from habits.test_unusual import MINUTE, burst, days, found, plain, unusual

from .judged import alerts
from .orders import raised

MATCH = unusual(unique="object_id", unless_common=3)
BOOKS = "https://x.example/sites/finance/2026-01/{who} {n}.pdf"
HISTORY = [one for name in "abcdefg" for one in days(*[3] * 20, who=name)]


def takes(number, day, hour, who, folder=BOOKS):
    return burst(day, number, hour, who=who, value=folder.format(who=who, n="{n}"))


def in_order(*parts):
    return sorted((one for part in parts for one in part), key=lambda one: (one[1].timestamp, one[1].activity_id))


def others(number, day=20, hour=11, folder=BOOKS, names="bcd"):
    return [one for name in names for one in takes(number, day, hour, name, folder)]


@pytest.mark.parametrize(
    ("colleagues", "explained"),
    [
        ([], False),
        (others(100), True),
        (others(100, names="bc"), False),  # of two nobody makes a team
        (others(60), True),
        (others(30), False),  # three times as many as they is more than the team's work
        (others(100, folder="https://x.example/sites/design/a/{n}.pdf"), False),
        (others(100, folder="{n}"), False),  # an id says nothing of where it is
        (others(100, hour=18.5), True),  # who is first in the morning is explained in the evening
        (others(100, hour=20), False),
        (others(100, day=17), True),
        (others(100, day=15), False),
        (others(100, day=21), False),
        ([(who, msgspec.structs.replace(entry, belongs=None)) for who, entry in others(100)], False),  # three guests
    ],
)
def test_what_a_team_does_at_once_is_its_work(colleagues, explained):
    entries = in_order(HISTORY, takes(100, 20, 9, "a"), colleagues)
    assert [one for one in found(MATCH, entries) if one[0] == "a"] == ([] if explained else [("a", 20, 100)])
    assert ("a", 20, 100) in found(unusual(unique="object_id"), entries)


def test_who_hides_among_them_is_found():
    """On the day of the month's end somebody takes other files, or very many more of the same."""
    elsewhere = takes(60, 20, 9, "a", "https://x.example/sites/design/drawings/{n}.pdf")
    assert found(MATCH, in_order(HISTORY, others(90, names="bcde"), elsewhere, takes(30, 20, 9, "a"))) == [("a", 20, 90)]
    assert found(MATCH, in_order(HISTORY, others(90, names="bcdef"), takes(300, 20, 11, "a"))) == [("a", 20, 300)]


@pytest.mark.parametrize(
    ("value", "same"),
    [
        ("https://x.example/sites/finance/a.pdf", "https://x.example/sites/finance/deep/er/b.pdf"),
        ("/finance/books/a.pdf", "/finance/books/2026/b.pdf"),
        ("\\\\server\\share\\a.pdf", "\\\\server\\share\\deep\\b.pdf"),
        ("bucket/a.pdf", "bucket/b.pdf"),
    ],
)
def test_a_place_is_a_site_or_two_folders(value, same):
    assert place_of(value) == place_of(same) is not None
    assert place_of(value) != place_of(value.replace("finance", "design").replace("share", "other").replace("bucket", "box"))


def test_what_has_no_folder_is_at_no_place():
    assert {place_of(value) for value in (None, "", "0b7x", "a.pdf")} == {None}


def test_of_places_and_subjects_some_are_kept_and_the_same_when_packed():
    match, organization = MATCH, Colleagues(HOUR)
    memory = match.memory()
    for n in range(3000):
        organization.add(f"user {n % 700}", Entry(n * MINUTE, n, f"{n}", "/a/b/c"), memory)
        organization.add("one", Entry(n * MINUTE, n, f"{n}", f"/{n}/b/c"), memory)
    packed = msgspec.msgpack.encode(organization.packed())
    assert len(packed) < 60_000
    assert len(organization.packed()[1][place_of("/a/b/c")]) == 30
    assert Colleagues(HOUR, msgspec.msgpack.decode(packed, strict=False)).packed() == organization.packed()
    organization.add("one", Entry(30 * DAY, 1, "late", "/a/b/c"), memory)
    assert organization.packed()[1] == {place_of("/a/b/c"): {"one": {30 * DAY // (HOUR // 2): 1}}}


def test_of_too_many_places_those_stay_where_most_are(monkeypatch):
    monkeypatch.setattr(together, "_MOST_PLACES", 40)
    organization, memory = Colleagues(HOUR), None
    for number in range(500):
        for who in ("a", "b") if number % 50 == 0 else ("a",):
            organization.add(who, Entry(20 * DAY + number, number, f"{number}", f"/a/{number:03}/c"), memory)
        assert len(organization.packed()[1]) <= 41
    assert {place_of(f"/a/{number:03}/c") for number in range(0, 500, 50)} <= organization.packed()[1].keys()


def test_what_colleagues_did_counts_though_it_is_told_a_day_late():
    """The user of the alert has gone on by then for longer than a record may be late."""
    entries = in_order(HISTORY, takes(100, 20, 9, "a"))
    goes_on, colleagues = takes(1, 21, 12, "a"), others(100, hour=18)
    assert [who for who, _ in alerts(MATCH, [*entries, *goes_on, *colleagues], range(0, 10_000, 50)) if who == "a"] == []
    assert [finding.count for _, finding in alerts(MATCH, [*entries, *goes_on])] == [100]


@st.composite
def mornings(draw):
    """Of five people, so many files each in some minutes, from two folders or none, at most a day late."""
    spans = st.tuples(
        st.sampled_from("abcde"), st.integers(0, 72), st.integers(5, 40), st.integers(0, 23), st.sampled_from(["/x/y/", "/x/z/", ""])
    )
    those = []
    for number, (who, hour, count, late, folder) in enumerate(draw(st.lists(spans, max_size=14))):
        for n in range(count):
            moment = hour * HOUR + n * MINUTE
            entry = Entry(moment, number * 100 + n, f"{number}-{n}", f"{folder}{number} {n}")
            those.append((who, entry, moment + (late * HOUR if n % 2 else 0)))
    in_time = [(who, entry) for who, entry, _ in sorted(those, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(those, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, 300), max_size=12))
    return in_time, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@settings(max_examples=150)
@given(given=mornings())
def test_neither_order_nor_cuts_nor_restarts_matter(given):
    in_time, late, cuts, anew = given
    match = unusual(unique="object_id", unless_common=2, at_least=12, while_learning=12)
    expected = plain(alerts(match, in_time, range(1, 700)))
    assert plain(alerts(match, in_time)) == expected
    assert plain(alerts(match, late, cuts, anew=anew)) == expected
    assert raised(match, late, cuts, anew)[1] == raised(match, in_time)[1]
    assert AWAITED < DAY
