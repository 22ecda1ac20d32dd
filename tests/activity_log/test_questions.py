"""What is asked of the log besides filters: words anywhere, counts by time and field, what is new for a user."""

import pytest
from builders import HOUR, NOON, Core
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.activity_log import ActivityLog, Wanted, containing, search
from casbd.activity_log.histogram import BY, histogram
from casbd.activity_log.unusual import new_for_user
from casbd.filters.compile import compile_filter
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

DAY = 24 * HOUR
TEXTS = ["a", "A b", "ab", "B-a", "straße", "STRASSE", "10.0.0.1", "Log ON"]
text = st.sampled_from([None, *TEXTS])
activities = st.builds(
    Activity,
    activity_type=st.sampled_from(TEXTS),
    user=text,
    city=text,
    user_organization=text,
    objects=st.lists(st.builds(ActivityObject, text, text, text, text), max_size=2).map(tuple),
    raw=st.sampled_from(["{}", *TEXTS]),
)


@pytest.fixture(params=["in blocks", "in segments"])
def log(make_core, request):
    """Stores activities, and gives the log with them."""
    core: Core = make_core()

    def log(*some):
        packer = Packer()
        packer.begin()
        packer.add(some)
        with core.store.transaction() as connection:
            blocks.add(connection, packer, [packer.part(range(1, len(some) + 1))], 0)
        if request.param == "in segments":
            assert segments.compact(core.store, at_least=1)
        return ActivityLog(core.store)

    return log


class TestWords:
    ONE = Activity(
        NOON,
        "id",
        "Share file",
        "FileShared",
        "Dropbox",
        user="anna@contoso.com",
        user_display_name="Anna Ås",
        ip_address="203.0.113.7",
        city="Tromsø",
        isp="Telenor ASA",
        user_agent="curl/8.1",
        objects=(ActivityObject("0x1"), ActivityObject(None, "Salary 2026.xlsx", "File")),
        user_organization="Sales",
        raw='{"Extra": "ziel"}',
    )

    @pytest.mark.parametrize(
        "words",
        [
            "share",
            "FILESHARED",
            "dropBOX anna@",
            "ås contoso",
            "113.7 tromsø",
            "TROMSØ",
            "telenor  curl/8",
            "0X1",
            "salary .xlsx",
            "ziel",
            '"extra"',
            "anna salary telenor file",
        ],
    )
    def test_each_stands_somewhere(self, log, words):
        assert [*search(log(self.ONE), Wanted([containing(words)], lambda: 0))] == [self.ONE]

    @pytest.mark.parametrize("words", ["sales", "anna bob", "2026xlsx", "%", "_lary"])
    def test_one_that_stands_nowhere(self, log, words):
        assert [*search(log(self.ONE), Wanted([containing(words)], lambda: 0))] == []

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2), activities)
    def test_as_looking_through_all_of_it(self, words, activity):
        things = [text for thing in activity.objects for text in (thing.id, thing.name, thing.type)]
        names = ("user", "user_display_name", "action_type", "activity_type", "app", "ip_address", "city", "isp", "user_agent", "raw")
        texts = [text.casefold() for text in (*things, *(getattr(activity, name) for name in names)) if text]
        expected = all(any(word.casefold() in text for text in texts) for word in " ".join(words).split())
        assert compile_filter(containing(" ".join(words)), now=lambda: 0)(activity) is expected


class TestHistogram:
    def test_days_and_hours_in_order_with_empty_ones(self, log):
        made = log(*(Activity(NOON + at, str(at)) for at in (0, 1, 3 * HOUR, 2 * DAY)))
        everything = Wanted([], lambda: 0)
        assert histogram(made, everything, "day") == [("2026-01-01", 3), ("2026-01-02", 0), ("2026-01-03", 1)]
        hours = histogram(made, everything, "hour", until=NOON + DAY)
        assert hours == [("2026-01-01 12", 2), ("2026-01-01 13", 0), ("2026-01-01 14", 0), ("2026-01-01 15", 1)]
        assert histogram(made, Wanted(["user isset true"], lambda: 0), "day") == []

    def test_values_with_the_most_first(self, log):
        users = ["b", "a", None, "c", "c", "a", "c"]
        made = log(*(Activity(NOON + n, str(n), user=user, user_groups=("x", "y")[: n % 3]) for n, user in enumerate(users)))
        assert histogram(made, Wanted([], lambda: 0), "user") == [("c", 3), ("a", 2), ("b", 1), (None, 1)]
        assert histogram(made, Wanted(["user neq c"], lambda: 0), "user_groups", since=NOON + 1) == [("x", 3), ("y", 2)]

    def test_by_every_field_that_has_values(self, log):
        made = log(Activity(NOON, "one", app="x", asn=7, is_impersonated=True, latitude=1.5))
        for by in BY:
            assert sum(number for _, number in histogram(made, Wanted([], lambda: 0), by)) == (0 if "_tags" in by or by in EMPTY else 1), by
        assert {*FIELDS} - {*BY} == {"timestamp", "objects", "raw"}


EMPTY = ("user_groups", "matched_policies")


class TestNewForUser:
    @staticmethod
    def one(at, user="Anna", **fields):
        given = {
            "country": "NO",
            "isp": "Telenor",
            "ip_address": "203.0.113.7",
            "app": "Okta",
            "action_type": "login",
            "browser": "Firefox",
        }
        return Activity(NOON + at, str(at), user=user, **given | fields)

    def test_what_differs_from_all_before(self, log):
        now = self.one(0, country="SE", isp="Telia", os="Linux", browser=None)
        assert new_for_user(log(now, self.one(-DAY), self.one(-2 * DAY, isp="TELIA", user="anna")), now) == {"country": "SE", "os": "Linux"}

    def test_nothing(self, log):
        assert new_for_user(log(self.one(0), self.one(-30 * DAY)), self.one(0)) == {}

    @pytest.mark.parametrize("other", [one(-30 * DAY - 1), one(1), one(-DAY, user="Bob"), one(-DAY, user=None)])
    def test_without_anything_to_compare_with(self, log, other):
        now = self.one(0, country="SE")
        assert new_for_user(log(now, other), now) is None

    def test_nobody(self, log):
        now = self.one(0, user=None)
        assert new_for_user(log(now, self.one(-DAY, user=None)), now) is None


def test_kinds_that_are_equally_often_there_come_in_one_order(log):
    """DuckDB gives groups in any order, another one each time."""
    names = [f"user {number:03}" for number in range(500)]
    asked = log(
        *(Activity(NOON, name, user=name, app=app) for name in names[::-1] for app in ("b", "a")), Activity(NOON, "x", user=names[7])
    )
    counted = [*asked.counts(Wanted([], lambda: NOON), ["user", "app"])]
    assert counted == [*((name, app) for name in names[:7] for app in "ab"), (names[7], "a"), (names[7], "b"), (names[7], None)] + [
        (name, app) for name in names[8:] for app in "ab"
    ]
