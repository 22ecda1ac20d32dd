"""Nobody makes something common by inviting guests, by new accounts, or by what was begun yesterday."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.first_users import FirstUsers
from casbd.habits.had_by import PARTED
from casbd.habits.impossible import Impossible
from casbd.habits.lookalikes import Lookalike
from casbd.habits.new_values import NewValue
from casbd.habits.observed import observation
from casbd.habits.session_places import observed
from casbd.habits.spots import written
from casbd.habits.sprayed import Sprayed
from casbd.habits.used_twice import UsedTwice
from casbd.habits.values_seen import ValuesSeen
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from habits.judged import alerts

TODAY = 20_000
OUTSIDER = None


def place(country, asn, **fields):
    return written(Activity(country=country, asn=asn, ip_address=f"192.0.{asn}.1", **fields))


def session(asn):
    return observed(Activity(country="NO", asn=asn, ip_address=f"192.0.{asn}.1", os="Windows"), "s")


def logged_on(asn, ip_address, result="success"):
    match = Sprayed(spray=4, within=HOUR)
    return match.value(Activity(activity_type="Log on", asn=asn, ip_address=ip_address, result=result), None, ())


def entry(hours, who, value, belongs=()):
    return who, Entry(TODAY * DAY + int(hours * HOUR), 1, f"{who} {hours}", value, None, belongs)


def history(who, value, days=30, belongs=()):
    return [entry(-24 * day, who, value, belongs) for day in range(1, days + 1)]


NEW = NewValue(new=("country",), history=60 * DAY, learning=7 * DAY, unless_common=3, familiar="user_agent")
OWN = f"no{PARTED}x{PARTED}"
TRAVEL = Impossible(learning=7 * DAY)
SHARED = UsedTwice(shared_session=("raw.SessionId",), learning=3 * DAY)
KINDS = {
    "a new country, with what is the user's own": (
        NEW,
        OWN,
        f"br{PARTED}x{PARTED}",
        [entry(0, "a", f"br{PARTED}x{PARTED}"), entry(2, "a", OWN)],
    ),
    "a new country, with something else": (NEW, OWN, f"br{PARTED}y{PARTED}", [entry(0, "a", f"br{PARTED}y{PARTED}")]),
    "a name that imitates": (Lookalike(lookalike=("object_name",)), "zoom", "micros0ft teams", [entry(0, "a", "micros0ft teams")]),
    "an impossible journey": (TRAVEL, place("NO", 1), place("BR", 2), [entry(0, "a", place("NO", 1)), entry(0.2, "a", place("BR", 2))]),
    "a shared session": (
        SHARED,
        session(1),
        session(2),
        [one for n in range(4) for one in (entry(n / 10, "a", session(1)), entry(n / 10 + 0.05, "a", session(2)))],
    ),
    "a password spray": (
        Sprayed(spray=4, within=HOUR),
        logged_on(1, "192.0.1.1"),
        logged_on(2, "192.0.2.1"),
        [
            *(entry(n / 100, f"tried {n}", logged_on(2, f"192.0.2.{n}", "failure")) for n in range(5)),
            entry(0.5, "a", logged_on(2, "192.0.3.7")),
        ],
    ),
}


def others_do(value, usual, *, belongs=(), age=30, since=20):
    """Six others, active for some days, of which they have had a value for some."""
    return [
        one
        for who in "bcdefg"
        for one in (
            *history(who, usual, age, belongs),
            *(entry(-24 * day + 1, who, value, belongs) for day in range(2, since + 1)),
        )
    ]


@pytest.mark.parametrize(("match", "usual", "odd", "done"), KINDS.values(), ids=KINDS)
def test_guests_make_nothing_common(match, usual, odd, done):
    def found(others):
        entries = sorted([*history("a", usual), *others, *done], key=lambda one: one[1].timestamp)
        return "a" in [who for who, _ in alerts(match, entries, range(0, 1000, 7))]

    assert found([])
    assert not found(others_do(odd, usual))
    assert found(others_do(odd, usual, belongs=OUTSIDER))


@pytest.mark.parametrize(("match", "usual", "odd", "done"), [KINDS[name] for name in KINDS if "spray" not in name])
def test_nor_do_accounts_of_a_few_days(match, usual, odd, done):
    others = others_do(odd, usual, age=2, since=2)
    entries = sorted([*history("a", usual), *others, *done], key=lambda one: one[1].timestamp)
    assert "a" in [who for who, _ in alerts(match, entries)]


def test_nor_do_colleagues_who_have_had_it_for_a_few_days():
    """Several accounts that were taken in a week do not explain the next one; who is on a journey together, with what is their own, is."""
    strange, own = f"br{PARTED}y{PARTED}", f"br{PARTED}x{PARTED}"

    def found(value, since):
        others = others_do(value, OWN, since=since)
        entries = [*history("a", OWN), *others, entry(0, "a", value), entry(2, "a", OWN)]
        return "a" in [who for who, _ in alerts(NEW, sorted(entries, key=lambda one: one[1].timestamp))]

    assert found(strange, 4)
    assert not found(strange, 9)
    assert not found(own, 4)


def test_who_an_outsider_is():
    assert observation(Activity(user="a@contoso.com", user_groups=("Finance",)), 1, None).belongs == ("Finance",)
    assert observation(Activity(user="a@contoso.com"), 1, None).belongs == ()
    assert observation(Activity(user="a@fabrikam.com", is_external_user=True), 1, None).belongs is OUTSIDER
    assert observation(Activity(user="a", user_type="Guest"), 1, None).belongs is OUTSIDER


@given(
    had=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 40), st.sampled_from("vw"), st.booleans()), max_size=25), data=st.data()
)
def test_the_order_in_which_it_is_told_who_had_something_does_not_matter(had, data):
    def told(several):
        first, memories = FirstUsers(), {who: ValuesSeen() for who in "abcde"}
        for who, day, value, inside in several:
            one = Entry(day * DAY, 1, f"{day}", value, None, () if inside else OUTSIDER)
            memories[who].add(one)
            first.add(who, one, memories[who])
        return [first.others(value, "a", moment * DAY, 7 * DAY) for value in "vw" for moment in range(0, 50, 3)]

    assert told(data.draw(st.permutations(had))) == told(had)
    for one, (value, moment) in zip(told(had), [(value, moment) for value in "vw" for moment in range(0, 50, 3)], strict=True):
        days = {who: sorted({day for other, day, own, inside in had if other == who and own == value and inside}) for who in "bcde"}
        begun = min((day for _, day, _, inside in had if inside), default=0)
        learned = [who for who in days if days[who] and days[who][0] < begun + 7 and days[who][0] <= moment - 25 / 24]
        aged = [who for who in days if days[who] and days[who][0] <= moment - 7]
        stayed = {*learned, *(who for who in aged if len(days[who]) > 1 and days[who][1] < moment - 1)}
        known = {*learned, *aged}
        assert (one.known, one.stayed) == (len(known) if len(known) > 1 else len(stayed), len(stayed))


def test_what_a_colleague_did_on_one_day_alone_is_common_for_nobody():
    """Perhaps it was an attack; but not what was done while nobody was judged yet."""
    match = NewValue(new=("raw.awsRegion",), history=60 * DAY, learning=7 * DAY, unless_common=1, first_use=True)

    def found(*days):
        others = [entry(24 * day, "b", "sa-east-1") for day in days]
        entries = [*history("a", "eu-west-1"), *history("b", "eu-west-1"), *others, entry(0, "a", "sa-east-1")]
        return "a" in [who for who, _ in alerts(match, sorted(entries, key=lambda one: one[1].timestamp))]

    assert found()
    assert found(-10, -9.9)
    assert not found(-10, -3)
    assert found(-3, -2)
    assert not found(-25)
