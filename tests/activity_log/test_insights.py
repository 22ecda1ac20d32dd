"""Insights and the list of users are what counting in plain Python gives, whether activities are in blocks or in segments."""

from collections import Counter

import msgspec
import pytest
from builders import HOUR, NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.activity_log import Wanted
from casbd.activity_log import tally as tallying
from casbd.activity_log.insights import of_address, of_user
from casbd.activity_log.known_users import known_users, nearest_user, ordered
from casbd.activity_log.observed import DAY, Span
from casbd.activity_log.people import people
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import canonical, whose
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer
from casbd.store.state import governance_log, raised_alerts

IP = "203.0.113.7"
NAMES = ["ann", "ANN", "bo", "straße", "STRASSE", "ann@x.org", "Ａnn@x.org.", "ann_x.org#EXT#@y.org"]
SPAN = Span.before(NOON, 3)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("log")) as store:
        yield store


def some(*values):
    return st.sampled_from([None, *values])


activity = st.builds(
    Activity,
    timestamp=st.integers(-5 * 24, 24).map(lambda hours: NOON + hours * HOUR) | st.sampled_from([*SPAN, SPAN.since - 1, SPAN.until + 1]),
    user=some(*NAMES),
    ip_address=some(IP, "198.51.100.1"),
    country=some("NO", "SE"),
    city=some("Oslo"),
    isp=some("Telia", "Ice"),
    app=some("Okta", "okta", "GitHub"),
    app_instance=some("one", "two"),
    ip_category=some("Corporate", "Risky"),
    ip_tags=st.sampled_from([(), ("Tor",), ("Tor", "own")]),
    device_type=some("PC"),
    os=some("Linux"),
    browser=some("Edge", "Firefox"),
    activity_type=st.sampled_from(["Log on", "Failed log on"]),
    action_type=some("UserLoginFailed"),
    user_type=some("Admin", "Regular"),
    is_admin_operation=some(True, False),
    is_external_user=some(True, False),
    user_groups=st.sampled_from([(), ("Finance",), ("Finance", "Legal")]),
    matched_policies=st.sampled_from([(), ("one",), ("one", "two")]),
)
logs = st.lists(st.tuples(st.lists(activity, min_size=1, max_size=12), st.booleans()), max_size=4)


def fill(store: Store, some_blocks) -> list[Activity]:
    """Blocks of activities, some made into segments; all of them in their order. What was there is gone."""
    everything: list[Activity] = []
    packer = Packer()
    store.connection.execute("PRAGMA synchronous = OFF")
    with store.transaction() as connection:
        connection.execute("DELETE FROM blocks")
        connection.execute("DELETE FROM segments")
    for made, compacted in some_blocks:
        made = [msgspec.structs.replace(one, activity_id=f"id-{len(everything) + n}") for n, one in enumerate(made)]
        everything += made
        packer.begin()
        packer.add(made)
        with store.transaction() as connection:
            blocks.add(connection, packer, [packer.part([1] * len(made))], 0)
        if compacted:
            segments.compact(store, at_least=1)
    return everything


def who(activity):
    return whose(activity.user, activity.app, activity.app_instance)


def inside(several):
    return [one for one in several if NOON - 3 * DAY < one.timestamp <= NOON]


def frequencies(found):
    """A list as a mapping, after seeing that it is sorted and holds nothing twice."""
    assert [one.activities for one in found] == sorted((one.activities for one in found), reverse=True)
    numbers = {tuple(value for name, value in msgspec.structs.asdict(one).items() if name != "activities"): one.activities for one in found}
    assert len(numbers) == len(found)
    return numbers


def counted(several, *fields):
    """How often each combination occurs, unknown ones left out."""
    kinds = Counter(tuple(getattr(one, field) for field in fields) for one in several)
    return {kind: number for kind, number in kinds.items() if any(value is not None for value in kind)}


def check_common(found, mine, whole):
    days = [iso(NOON - n * DAY)[:10] for n in (3, 2, 1, 0)]
    assert [(one.day, one.activities) for one in found.per_day] == [
        (day, sum(iso(one.timestamp)[:10] == day for one in mine)) for day in days
    ]
    assert [(one.hour, one.activities) for one in found.hours] == [
        (hour, sum(int(iso(one.timestamp)[11:13]) == hour for one in mine)) for hour in range(24)
    ]
    assert found.activities == len(mine)
    assert found.matches == sum(len(one.matched_policies) for one in mine)
    assert found.failed_log_ons == sum(one.activity_type == "Failed log on" for one in mine)
    assert frequencies(found.apps) == counted(mine, "app")
    assert frequencies(found.operations) == counted(mine, "activity_type", "action_type")
    assert (found.first_seen, found.last_seen) == (min(one.timestamp for one in whole), max(one.timestamp for one in whole))


@settings(max_examples=60)
@given(logs, st.sampled_from(NAMES), st.sampled_from([1, 100_000]))
def test_of_a_user(store, some_blocks, name, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tallying, "AT_ONCE", at_once)
        called = [one for one in fill(store, some_blocks) if one.user and canonical(one.user) == canonical(name)]
        known = people(store, name.swapcase())
        assert {one.who for one in known} == {who(one) for one in called}
        assert len(known) == len({one.who for one in known})
        for whom in known:
            check_user(of_user(store, whom, SPAN), [one for one in called if who(one) == whom.who])


def check_user(found, whole):
    mine = inside(whole)
    assert (found.app is None and found.app_instance is None) or "@" not in found.user
    check_common(found, mine, whole)
    assert frequencies(found.countries) == counted(mine, "country")
    assert frequencies(found.isps) == counted(mine, "isp")
    assert frequencies(found.ip_addresses) == counted(mine, "ip_address")
    assert frequencies(found.devices) == counted(mine, "device_type", "os", "browser")
    known = [one for one in mine if one.user_type is not None or one.is_admin_operation is not None]
    admin = any(one.user_type == "Admin" or one.is_admin_operation for one in known) if known else None
    assert found.is_admin == admin
    newest = [one for one in whole if one.timestamp == found.last_seen]
    assert (found.user, found.is_external, tuple(found.groups)) in {(one.user, one.is_external_user, one.user_groups) for one in newest}


@settings(max_examples=60)
@given(logs)
def test_of_an_address(store, some_blocks):
    whole = [one for one in fill(store, some_blocks) if one.ip_address == IP]
    mine = inside(whole)

    found = of_address(store, IP, SPAN)

    assert (found is None) == (not whole)
    if found is None:
        return
    check_common(found, mine, whole)
    assert found.admin_activities == sum(one.is_admin_operation is True for one in mine)
    frequencies(found.users)
    users = {whose(one.value, one.app, one.app_instance): one.activities for one in found.users}
    assert len(users) == len(found.users)
    assert users == Counter(who(one) for one in mine if one.user)
    assert all(one.app is None and one.app_instance is None for one in found.users if "@" in one.value)
    assert {one.value for one in found.users} <= {one.user for one in mine}
    newest = [one for one in whole if one.timestamp == found.last_seen]
    assert (found.country, found.city, found.isp, found.ip_category, tuple(found.ip_tags)) in {
        (one.country, one.city, one.isp, one.ip_category, one.ip_tags) for one in newest
    }


@settings(max_examples=60)
@given(logs, st.none() | st.integers(0, 5 * 24))
def test_the_list_of_users(store, some_blocks, hours):
    everything = [one for one in fill(store, some_blocks) if one.user and one.app in ("Okta", "okta") and one.timestamp <= NOON]
    unseen_since = None if hours is None else NOON - hours * HOUR

    found = known_users(store, Wanted(["app eq okta"], lambda: NOON), SPAN, unseen_since=unseen_since)

    expected = {}
    for name in {who(one) for one in everything}:
        whole = [one for one in everything if who(one) == name]
        mine = inside(whole)
        last = max(one.timestamp for one in whole)
        if mine if unseen_since is None else last < unseen_since:
            expected[name] = (len(mine), len({one.country for one in mine} - {None}), last)
    assert {who(user): (user.activities, user.countries, user.last_seen) for user in found} == expected
    assert len(found) == len(expected)
    for user in found:
        seen = everything if unseen_since is not None else inside(everything)
        seen = [one for one in seen if who(one) == who(user)]
        newest = {(one.user_groups, one.is_external_user) for one in seen if one.timestamp == user.last_seen}
        assert (tuple(user.groups), user.is_external) in newest
        assert user.is_admin == any(one.user_type == "Admin" or one.is_admin_operation is True for one in seen)
    by_name = [user.user.casefold() for user in ordered(found, "user")]
    assert by_name == sorted(by_name)
    assert [user.last_seen for user in ordered(found, "last_seen")] == sorted((user.last_seen for user in found), reverse=True)


class TestAlerts:
    @pytest.fixture(autouse=True)
    def seen(self, store):
        fill(store, [([Activity(NOON, user="Ännä", ip_address=IP)], False)])
        with store.transaction() as connection:
            connection.execute("DELETE FROM alerts")

    def raised(self, store, first, last, **fields):
        number = store.connection.execute("SELECT count(*) FROM alerts").fetchone()[0]
        fields = {"user": "ännÄ", "ip_address": IP} | fields
        alert = Alert(
            alert_id=str(number),
            policy_id="p",
            policy_name="P",
            policy_type="activity",
            severity="low",
            first_activity=first,
            last_activity=last,
            **fields,
        )
        with store.transaction() as connection:
            raised_alerts.save(connection, alert)

    def test_of_the_span_are_those_that_reach_into_it(self, store):
        self.raised(store, SPAN.since - 9, SPAN.since - 1)
        self.raised(store, SPAN.since - 9, SPAN.since - 1, status="closed")
        self.raised(store, SPAN.since - 9, SPAN.since)
        self.raised(store, SPAN.until, SPAN.until + 9, status="closed")
        self.raised(store, SPAN.until + 1, SPAN.until + 9)
        self.raised(store, NOON, NOON, merged_into="2")
        self.raised(store, NOON, NOON, user="other", ip_address="203.0.113.70")
        self.raised(store, NOON, NOON, user=None, ip_address=None)
        for found in (of_user(store, *people(store, "ÄNNÄ"), SPAN), of_address(store, IP, SPAN)):
            assert (found.open_alerts, found.alerts, found.older_open_alerts) == (1, 2, 1)
        (row,) = known_users(store, Wanted([], lambda: NOON), SPAN)
        assert row.open_alerts == 1

    def test_who_has_nothing_but_an_alert_is_known(self, store):
        self.raised(store, NOON, NOON, user="Olga", ip_address="2001:db8::1")
        found = of_user(store, *people(store, "olga"), SPAN)
        assert (found.user, found.alerts, found.activities, found.first_seen, found.is_admin) == ("Olga", 1, 0, None, None)
        assert of_address(store, "2001:db8::1", SPAN).alerts == 1
        assert of_address(store, "2001:db8::2", SPAN) is None


def test_governance_is_all_that_was_asked_for_whenever(store):
    fill(store, [([Activity(NOON, user="ann"), Activity(NOON, user="Ö")], False)])
    with store.transaction() as connection:
        for number, target in enumerate(["ANN", "bo", "ö", "ann"]):
            command = GovernanceCommand(
                command_id=str(9 - number), action="suspend_user", connector="c", target=target, status="failed", created=number
            )
            governance_log.save(connection, command)
    assert [command.created for command in of_user(store, *people(store, "Ann"), SPAN).governance] == [0, 3]
    assert [command.created for command in of_user(store, *people(store, "Ö"), SPAN).governance] == [2]


def test_two_tenants_bobs_are_told_apart(store):
    bobs = [Activity(NOON, user="Bob", app="AWS", app_instance=tenant) for tenant in ("1", "2", "2", None)]
    fill(store, [(bobs[:2], True), ([*bobs[2:], Activity(NOON, user="bob", app="aws", app_instance="1")], False)])
    with store.transaction() as connection:
        for number, tenant in enumerate(["1", "2", "2"]):
            command = GovernanceCommand(
                command_id=str(number), action="suspend_user", connector="c", target="bob", status="failed", app="AWS", app_instance=tenant
            )
            governance_log.save(connection, command)
    found = {one.app_instance: of_user(store, one, SPAN) for one in people(store, "BOB")}
    assert {tenant: (one.app_instance, one.activities, len(one.governance)) for tenant, one in found.items()} == {
        "1": ("1", 2, 1),
        "2": ("2", 2, 2),
        None: (None, 1, 0),
    }


def test_an_address_is_one_person_wherever_it_acts(store):
    fill(store, [([Activity(NOON, user="ann@x.org", app=app) for app in ("AWS", "Okta")], True)])
    assert [(one.who, one.app) for one in people(store, "ann@x.org")] == [("ann@x.org", None)]
    assert people(store, "nobody") == []


@pytest.mark.parametrize(
    ("asked", "near"), [("ANN", "ann@x.org"), ("bob@y.com", "bob@y.org"), ("zzz", None), ("", None), ("strasse", None), ("\udcff", None)]
)
def test_the_nearest_name(store, asked, near):
    names = ["ann@x.org", "joanna@x.org", "bob@y.org", None]
    fill(store, [([Activity(NOON, user=name) for name in names], True)])
    assert nearest_user(store, asked) == near


def test_a_span_before_1970_is_empty(store):
    assert Span.before(DAY, 30) == (0, DAY)
    fill(store, [([Activity(NOON, user="ann")], False)])
    assert of_user(store, *people(store, "ann"), Span.before(-DAY, 30)).per_day == []
