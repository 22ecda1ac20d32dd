"""By which way a value is had: what says that somebody is there, and what does not, in whatever order it is told."""

import msgspec
import pytest
from hypothesis import given, settings

from casbd.habits.anomaly import DAY
from casbd.habits.had_by import PARTED
from casbd.habits.new_values import NewValue
from casbd.habits.ways import PlacesSeen, Ways, WaysShared, log_ons, way_of, with_way, without_way
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from .orders import HOUR, activities, raised, same_in_any_order

MATCH = NewValue(new=("country",), history=60 * DAY, learning=7 * DAY, unless_common=3, familiar="user_agent", sessions=("raw.session",))
HOME, VPN, HOTEL = "192.0.2.4", "198.51.100.9", "203.0.113.7"
MANAGED = ("Intune compliant",)
OTHER_EXIT, OFFICE = "198.51.100.10", "192.0.2.1"


def text(country, address, *, agent="Firefox", asn=None, device="PC", category="Other", tags=(), log_on_to=None, session=None):
    where = Activity(country=country, ip_address=address, asn=asn, ip_category=category, app=log_on_to or "Box")
    where = msgspec.structs.replace(where, activity_type="Log on" if log_on_to else "Access file")
    raw = msgspec.json.encode({"session": session}).decode()
    activity = msgspec.structs.replace(where, user_agent=agent, device_type=device, device_tags=tags, raw=raw)
    return MATCH.value(activity, RawReader(), ())


PHONE = text("NO", HOME, agent="Outlook", device="Mobile")


def daily(who, *addresses, days=range(30), hours=(9, 10, 11), country="NO", **more):
    """What somebody does every day, at each address in each of some hours."""
    return [
        (who, Entry(day * DAY + hour * HOUR + n, n, f"{who}{day} {hour} {n}", text(country, address, **more)))
        for day in days
        for hour in hours
        for n, address in enumerate(addresses)
    ]


def journey(*elsewhere, here=None, hours=(10, 12)):
    """A first day in Brazil, and what there is elsewhere in the hours after."""
    there = [("a", Entry(30 * DAY + 9 * HOUR, 0, "there", here or text("BR", HOTEL)))]
    return there + [("a", Entry(30 * DAY + hour * HOUR, n, f"{hour} {n}", one)) for hour in hours for n, one in enumerate(elsewhere)]


COLLEAGUES = [one for n in range(2) for one in daily(f"colleague{n}", VPN)]


def is_found(*parts):
    entries = sorted((one for part in parts for one in part), key=lambda one: (one[1].timestamp, one[0]))
    return [who for who, *_ in raised(MATCH, entries, range(0, 10_000, 20))[0]] == ["a"]


def test_who_has_a_split_tunnel_is_not_where_it_ends():
    in_turns = daily("a", HOME, VPN)
    assert not is_found(COLLEAGUES, in_turns, journey(text("NO", VPN)))
    assert is_found(COLLEAGUES, in_turns, journey(text("NO", HOME)))  # nobody shares that
    assert not is_found(COLLEAGUES, in_turns, journey(text("NO", VPN, tags=MANAGED)))
    assert is_found(in_turns, journey(text("NO", VPN)))
    assert is_found(COLLEAGUES[: len(COLLEAGUES) // 2], in_turns, journey(text("NO", VPN)))
    assert is_found([one for one in COLLEAGUES if one[1].timestamp < DAY], in_turns, journey(text("NO", VPN)))


def test_of_the_exits_of_a_vpn_somebody_has_one_after_the_other():
    own, once = daily("a", HOME, VPN), [one for n in range(2) for one in daily(f"colleague{n}", OTHER_EXIT, days=[20])]
    assert not is_found(COLLEAGUES, once, own, journey(text("NO", OTHER_EXIT)))
    assert is_found(once, own, journey(text("NO", OTHER_EXIT)))
    assert is_found(COLLEAGUES, once[: len(once) // 2], own, journey(text("NO", OTHER_EXIT)))
    assert is_found(COLLEAGUES, own, journey(text("NO", "198.51.100.11")))  # a line of a provider that colleagues have, too
    elsewhere = [one for n in range(2) for one in daily(f"colleague{n}", "198.51.101.10", days=[20])]
    assert is_found(COLLEAGUES, elsewhere, own, journey(text("NO", "198.51.101.10")))
    neighbours = [one for n in range(5) for one in daily(f"colleague{n}", f"192.0.2.{n + 10}", VPN)]
    assert is_found(neighbours, daily("a", HOME, VPN), journey(text("NO", HOME)))  # each has an own line


def test_exits_are_known_again_and_are_few():
    exits = WaysShared()
    for n in range(6_000):
        place = text("NO", f"10.{n % 250}.{n // 250}.7")
        for day, who in ((0, "b"), (0, "c"), (1, "b"), (1, "c")):
            exits.add(who, Entry(day * DAY, 0, f"{day}", place), PlacesSeen())
    known = WaysShared(msgspec.msgpack.decode(msgspec.msgpack.encode(exits.packed()), strict=False))
    for one in (exits, known):
        assert one.share(way_of(place), 9 * DAY, "a")
        assert len(one._of_blocks) <= 4_000


def test_who_comes_by_a_way_for_a_few_hours_only_may_be_away():
    evenings = daily("a", VPN, hours=[20])
    assert not is_found(COLLEAGUES, daily("a", OFFICE, category="Corporate") + evenings, journey(text("NO", VPN)))
    assert not is_found(COLLEAGUES, daily("a", "192.0.2.99", hours=[7, 13, 15]) + evenings, journey(text("NO", VPN)))
    assert is_found(COLLEAGUES, daily("a", HOME, hours=[7]) + daily("a", VPN), journey(text("NO", VPN)))
    assert is_found(COLLEAGUES, daily("a", HOME, hours=[7, 13, 14]) + daily("a", VPN, hours=[20, 21]), journey(text("NO", VPN)))
    phone = [(who, Entry(one.timestamp, 0, one.activity_id, PHONE)) for who, one in daily("a", HOME, hours=range(9, 20))]
    assert is_found(COLLEAGUES, phone, evenings, journey(text("NO", VPN)))  # it says nothing of the computer


def test_who_always_comes_by_a_way_is_there():
    assert is_found(COLLEAGUES, daily("a", VPN), journey(text("NO", VPN)))  # an office, or a gateway of all traffic
    commuting = daily("a", HOME, hours=[7, 8]) + daily("a", VPN, hours=[8, 9, 10])
    assert is_found(COLLEAGUES, commuting, journey(text("NO", VPN)))
    in_meetings = daily("a", HOME, VPN, hours=[8, 17])
    assert is_found(COLLEAGUES, in_meetings, journey(text("NO", VPN)))


def test_who_is_in_another_country_within_the_hour_is_not_where_a_shared_way_ends():
    gateway = [one for n in range(2) for one in daily(f"colleague{n}", VPN, country="DE")]

    def usual(*elsewhere, days=range(30), country="NO", **more):
        """Few hours of a day, none after another one: out of an exit in Germany, and at home or in the office as well."""
        return daily("a", VPN, days=range(30), hours=(8, 12, 16), country="DE") + [
            one for hour in (8, 12, 16) for one in daily("a", *elsewhere, days=days, hours=[hour], country=country, **more)
        ]

    away = journey(text("DE", VPN))
    assert is_found(gateway, usual(), away)
    assert not is_found(gateway, usual(HOME), away)
    assert not is_found(gateway, usual(OFFICE, category="Corporate"), away)
    assert not is_found(gateway, usual(HOME, days=range(2)), away)
    assert is_found(gateway, usual(HOME, days=[3]), away)  # it may have been an attacker
    assert is_found(gateway, usual(HOME, country="AT"), away)  # some live there
    assert is_found(gateway, usual(HOME, asn=9009), away)
    assert is_found(gateway, usual(HOME), journey(text("NO", HOME)))


def test_by_a_vpn_comes_who_is_away():
    assert not is_found(COLLEAGUES, daily("a", HOME), journey(text("NO", VPN)))
    assert not is_found(COLLEAGUES, daily("a", HOME) + daily("a", VPN, days=range(0, 30, 5), hours=[20]), journey(text("NO", VPN)))


def test_an_office_is_where_its_people_are():
    assert is_found(COLLEAGUES, daily("a", HOME), journey(text("NO", VPN, category="Corporate")))


def test_neither_rented_servers_nor_aircraft_are_places():
    assert is_found(daily("a", HOME), journey(text("NL", "192.0.2.99", asn=64500)))
    assert not is_found(daily("a", HOME), journey(text("NL", "192.0.2.99", asn=9009), text("NL", "192.0.2.99", asn=9009, tags=MANAGED)))
    assert is_found(daily("a", HOME), journey(text("NO", HOME), here=text("US", HOTEL, asn=9009)))  # where attackers are
    assert not is_found(daily("a", HOME), journey(text("NO", HOME), here=text("US", HOTEL, asn=40306)))


def test_with_a_managed_device_it_is_the_user_who_has_another_browser():
    usual, other = daily("a", HOME), text("BR", HOTEL, agent="Chrome")
    managed = text("BR", HOTEL, agent="Chrome", tags=MANAGED)
    assert not is_found(usual, journey(other, managed, here=other))
    assert is_found(usual, journey(other, here=other))
    tunnel, log_on = daily("a", HOME, VPN), text("NO", VPN, agent="Chrome", tags=MANAGED)
    assert not is_found(COLLEAGUES, tunnel, journey(log_on, here=other))
    assert is_found(COLLEAGUES, tunnel, journey(text("NO", VPN, agent="Chrome"), here=other))
    assert is_found(COLLEAGUES, tunnel, journey(log_on, here=other, hours=[20]))
    assert is_found(usual, journey(text("BR", HOTEL, tags=MANAGED), other, other, here=other))  # that one has a browser of its own
    assert is_found(usual, journey(managed, text("NO", HOME), here=other))  # and somebody is at home
    assert is_found(usual, journey(text("NO", HOME, agent="Edge", tags=MANAGED), here=text("BR", HOTEL)))


def test_who_always_logs_on_with_a_managed_device_does_so_on_a_journey():
    entra, other = {"log_on_to": "Microsoft Entra ID"}, {"log_on_to": "Okta"}
    usual = [*daily("a", HOME, tags=MANAGED, hours=[9], **entra), *daily("a", HOME, hours=[9], **other), *daily("a", HOME, hours=[10])]
    there, managed = text("BR", HOTEL, **entra), text("BR", HOTEL, tags=MANAGED, **entra)
    assert is_found(usual, journey(here=there))
    assert is_found(usual, journey(here=text("BR", HOTEL, asn=9009, **entra)))
    assert not is_found(usual, journey(managed, here=there))  # a window in private
    assert not is_found(usual, journey(text("BR", HOTEL, asn=9009, tags=MANAGED, **entra), here=there))
    assert not is_found(usual, journey(here=text("BR", HOTEL)))  # that is no log on, which could have said so
    assert not is_found(usual, journey(here=text("BR", HOTEL, **other)))  # it never does
    assert not is_found(usual, journey(here=text("BR", HOTEL, device="Mobile", agent="Firefox", **entra)))
    in_office = daily("a", OFFICE, tags=MANAGED, category="Corporate", **entra)
    assert is_found(in_office, journey(here=there))
    assert not is_found(in_office, daily("a", OFFICE, category="Corporate", **entra), journey(here=there))
    assert is_found(in_office, daily("a", OFFICE, category="Corporate", device="Mobile", **entra), journey(here=there))


@pytest.mark.parametrize(("managed", "without", "found"), [(2, 0, False), (3, 0, True), (10, 1, True), (9, 1, False), (20, 3, False)])
def test_always_is_all_but_one_of_ten_days(managed, without, found):
    entra = {"log_on_to": "Microsoft Entra ID"}
    usual = [*daily("a", HOME, hours=[10]), *daily("a", HOME, tags=MANAGED, days=range(managed), **entra)]
    usual += daily("a", HOME, days=range(managed, managed + without), **entra)
    assert is_found(usual, journey(here=text("BR", HOTEL, **entra))) is found


ENTRA = {"log_on_to": "Microsoft Entra ID"}


def in_sessions(*names, who="a"):
    """Log ons of each day, in the session of that name."""
    return [one for day, name in enumerate(names) for one in daily(who, HOME, days=[day], hours=[9, 10], session=name, **ENTRA)]


def test_who_goes_on_in_a_session_does_so_on_a_journey():
    usual = [*in_sessions(*["old"] * 30), *daily("a", HOME, hours=[10])]
    there = text("BR", HOTEL, session="new", **ENTRA)
    assert is_found(usual, journey(here=there))
    assert not is_found(usual, journey(here=text("BR", HOTEL, session="old", **ENTRA)))
    assert not is_found(usual, journey(text("BR", HOTEL, session="old", **ENTRA), here=there))  # a window in private
    assert not is_found(usual, journey(text("BR", HOTEL, tags=MANAGED, session="new", **ENTRA), here=there))
    assert not is_found(usual, journey(here=text("BR", HOTEL, session="new")))  # that is no log on
    assert not is_found(usual, journey(here=text("BR", HOTEL, **ENTRA)))  # of no known session
    assert not is_found(usual, journey(here=text("BR", HOTEL, session="new", log_on_to="Okta")))
    seldom_managed = [*daily("a", HOME, days=range(9), tags=MANAGED, **ENTRA), *daily("a", HOME, days=range(9, 30), **ENTRA)]
    assert not is_found(seldom_managed, journey(here=there))  # no session of it is known
    at_home = [("a", Entry(30 * DAY + 7 * HOUR, 7, "before", text("NO", HOME, session="new", **ENTRA)))]
    assert not is_found(usual, at_home, journey(here=there))  # it began at home
    phone = {"agent": "Outlook", "device": "Mobile"}
    assert not is_found(usual, daily("a", HOME, hours=[11], **phone), journey(text("BR", HOTEL, **phone), here=there))
    assert is_found(usual, journey(there, there, text("BR", HOTEL, **phone), here=there))  # a telephone that is not the user's
    for earlier in (5 * DAY, 0):  # or in the same hour, as those who travel together
        colleague = [*daily("b", HOME, days=range(29)), ("b", Entry(30 * DAY + 9 * HOUR - earlier, 0, "b", text("BR", "203.0.113.8")))]
        assert not is_found(usual, colleague, journey(here=there))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("aaaaa", True),
        ("aaaa", False),  # on three days of an earlier day, and one began: that is not yet four of five
        ("abcdefgh" * 3, False),
        ("aaaaaaaaab" + "b" * 8, True),
        ("aabbccddeeff", False),
    ],
)
def test_nearly_always_is_four_of_five_days(names, found):
    usual = [*in_sessions(*names), *daily("a", HOME, hours=[10])]
    assert is_found(usual, journey(here=text("BR", HOTEL, session="new", **ENTRA))) is found


def test_what_is_known_of_log_ons_is_little():
    ways, entra = Ways(), text("NO", HOME, tags=MANAGED, log_on_to="Entra")
    for hour in range(24 * 100):
        ways.add(hour, [entra, *([text("NO", HOME, tags=MANAGED, log_on_to=f"App {hour}")] if hour > 48 else [])])
    assert len(ways.log_ons) == 4
    for hour in range(24 * 100, 24 * 200):
        ways.add(hour, [text("NO", HOME, session=f"{hour}", log_on_to="Entra")])
    assert len(ways.sessions) == 8
    (known,) = log_ons([entra])
    assert ways.log_ons[known.app].managed == 100


def test_a_mailbox_is_opened_with_the_browser_that_all_else_is():
    browser = "Mozilla/5.0 (X11) Firefox/140.0"
    log_on, mail = (text("NO", HOME, agent=one) for one in (browser, f"Client=OWA;Action=ViaProxy;{browser};"))
    assert log_on == mail
    assert mail != text("NO", HOME, agent="Client=OWA;Action=ViaProxy;Mozilla/5.0 (X11) Chrome/140.0")
    assert text("NO", HOME, agent="Client=POP3/IMAP4;Protocol=IMAP4") != text("NO", HOME, agent="Client=REST;Client=RESTSystem;;")


def test_with_a_managed_device_abroad_an_exit_is_a_vpns_that_is_always_on():
    always, there = daily("a", VPN), text("BR", HOTEL, tags=MANAGED)
    assert not is_found(COLLEAGUES, always, journey(text("NO", VPN), here=there))
    assert is_found(COLLEAGUES, always, journey(text("NO", VPN, tags=MANAGED), here=text("BR", HOTEL)))  # a stolen session, in the office
    assert is_found(COLLEAGUES, always, journey(text("NO", HOME), here=there))
    assert is_found(COLLEAGUES, always, journey(text("NO", VPN, category="Corporate"), here=there))


def test_by_what_device_a_value_was_had_is_not_remembered_for_long():
    memory = PlacesSeen()
    for day, tags in ((0, ()), (0, MANAGED), (3, ())):
        memory.add(Entry(day * DAY, 0, f"{day}", text("NO", HOME, tags=tags)))
    memory.settle(3 * DAY)
    assert [*memory.had] == [without_way(text("NO", HOME))]


def test_a_way_is_that_of_an_address_and_of_its_block():
    known = text("NO", HOME)
    assert way_of(known) != way_of(text("NO", "192.0.2.5"))
    assert way_of(known)[:6] == way_of(text("NO", "192.0.2.5"))[:6] != way_of(text("NO", "192.0.3.4"))[:6]
    assert (
        without_way(known)
        == without_way(text("NO", VPN))
        == without_way(without_way(known))
        == without_way(text("NO", HOME, log_on_to="Box"))
    )
    assert with_way(without_way(known), HOME) == known
    for nowhere in (text("NO", HOME, device="Mobile"), text("NO", None), text("NO", HOME, category="Corporate")):
        assert way_of(nowhere) == ""


def test_days_are_counted_whatever_the_ways():
    germany = daily("a", HOTEL, days=range(29), country="DE")
    entries = sorted(daily("a", HOME, VPN) + germany, key=lambda one: one[1].timestamp)
    ((*_, usual),) = raised(MATCH, [*entries, *journey(here=text("BR", HOTEL, agent="Chrome"))])[0]
    assert "'before': ['no', 'de']" in usual


def test_ways_are_few():
    ways = Ways()
    for hour in range(24 * 365):
        ways.add(hour, [PARTED.join(("no", "", f"{way:06}abcdef", "")) for way in (hour // 8, hour // 24 % 3)])
    assert len(ways.known) == 12
    assert {f"{n:06}" for n in range(3)} <= set(ways.known)
    memory = PlacesSeen()
    for day in range(300):
        for hour in range(24):
            memory.add(Entry(day * DAY + hour * HOUR, 0, f"{day} {hour}", text("NO", f"10.{day % 250}.{hour}.7")))
        memory.settle(memory.newest - 25 * HOUR)
    packed = msgspec.msgpack.encode(memory.packed())
    assert len(packed) < 4096
    assert msgspec.msgpack.encode(PlacesSeen(msgspec.msgpack.decode(packed, strict=False)).packed()) == packed


VALUES = (
    *(text(country, address, asn=asn) for country in ("NO", "BR") for address in (HOME, VPN, HOTEL) for asn in (None, 9009)),
    *(text(country, HOTEL, agent="Chrome", tags=tags) for country in ("NO", "BR") for tags in ((), MANAGED)),
    *(text(country, HOME, tags=tags, log_on_to="Entra") for country in ("NO", "BR", "DE") for tags in ((), MANAGED)),
)


@settings(max_examples=300)
@given(given=activities(VALUES))
def test_neither_order_nor_cuts_nor_restarts_matter(given):
    same_in_any_order(msgspec.structs.replace(MATCH, history=7 * DAY, learning=2 * DAY, unless_common=1), given)


@pytest.mark.parametrize("familiar", [None, "os"])
def test_of_what_no_user_agent_is_known_ways_are_not_kept(familiar):
    match = msgspec.structs.replace(MATCH, familiar=familiar)
    assert not isinstance(match.memory(), PlacesSeen)
    assert way_of(match.value(Activity(country="NO", ip_address=HOME, os="Windows"), RawReader(), ()) or "") == ""
