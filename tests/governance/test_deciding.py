"""What becomes of a policy's governance actions: the more careful answer wins."""

from collections import Counter

import pytest
from builders import HOUR, NOON, load_rules, record, settings
from msgspec.structs import replace

from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.store.state import governance_breaker, governance_log
from casbd.store.state.governance_breaker import Breaker
from tests.governance.conftest import RULES, SUSPEND, queued, statuses


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


@pytest.mark.parametrize("user", ["Admin@contoso.com.", "\uff41dmin@contoso.com", "ad\u200bmin@contoso.com", "admin@contoso.com\u00a0"])
def test_protected_users_are_left_alone_however_they_are_written(make, user):
    core = make(mode="enforce", protected_users=["admin@contoso.com"])

    core.feed_records(record(UserId=user))

    (command,) = core.commands()
    assert (command.status, queued(core)) == ("blocked", [])
    assert "protected_users" in command.reason


def test_a_command_says_whose_account_it_is_and_where(make):
    core = make(mode="enforce")

    core.feed_records(record(UserKey="10030000A96E4AAA@contoso.com"))

    (command,) = core.commands()
    (activity,) = core.activities()
    assert activity.app
    assert (command.app, command.app_instance, command.user_id) == (activity.app, "contoso", activity.user_id)


@pytest.mark.parametrize("by", ["user_id", ["user", "ip_address"]])
def test_activities_that_are_counted_by_the_user_are_the_users(make, by):
    core = make(rules={"failed": RULES["failed"] | {"match": {"repeated": 2, "within": "5m", "by": by}}}, mode="enforce")

    core.feed_records(*(record(UserKey="10030000A96E4AAA") for _ in range(2)))

    assert [(command.status, command.target) for command in core.commands()] == [("queued", "a@contoso.com")]


def test_nobody_is_acted_on_for_what_another_name_of_the_same_id_did(make):
    core = make(rules={"failed": RULES["failed"] | {"match": {"repeated": 2, "within": "5m", "by": "user_id"}}}, mode="enforce")

    core.feed_records(*(record(UserId=user, UserKey="10030000A96E4AAA") for user in ("b@contoso.com", "c@contoso.com", "b@contoso.com")))

    assert [command.target for command in core.commands()] == ["b@contoso.com"]


@pytest.mark.parametrize("pattern", ["admin*@contoso.com", "ADMIN*", "*@contoso.com", "*@*.com", "a*1@c*"])
def test_protected_patterns(make, pattern):
    core = make(mode="enforce", protected_users=[pattern])

    core.feed_records(record(UserId="Admin1@Contoso.com"), record(UserId="b@fabrikam.org"))

    assert {command.target: command.status for command in core.commands()} == {"admin1@contoso.com": "blocked", "b@fabrikam.org": "queued"}
    assert f"admin1@contoso.com is one of governance.protected_users ({pattern})" in {command.reason for command in core.commands()}


def test_protected_groups(make):
    core = make()
    members = {"a@contoso.com": ("Board", "Finance")}
    core.use(core.policies, settings(mode="enforce", protected_groups=["board"]), lambda user: members.get(user, ()))

    core.feed_records(record(), record(UserId="b@contoso.com"))

    assert {command.target: command.status for command in core.commands()} == {"a@contoso.com": "blocked", "b@contoso.com": "queued"}
    assert "a@contoso.com is in the group Board of governance.protected_groups" in {command.reason for command in core.commands()}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"UserId": "SHAREPOINT\\system"}, "SHAREPOINT\\system is not a person's account: it is a system account"),
        ({"UserId": "ServicePrincipal_6cdf381d"}, "it is a service principal"),
        ({"UserType": 4}, "a@contoso.com is not a person's account: the record's user type is System"),
        ({"UserType": 5}, "a@contoso.com is not a person's account: the record's user type is Application"),
        ({"ErrorNumber": "50034"}, "a@contoso.com is not a person's account: the app knows no such account"),
        ({"UserId": "Not Available"}, "the alert is not about a single user"),
    ],
)
def test_only_a_person_is_a_target(make, fields, told):
    core = make(mode="enforce")

    core.feed_records(record(**fields))

    (command,) = core.commands()
    assert command.status == "blocked"
    assert told in command.reason
    assert queued(core) == []


def test_the_ceiling_of_an_hour(make):
    core = make(mode="enforce", max_per_hour=2)
    users = iter(range(100))

    def failures(number):
        core.feed_records(*(record(at=core.now - NOON, UserId=f"{next(users)}@contoso.com") for _ in range(number)))

    failures(3)
    assert sorted(statuses(core)) == ["blocked", "queued", "queued"]
    assert "max_per_hour (2)" in next(command.reason for command in core.commands() if command.status == "blocked")

    core.now += HOUR + 1
    failures(1)
    assert "the breaker is open since 2026-01-01T12:00:00.000Z (governance.max_per_hour (2) is reached)" in core.commands()[-1].reason

    with core.store.transaction() as connection:
        governance_breaker.close(connection)
    failures(1)
    assert len(queued(core)) == 3


def test_the_breaker_stays_open_whatever_is_restarted_and_whatever_the_clock_says(make):
    core = make(mode="enforce", max_per_hour=1)
    core.feed_records(record(), record(UserId="b@contoso.com"))

    for jump in (25 * HOUR, -50 * HOUR, 100 * HOUR):
        core.now += jump
        core.reopen()
        core.feed_records(record(at=core.now - NOON, UserId=f"{jump}@contoso.com"))

    assert [command.status for command in core.commands()].count("queued") == 1
    assert governance_breaker.opened(core.store.connection) == Breaker(NOON, "governance.max_per_hour (1) is reached")


def test_a_thousand_alerts_in_a_minute(make):
    core = make(mode="enforce", max_per_hour=20)

    core.feed_records(*(record(at=number * 60, UserId=f"{number}@contoso.com") for number in range(1000)))

    assert Counter(statuses(core)) == {"queued": 20, "blocked": 980}
    assert len(queued(core)) == 20
    assert governance_breaker.opened(core.store.connection) is not None


def test_a_ceiling_of_one_action(make):
    rules = {"failed": RULES["failed"] | {"governance": [SUSPEND, {"action": "notify_user", "connector": "mail"}]}}
    core = make(rules=rules, mode="enforce", max_per_hour_by_action={"suspend_user": 1})

    core.feed_records(record(), record(UserId="b@contoso.com"))

    assert sorted((c.action, c.status) for c in core.commands() if c.target.startswith("a")) == [
        ("notify_user", "queued"),
        ("suspend_user", "queued"),
    ]
    blocked = {c.action: c.reason for c in core.commands() if c.status == "blocked"}
    assert "the breaker is open" in blocked["notify_user"]  # it is one for all
    assert blocked["suspend_user"] == "governance.max_per_hour_by_action (suspend_user: 1) is reached"


class TestCoolDown:
    def test_it_can_be_another_length(self, make):
        core = make(mode="enforce", cool_down="1h")
        core.feed_records(record(), record())
        assert "the same was asked for within 1h (governance.cool_down): " in next(
            c.reason for c in core.commands() if c.status == "blocked"
        )
        core.now += HOUR + 1
        core.feed_records(record(at=HOUR))
        assert len(queued(core)) == 2

    @pytest.mark.parametrize(("jump", "ahead"), [(25 * HOUR, -25 * HOUR), (-25 * HOUR, 25 * HOUR)])
    def test_it_is_over_when_both_clocks_say_so(self, make, jump, ahead):
        core = make(mode="enforce")
        core.feed_records(record())
        core.now += jump
        core.ahead = ahead
        core.feed_records(record(at=jump))
        assert len(queued(core)) == 1

    def test_the_stronger_action_contains_the_weaker_in_whatever_order_a_rule_has_them(self, make):
        steps = [{"action": action, "connector": "entra"} for action in ("expire_password", "require_sign_in_again", "suspend_user")]
        core = make(rules={"failed": RULES["failed"] | {"governance": steps}}, mode="enforce")

        core.feed_records(record())

        suspended = next(c for c in core.commands() if c.status == "queued")
        assert suspended.action == "suspend_user"
        weaker = {c.action: c.reason for c in core.commands() if c.status == "blocked"}
        assert set(weaker) == {"expire_password", "require_sign_in_again"}
        assert weaker["expire_password"].startswith("suspend_user, which contains expire_password, was asked for within 1d")
        assert weaker["expire_password"].endswith(suspended.command_id)

    def test_at_another_connector_it_does_not(self, make):
        steps = [SUSPEND, {"action": "require_sign_in_again", "connector": "okta"}]
        core = make(rules={"failed": RULES["failed"] | {"governance": steps}}, mode="enforce")
        core.feed_records(record())
        assert statuses(core) == ["queued", "queued"]


@pytest.mark.parametrize(
    ("mode", "request_told"), [("dry_run", "PATCH a@contoso.com"), ("approve", "PATCH a@contoso.com"), ("enforce", "")]
)
def test_what_is_not_sent_yet_says_what_would_be(make, mode, request_told):
    core = make(mode=mode)
    core.pipeline.use(core.settings, core.policies, Rails(core.settings.governance, preview=lambda command: f"PATCH {command.target}"))
    core.feed_records(record())
    (command,) = core.commands()
    assert (command.request, command.mode) == (request_told, mode)


class TestAdministrators:
    def commands(self, make, administrators, *records, **care):
        core = make(mode="enforce", **care)
        core.pipeline.use(core.settings, core.policies, Rails(core.settings.governance, administrators=administrators))
        core.feed_records(*records)
        return {command.target: command.reason for command in core.commands() if command.status == "blocked"}

    def test_the_last_one_is_left_alone(self, make):
        blocked = self.commands(make, ["A@Contoso.com"], record(), record(UserId="b@contoso.com"))
        assert blocked == {
            "a@contoso.com": "a@contoso.com is the last administrator that casbd knows of (governance.administrators_groups)"
        }

    def test_whom_casbd_suspends_is_none_any_more(self, make):
        blocked = self.commands(make, ["a@contoso.com", "b@contoso.com"], record(), record(UserId="b@contoso.com"))
        assert [*blocked] == ["b@contoso.com"]

    def test_whom_the_log_calls_one(self, make):
        assert [*self.commands(make, [], record(UserType=2))] == ["a@contoso.com"]

    def test_whose_rights_were_taken_is_none_though_the_account_is_open_again(self, make):
        core = make(mode="enforce")
        core.pipeline.use(core.settings, core.policies, Rails(core.settings.governance, administrators=["a@contoso.com", "b@contoso.com"]))
        taken = GovernanceCommand(
            command_id="1", action="revoke_admin_privileges", connector="entra", target="b@contoso.com", status="succeeded", created=1
        )
        opened = replace(taken, command_id="2", action="unsuspend_user", created=2)
        with core.store.transaction() as connection:
            for command in (taken, opened):
                governance_log.save(connection, command)
        core.feed_records(record())
        assert statuses(core).count("blocked") == 1

    def test_where_there_is_another_one(self, make):
        assert self.commands(make, ["b@contoso.com"], record(UserType=2)) == {}


def test_a_ceiling_of_zero_stops_everything(make):
    core = make(mode="enforce", max_per_hour=0)

    core.feed_records(record())

    assert statuses(core) == ["blocked"]


def test_the_same_on_the_same_user_once_a_day(make):
    core = make(mode="enforce")
    core.feed_records(record(UserId="A@Contoso.com"), record(UserId="a@contoso.com"))
    assert sorted(statuses(core)) == ["blocked", "queued"]

    core.now += 25 * HOUR
    core.feed_records(record(at=25 * HOUR, UserId="A@contoso.com"))
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
