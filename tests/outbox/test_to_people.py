"""Alerts to one person: few messages, each of which goes again as it was until it is over."""

import pytest
from builders import HOUR, MINUTE, NOON, record, settings
from mail_receiver import MailReceiver
from msgspec.structs import replace

from casbd.config.notifications import Notification
from casbd.config.privacy import Privacy
from casbd.config.settings import Retention
from casbd.daemon.retention import KEEP_TOLD, remove_some
from casbd.documents.mail_server import MailServer
from casbd.errors import Rejected, Retry
from casbd.notifications.messengers import ByMail
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_people import MAX_TRIES, ToPeople
from casbd.pseudonyms import Pseudonyms
from casbd.store.state import outbox, told
from tests.outbox.destinations import PATIENCE

QUEUE = "notify:soc"


class Phone:
    """A messenger that does as the plan says: an exception per message, or None."""

    def __init__(self, *plan):
        self.plan = [*plan]
        self.got = []

    def send(self, message, at):
        if self.plan and (step := self.plan.pop(0)) is not None:
            raise step
        self.got.append((message.key, message.number, message.subject, at))

    @property
    def numbers(self):
        return [number for _, number, _, _ in self.got]


def person(**options):
    return Notification.model_validate({"name": "soc", "email": "soc@example.com"} | options)


@pytest.fixture
def core(make_core):
    mail = MailServer.model_validate({"host": "localhost", "from": "casbd@example.com"})
    rules = {"failed": {}, "worse": {"severity": "high", "filters": {"activity_type": {"eq": "Log on"}}}}
    return make_core(rules=rules, settings=replace(settings({}), notifications=(person(),), mail=mail))


def raise_alerts(core, number, worse=0, start=0):
    core.feed_records(
        *(record(at=start + n) for n in range(number)), *(record(at=start + n, Operation="UserLoggedIn") for n in range(worse))
    )


@pytest.fixture
def people(core):
    def make(phone, pseudonyms=None, **options):
        return ToPeople(QUEUE, phone, person(**options), lambda: core.now, *([lambda: pseudonyms] if pseudonyms else []))

    return make


def step(core, delivering):
    """As a worker does: deliver, then write down; whether there was anything."""
    worked = delivering.deliver(core.store)
    if delivering.unwritten:
        with core.store.transaction() as connection:
            delivering.write(connection)
        delivering.written()
    return worked


def all_steps(core, delivering):
    while step(core, delivering):
        pass


def standing(core):
    return outbox.deliveries(core.store.connection)[QUEUE]


def test_all_that_waits_goes_as_one_message(core, people):
    raise_alerts(core, 4)
    phone = Phone()
    all_steps(core, people(phone))
    assert phone.numbers == [4]
    assert phone.got[0][2] == "[casbd] 4 alerts, all medium: failed and others"
    assert core.waiting(QUEUE) == []
    assert (standing(core).delivered, standing(core).pending) == (4, 0)


def test_what_comes_shortly_after_goes_together_and_is_looked_after_in_time(core, people):
    phone = Phone()
    delivering = people(phone)
    for second in range(3):
        core.now = NOON + second * 10_000
        raise_alerts(core, 1, start=second)
        all_steps(core, delivering)
    assert phone.numbers == [1]
    assert delivering.look_again == pytest.approx(40)
    core.now = NOON + MINUTE
    all_steps(core, delivering)
    assert phone.numbers == [1, 2]
    assert phone.got[1][2] == "[casbd] 2 more alerts, all medium: failed and others"


def test_past_the_limit_the_rest_is_told_when_the_hour_is_over(core, people):
    phone = Phone()
    delivering = people(phone, max_per_hour=3)
    for minute in range(20):
        core.now = NOON + minute * 2 * MINUTE
        raise_alerts(core, 1, start=minute)
        all_steps(core, delivering)
    assert phone.numbers == [1, 1, 1]
    core.now = NOON + HOUR
    all_steps(core, delivering)
    assert phone.numbers == [1, 1, 1, 17]
    assert phone.got[3][2].startswith("[casbd] 17 more alerts")


def test_the_limit_holds_after_a_restart(core, people):
    for _ in range(2):
        for minute in range(5):
            core.now += MINUTE
            raise_alerts(core, 1, start=minute)
            all_steps(core, people(phone := Phone(), max_per_hour=3))
    assert phone.got == []
    assert len(core.waiting(QUEUE)) == 7


def test_what_is_worse_passes(core, people):
    phone = Phone()
    delivering = people(phone, max_per_hour=1, quiet_hours="11:00-13:00")
    raise_alerts(core, 3)
    all_steps(core, delivering)
    assert phone.numbers == []
    raise_alerts(core, 0, worse=1, start=10)
    all_steps(core, delivering)
    assert phone.numbers == [4]
    assert phone.got[0][2] == "[casbd] 4 alerts, 1 high: worse and others"


def test_the_night_is_told_in_the_morning(core, people):
    phone = Phone()
    delivering = people(phone, quiet_hours="11:00-13:00")
    raise_alerts(core, 3)
    all_steps(core, delivering)
    core.now = NOON + HOUR - 1
    all_steps(core, delivering)
    assert phone.numbers == []
    core.now = NOON + HOUR
    all_steps(core, delivering)
    assert phone.numbers == [3]


def test_a_failed_one_goes_again_as_it_was_and_the_new_ones_after_it(core, people):
    phone = Phone(Retry("450"), Retry("450"))
    delivering = people(phone)
    raise_alerts(core, 2)
    for second in (1, 2):
        with pytest.raises(Retry):
            step(core, delivering)
        core.now = NOON + second * 1000
        raise_alerts(core, 5, start=second * 100)
    all_steps(core, delivering)
    assert phone.numbers == [2]
    assert phone.got[0][3] == NOON
    core.now += MINUTE
    all_steps(core, delivering)
    assert phone.numbers == [2, 10]


def test_killed_before_it_is_noted_the_same_message_goes_again(core, people):
    phone = Phone()
    raise_alerts(core, 2)
    people(phone).deliver(core.store)  # the server has it, and nothing is written down
    now = core.now
    core.reopen()
    core.now = now + 5000
    raise_alerts(core, 3, start=100)
    all_steps(core, people(phone))
    assert phone.got[0] == phone.got[1]
    core.now += MINUTE
    all_steps(core, people(phone))
    assert phone.numbers == [2, 2, 3]


def test_a_refused_one_is_set_aside_and_counted(core, people):
    phone = Phone(Rejected("smtp.example.com: soc@example.com: 550 5.1.1 no such user"))
    raise_alerts(core, 2)
    all_steps(core, people(phone))
    assert core.waiting(QUEUE) == []
    assert (standing(core).refused, standing(core).delivered) == (2, 0)
    (refusals,) = told.refusals(core.store.connection)
    assert refusals == (QUEUE, NOON, 2, "smtp.example.com: soc@example.com: 550 5.1.1 no such user")
    core.now += MINUTE
    raise_alerts(core, 1, start=9)
    all_steps(core, people(phone))
    assert told.refusals(core.store.connection) == []  # it takes messages again


def test_a_message_that_breaks_the_sending_does_not_hold_up_those_behind_it(core, people):
    phone = Phone(*[ValueError("bug")] * MAX_TRIES)
    delivering = people(phone)
    raise_alerts(core, 1)
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(ValueError, match="bug"):
            step(core, delivering)
    assert step(core, delivering)
    assert (standing(core).refused, standing(core).last_error) == (1, "internal error: ValueError")
    core.now += MINUTE
    raise_alerts(core, 1, start=1)
    all_steps(core, delivering)
    assert phone.numbers == [1]


def test_what_was_taken_out_meanwhile_is_not_told(core, people):
    phone = Phone(Retry("450"))
    delivering = people(phone)
    raise_alerts(core, 2)
    with pytest.raises(Retry):
        step(core, delivering)
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM outbox")
    all_steps(core, delivering)
    assert phone.got == []
    assert told.begun(core.store.connection, QUEUE) is None


def test_pseudonyms_stand_in_the_place_of_names(core, people):
    phone = Phone()
    pseudonyms = Pseudonyms(Privacy.model_validate({"pseudonymize": ["user"], "key": {"env": "X"}}).pseudonymize, b"k" * 16)
    raise_alerts(core, 1)
    all_steps(core, people(phone, pseudonyms))
    assert "a@contoso.com" not in phone.got[0][2]
    assert pseudonyms.user("a@contoso.com") in phone.got[0][2]


def test_of_the_last_hour_alone_anything_is_kept(core, people):
    delivering = people(Phone())
    for hour in range(3):
        core.now = NOON + hour * 2 * HOUR
        raise_alerts(core, 1, start=hour)
        all_steps(core, delivering)
    assert len(told.since(core.store.connection, QUEUE, 0)) == 1


def test_of_a_recipient_that_is_gone_nothing_is_kept(core, people):
    raise_alerts(core, 1)
    all_steps(core, people(Phone()))
    for later, left in ((KEEP_TOLD, 1), (KEEP_TOLD + 1, 0)):
        remove_some(core.store, Retention(), NOON + later, [], {})
        assert len(told.since(core.store.connection, QUEUE, 0)) == left


@pytest.fixture
def dispatcher(core):
    dispatcher = Dispatcher(core.store, lambda: core.now)
    yield dispatcher
    dispatcher.stop(PATIENCE)


def test_an_end_does_not_wait_for_more_to_come(core, people, dispatcher):
    phone = Phone()
    raise_alerts(core, 1)
    dispatcher.use({QUEUE: people(phone)})
    assert dispatcher.drain(PATIENCE, PATIENCE)
    raise_alerts(core, 3, start=10)
    assert dispatcher.drain(PATIENCE, PATIENCE)
    assert phone.numbers == [1, 3]
    assert core.waiting(QUEUE) == []


def test_an_end_does_not_wait_for_the_hour_to_be_over(core, people, dispatcher):
    phone = Phone()
    dispatcher.use({QUEUE: people(phone, max_per_hour=1)})
    for start in (0, 10):
        raise_alerts(core, 1, start=start)
        assert dispatcher.drain(PATIENCE, PATIENCE)
    assert phone.numbers == [1]
    assert len(core.waiting(QUEUE)) == 1


def test_one_that_is_down_delays_only_itself(core, dispatcher):
    down = MailServer.model_validate({"host": "127.0.0.1", "port": MailReceiver().port, "tls": "none", "from": "casbd@example.com"})
    people = (person(), person(name="eva", email="eva@example.com"))
    core.use(core.policies, replace(core.settings, notifications=people))
    raise_alerts(core, 2)
    with MailReceiver() as receiver:
        up = MailServer.model_validate({"host": "127.0.0.1", "port": receiver.port, "tls": "none", "from": "casbd@example.com"})
        ways = {QUEUE: ByMail(down, "soc@example.com"), "notify:eva": ByMail(up, "eva@example.com")}
        dispatcher.use({queue: ToPeople(queue, way, one, lambda: core.now) for (queue, way), one in zip(ways.items(), people, strict=True)})
        assert not dispatcher.drain(PATIENCE, 0.2)
        assert receiver.taken == [("eva@example.com",)]
    deliveries = outbox.deliveries(core.store.connection)
    assert (deliveries["notify:eva"].delivered, deliveries[QUEUE].pending) == (2, 2)
    assert "Connection refused" in (deliveries[QUEUE].last_error or "")
