"""What becomes of a policy's governance actions: the more careful answer wins."""

import pytest
from builders import HOUR, NOON, load_rules, record, settings

from casbd.pipeline import connector_destination

SUSPEND = {"action": "suspend_user", "connector": "entra"}
RULES = {"failed": {"name": "Failed log on", "governance": [SUSPEND]}}


@pytest.fixture
def make(make_core):
    def make(name="state", rules=RULES, **care):
        return make_core(name, rules=rules, settings=settings(**care))

    return make


def statuses(core):
    return [command.status for command in core.commands()]


def queued(core, connector="entra"):
    return [row.command() for row in core.waiting(connector_destination(connector))]


def test_dry_run_is_the_default(make):
    core = make()

    core.feed_records(record())

    (command,) = core.commands()
    (alert,) = core.alerts()
    assert (command.status, command.action, command.connector, command.target) == ("dry_run", "suspend_user", "entra", "a@contoso.com")
    assert (command.alert_id, command.policy_id, command.reason, command.created) == (alert.alert_id, "failed", "Failed log on", NOON)
    assert queued(core) == []


def test_enforce_puts_it_into_the_connectors_outbox(make):
    core = make(mode="enforce")

    core.feed_records(record())

    assert queued(core) == core.commands()
    assert statuses(core) == ["queued"]


def test_approve_waits_for_a_person(make):
    core = make(mode="approve")

    core.feed_records(record())

    assert statuses(core) == ["pending_approval"]
    assert queued(core) == []


def test_protected_users_are_left_alone_whatever_their_case(make):
    core = make(mode="enforce", protected_users=["Break.Glass@Contoso.com"])

    core.feed_records(record(UserId="bREAK.glass@contoso.COM"), record())

    assert sorted(statuses(core)) == ["blocked", "queued"]
    assert [command.target for command in queued(core)] == ["a@contoso.com"]


def test_nothing_is_done_without_a_single_user(make):
    core = make(rules={"failed": RULES["failed"] | {"match": {"repeated": 2, "within": "5m", "by": ["ip_address"]}}}, mode="enforce")

    core.feed_records(record(), record(UserId="b@contoso.com"))

    (command,) = core.commands()
    assert (command.status, command.target, command.reason) == ("blocked", "", "the alert is not about a single user")


def test_the_ceiling_of_an_hour(make):
    core = make(mode="enforce", max_per_hour=2)
    users = iter(range(100))

    def failures(number):
        core.feed_records(*(record(UserId=f"{next(users)}@contoso.com") for _ in range(number)))

    failures(3)
    assert sorted(statuses(core)) == ["blocked", "queued", "queued"]
    assert "max_per_hour (2)" in next(command.reason for command in core.commands() if command.status == "blocked")

    core.now += HOUR + 1
    failures(1)
    assert len(queued(core)) == 3


def test_a_ceiling_of_zero_stops_everything(make):
    core = make(mode="enforce", max_per_hour=0)

    core.feed_records(record())

    assert statuses(core) == ["blocked"]


def test_the_same_on_the_same_user_once_a_day(make):
    core = make(mode="enforce")
    core.feed_records(record(UserId="LOCAL\\Somebody"), record(UserId="local\\somebody"))
    assert sorted(statuses(core)) == ["blocked", "queued"]

    core.now += 25 * HOUR
    core.feed_records(record(UserId="LOCAL\\Somebody"))
    assert len(queued(core)) == 2


def test_an_action_that_stands_twice_in_a_rule_is_asked_for_once(make):
    rules = {"failed": RULES["failed"] | {"governance": [SUSPEND, {"action": "notify_user", "connector": "mail"}, SUSPEND]}}
    core = make(rules=rules, mode="enforce")

    core.feed_records(record())

    assert sorted((command.action, command.status) for command in core.commands()) == [
        ("notify_user", "queued"),
        ("suspend_user", "queued"),
    ]
    assert len(queued(core)) == len(queued(core, "mail")) == 1


def test_ids_are_the_same_in_every_store(make):
    one = record()
    cores = [make(name) for name in ("one", "two")]
    for core in cores:
        core.feed_records(one)

    assert cores[0].commands() == cores[1].commands()


def test_simulated_policies_ask_for_nothing(make):
    core = make(rules={"failed": RULES["failed"] | {"mode": "simulate"}}, mode="enforce")

    core.feed_records(record())

    assert core.commands() == []


def test_a_reload_changes_how_careful_casbd_is(make, tmp_path):
    core = make()
    core.use(load_rules(tmp_path / "rules", RULES), settings(mode="enforce"))

    core.feed_records(record())

    assert statuses(core) == ["queued"]
