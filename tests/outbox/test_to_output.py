"""A block of activities to an output, turn by turn in the test's own thread: how far it is, and what is set aside of it."""

import json

import pytest
from builders import HOUR, NOON, record, settings
from msgspec.structs import replace

from casbd.errors import Rejected, Retry
from casbd.filters.tree import Condition
from casbd.model.activity import Activity
from casbd.model.governance import GovernanceCommand
from casbd.outbox import to_output as module
from casbd.outbox.to_output import ToOutput
from casbd.plugins import registry
from casbd.pseudonyms import Pseudonyms
from casbd.store.state import outbox, refused
from tests.outbox import destinations
from tests.outbox.destinations import Memory


@pytest.fixture
def core(make_core):
    """A block of seven activities waits for `siem`."""
    core = make_core(settings=settings({"siem": ["activities"]}))
    core.feed_records(*(record(at=n) for n in range(7)))
    return core


@pytest.fixture
def block(core):
    (row,) = core.waiting()
    return core.block(row.block_id)


class Choosy:
    """Takes all activities but one."""

    def __init__(self, refused):
        self.refused, self.taken = refused, []

    def send(self, items):
        for number, item in enumerate(items):
            if item.activity_id == self.refused.activity_id:
                raise Rejected("odd", sent=number)
            self.taken.append(item)

    def close(self):
        pass


class Unsure(Choosy):
    """Does not know whether any of it was read, until the end."""

    acknowledged = True

    def unread(self):
        return len(self.taken)

    def conclude(self):
        pass


def deliver(core, delivering):
    """At most three of them; how many of the block are written down as sent, None when all are."""
    assert delivering.deliver(core.store, 3)
    return write(core, delivering)


def write(core, delivering):
    with core.store.transaction() as connection:
        delivering.write(connection)
    delivering.written()
    return next((row.sent for row in core.waiting()), None)


def test_what_is_sent_all_the_time_is_written_down_some_times_a_second(make_core, monkeypatch):
    """A commit waits for the disk. Once all is sent, at once."""
    now = [50.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"]}))
    core.feed_records(*(record(at=n) for n in range(6)))
    output = Memory()
    delivering = ToOutput("siem", output, lambda: core.now)

    def deliver(at):
        now[0] = 50 + at
        worked = delivering.deliver(core.store, 1)
        if delivering.unwritten:
            write(core, delivering)
        return worked, len(output.taken), len(core.waiting())

    last = module.WRITE_SECONDS - 0.01
    assert [deliver(0), deliver(0.01), deliver(last)] == [(True, 1, 5), (True, 2, 5), (True, 3, 5)]
    assert [deliver(module.WRITE_SECONDS), deliver(0.3), deliver(0.3)] == [(True, 4, 2), (True, 5, 2), (True, 6, 2)]
    assert deliver(0.3) == (False, 6, 0)
    assert not delivering.unwritten
    core.feed_records(record(at=7))
    assert [deliver(0.31), deliver(0.31)] == [(True, 7, 1), (False, 7, 0)]


def test_what_is_out_of_doubt_is_written_down_before_a_new_connection_begins_with_the_first_row(make_core):
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"]}))
    core.feed_records(*(record(at=n) for n in range(6)))
    output = destinations.Unsure()
    delivering = ToOutput("siem", output, lambda: core.now)
    for _ in range(2):
        assert delivering.deliver(core.store, 2)
        if delivering.unwritten:
            write(core, delivering)
    assert (len(core.waiting()), delivering.unwritten) == (4, False)
    output.broken.set()
    with pytest.raises(Retry):
        delivering.deliver(core.store, 2)
    assert delivering.unwritten
    write(core, delivering)
    assert delivering.deliver(core.store, 9)
    assert len(output.taken) == len({*output.taken}) == 6


def set_aside(core):
    return [(one.item(), one.reason) for one in refused.listed(core.store.connection, "siem")]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("place", "reached"), [(0, [1, 4, None]), (2, [3, 6, None]), (4, [3, 5, None]), (5, [3, 6, None]), (6, [3, 6, None])]
)
def test_behind_a_refused_activity_it_goes_on_with_the_next_one(core, block, place, reached, restarts):
    output = Choosy(block[place])
    delivering = ToOutput("siem", output, lambda: core.now)
    found = []
    for _ in range(3):
        found.append(deliver(core, delivering))
        delivering = ToOutput("siem", output, lambda: core.now) if restarts else delivering

    assert found == reached
    assert output.taken == [*block[:place], *block[place + 1 :]]
    assert set_aside(core) == [(block[place], "odd")]
    delivery = outbox.deliveries(core.store.connection)["siem"]
    assert (delivery.delivered, delivery.refused, delivery.pending) == (6, 1, 0)
    assert not delivering.deliver(core.store, 3)


@pytest.mark.parametrize(("place", "certain"), [(0, 1), (2, 0), (4, 0), (6, 0)])
def test_so_it_does_where_what_was_sent_is_in_doubt(core, block, place, certain):
    """A refused one is certain, if nothing before it is in doubt."""
    output = Unsure(block[place])
    delivering = ToOutput("siem", output, lambda: core.now)

    assert [deliver(core, delivering) for _ in range(3)] == [certain] * 3

    assert output.taken == [*block[:place], *block[place + 1 :]]
    assert set_aside(core) == [(block[place], "odd")]
    assert not delivering.deliver(core.store, 3)
    delivering.conclude()
    assert write(core, delivering) is None


@pytest.mark.parametrize("how", [{"oldest": HOUR}, {"filters": Condition("timestamp", "gte", (NOON,))}], ids=["age", "filters"])
class TestNotWanted:
    """What was too old when it was stored, or is not asked for, is not sent, whatever happens in between."""

    OLD = pytest.mark.parametrize("old", [set(), {0, 1}, {6}, {1, 3, 4}, {0, 2, 4, 6}, set(range(7))])

    @staticmethod
    def wanted(make_core, old):
        """A core with a block of seven activities, some of them old, and the ids of those that are to be sent."""
        core = make_core(settings=settings({"siem": ["activities"]}))
        core.feed_records(*(record(at=n - (2 * HOUR if n in old else 0)) for n in range(7)))
        (row,) = core.waiting()
        core.now += 100 * HOUR
        return core, [one.activity_id for one in core.block(row.block_id) if one.timestamp >= NOON]

    @OLD
    @pytest.mark.parametrize("restarts", [False, True])
    def test_at_an_output_that_answers(self, make_core, old, restarts, how):
        core, wanted = self.wanted(make_core, old)
        output = Memory()
        delivering = ToOutput("siem", output, lambda: core.now, **how)
        while core.waiting():
            deliver(core, delivering)
            if restarts:
                delivering = ToOutput("siem", output, lambda: core.now, **how)
        assert output.taken == wanted

    @OLD
    @pytest.mark.parametrize("doubt", [0, 1, 2, 5])
    def test_what_a_lost_connection_leaves_in_doubt_is_sent_again(self, make_core, old, doubt, how):
        core, wanted = self.wanted(make_core, old)
        output = destinations.Unsure(doubt=doubt)
        delivering = ToOutput("siem", output, lambda: core.now, **how)
        while delivering.deliver(core.store, 3):
            write(core, delivering)
        output.broken.set()
        with pytest.raises(Retry):
            delivering.deliver(core.store, 3)
        write(core, delivering)
        output.doubt = 0
        while delivering.deliver(core.store, 3):
            pass
        write(core, delivering)
        assert output.taken == [*wanted, *(wanted[-doubt:] if doubt else ())]
        assert not core.waiting()

    @OLD
    @pytest.mark.parametrize("place", [0, 1, 2, 5, 6])
    def test_behind_a_refused_one_it_goes_on_with_the_next_that_is_wanted(self, make_core, old, place, how):
        core, wanted = self.wanted(make_core, old)
        (row,) = core.waiting()
        odd = core.block(row.block_id)[place]
        output = Choosy(odd)
        delivering = ToOutput("siem", output, lambda: core.now, **how)
        while core.waiting():
            deliver(core, delivering)
        assert [one.activity_id for one in output.taken] == [one for one in wanted if one != odd.activity_id]
        assert len(set_aside(core)) == (odd.activity_id in wanted)


def test_a_refused_activity_is_sent_again_behind_what_waits_and_may_be_refused_again(core, block):
    output = Choosy(block[2])
    delivering = ToOutput("siem", output, lambda: core.now)
    while core.waiting():
        deliver(core, delivering)
    core.feed_records(record(at=9))
    for odd, left in ((block[2], 1), (block[3], 0)):
        with core.store.transaction() as connection:
            refused.send_again(connection, "siem", refused.listed(connection, "siem"), core.now)
        assert not set_aside(core)
        output.refused = odd
        while core.waiting():
            deliver(core, delivering)
        assert len(set_aside(core)) == left
    assert output.taken[-1] == block[2]
    assert len(output.taken) == 8


def test_fields_that_are_left_out_are_in_no_message_whatever_the_output_makes_of_it(core, block, tmp_path):
    raw = block[0].raw
    for layout in ("json", "cef"):
        options = {"path": tmp_path / layout, "format": layout}
        file = registry.load("outputs", "file")
        deliver(core, ToOutput("siem", file(file.Options(**options)), lambda: core.now, leave_out=("raw", "ip_address")))
    lines = [json.loads(line) for line in (tmp_path / "json").read_text().splitlines()]
    assert [line["activity_id"] for line in lines] == [one.activity_id for one in block[:3]]
    assert {tuple(line) for line in lines} == {
        ("type", *(name for name in Activity.__struct_fields__ if name not in ("raw", "ip_address")))
    }
    assert " src=" not in (tmp_path / "cef").read_text()
    assert block[0].ip_address
    assert core.block(1)[0].raw == raw


def test_outcomes_of_governance_go_in_order_with_pseudonyms_in_the_place_of_names(make_core):
    core = make_core("alerts", rules={"failed": {}}, settings=settings({"siem": ["alerts"]}))
    command = GovernanceCommand(command_id="c", action="suspend_user", connector="entra", target="a@contoso.com", status="succeeded")
    core.feed_records(record())
    with core.store.transaction() as connection:
        outbox.add_outcome(connection, "siem", replace(command, answer="a@contoso.com is suspended"), core.now)
    core.feed_records(record(at=9))
    output, pseudonyms = Memory(), Pseudonyms(["user"], b"a key of sixteen")
    sent = []
    output.send = sent.extend

    ToOutput("siem", output, lambda: core.now, lambda: pseudonyms).deliver(core.store)

    anna = pseudonyms.user("a@contoso.com")
    assert [getattr(item, "command_id", "an alert") for item in sent] == ["an alert", "c", "an alert"]
    assert (sent[1].target, sent[1].answer) == (anna, f"{anna} is suspended")


def test_a_receiver_that_only_takes_no_more_puts_nothing_in_question(core, block):
    """What it has taken stays in doubt, is not sent again, and counts when it says so; status says all the while that it is in doubt."""
    output = destinations.Unsure(None, Retry("busy", stands=True), Retry("busy", sent=2, stands=True), doubt=3)
    delivering = ToOutput("siem", output, lambda: core.now)
    deliver(core, delivering)
    for taken in (3, 5):
        with pytest.raises(Retry):
            delivering.deliver(core.store, 3)
        output.doubt = taken
        with core.store.transaction() as connection:
            delivering.write(connection)
            outbox.failed(connection, "siem", "busy", core.now, stands=True)
        delivering.written()
        assert [row.sent for row in core.waiting()] == [0]
    assert output.taken == [activity.activity_id for activity in block[:5]]
    output.doubt = 1
    assert deliver(core, delivering) == 6
    assert output.taken == [activity.activity_id for activity in block]
