"""What is due, each from what the store and the files really say."""

import pytest
from alerts_of_a_month import DAY, alert, closed
from builders import NOON, settings
from msgspec.structs import replace

from casbd.filters.condition_text import parse_condition
from casbd.model.governance import GovernanceCommand
from casbd.model.service_status import Reloaded, ServiceStatus
from casbd.model.unread import Unread
from casbd.plugins import Aging, registry
from casbd.policies.policy import Exemption
from casbd.reports.reviewing import due
from casbd.store.state import governance_breaker, governance_log, governance_stop, outbox, service_status
from casbd.store.state.outbox import Row


class Old:
    """An enricher with a list of 2025, good for a year."""

    section = "enrichment"

    def data(self):
        return [Aging("list of ports", NOON - 400 * DAY, 365 * DAY, "fetch it"), Aging("new list", NOON, 365 * DAY, "")]


@pytest.fixture
def found(sources):
    """What is due, by kind; of these sources, or changed ones."""

    def found(*enrichers, **changes):
        return {one.kind: one for one in due(replace(sources, **changes), enrichers)}

    return found


def test_nothing(found):
    assert found() == {}


def test_alerts_that_are_open_for_long(found, save, sources):
    save(alert(), alert(severity="high"), closed("benign"), alert(at=5 * DAY), alert(category="system"))
    one = found()["open_alerts"]
    assert one.why == "2, 1 of them of high severity, the oldest for 31 days."
    assert one.do == "casbd alerts list --status open --to 2026-01-03"
    assert "open_alerts" not in found(now=NOON + 30 * DAY)


def test_a_policy_that_is_mostly_false(found, save, core):
    save(
        *(closed("false_positive", policy_id="failed", user="a@contoso.com", at=n) for n in range(3)), closed("benign", policy_id="failed")
    )
    one = found()["false_positives"]
    assert one.subject == "failed"
    assert one.why.startswith("75 % of the 4 alerts that were closed. An exception for the user a@contoso.com")
    off = [replace(policy, enabled=False) for policy in core.policies]
    assert "false_positives" not in found(policies=off)


@pytest.mark.parametrize("resolutions", [["false_positive"] * 2, ["false_positive", "true_positive"] * 2, ["benign"] * 9])
def test_one_that_is_not(found, save, resolutions):
    save(*(closed(one, policy_id="failed") for one in resolutions))
    assert "false_positives" not in found()


def test_an_expired_exception(found, core, sources):
    def exempt(expires):
        node = parse_condition("user eq a@contoso.com")
        one = Exemption(policies=("failed",), filters=node, reason="backup", expires=expires, place="/rules/exceptions.yaml:2")
        return [replace(policy, exemptions=(one,)) for policy in core.policies]

    one = found(policies=exempt(NOON))["expired_exception"]
    assert one.why == "Of failed, since 2026-01-01: backup."
    assert "/rules/exceptions.yaml:2" in one.do
    assert "expired_exception" not in found(policies=exempt(sources.now + 1))
    assert "expired_exception" not in found(policies=exempt(None))


def test_destinations(found, core, sources):
    with core.store.transaction() as connection:
        outbox.failed(connection, "siem", "connection refused", NOON)
        outbox.refuse(connection, "notify:soc", Row(1, "alert", None, 0, b""), b"", "550 no such user", sources.now - DAY)
    kinds = found()
    assert kinds["destination_down"].why == "Since 2026-01-01 12:00: connection refused. 0 messages wait."
    refused = kinds["refused"]
    assert (refused.what, refused.do) == ("Messages to soc come back.", "casbd notify test soc")
    assert refused.why == "1 in 30 days, the last for this reason: 550 no such user."
    assert "refused" not in found(now=sources.now + 40 * DAY)
    with core.store.transaction() as connection:
        outbox.handed_over(connection, "notify:soc", 0, sources.now)
    assert "refused" not in found()
    with core.store.transaction() as connection:
        outbox.refuse(connection, "siem", Row(1, "alert", None, 0, b""), b"", "too large", sources.now)
    assert found()["refused"].what == "siem refuses messages."


def test_what_the_daemon_says_of_itself(found, core):
    reload = Reloaded(at=NOON, ok=False, mistakes=("casbd.yaml:1:1: wrong",))
    unread = (Unread(input="m365", path="/in/a.gz", size=1, why="is cut off", advice="export it again"),)
    service_status.save(core.store, ServiceStatus(reload=reload, unread=unread, more_unread=2))
    assert "casbd.yaml:1:1: wrong" in found()["reload_refused"].why
    assert found()["not_read"].why == "3, such as /in/a.gz: is cut off."
    assert found()["not_read"].do == "export it again; casbd status"


def test_governance(found, core):
    with core.store.transaction() as connection:
        governance_stop.stop(connection, governance_stop.Stopped(at=NOON, who="eva", reason="drill"))
        governance_breaker.open_it(connection, governance_breaker.Breaker(NOON, "20 an hour"))
        command = GovernanceCommand(command_id="1", action="a", connector="c", target="t", status="pending_approval", created=NOON)
        governance_log.save(connection, command)
    kinds = found()
    assert kinds["governance_stopped"].why == "By eva since 2026-01-01 12:00; 0 commands wait."
    assert kinds["breaker_open"].why == "Since 2026-01-01 12:00, and new commands are blocked: 20 an hour."
    assert kinds["pending_approval"].why == "1, the oldest since 2026-01-01 12:00."


def test_old_data(found):
    one = found(Old())["old_data"]
    assert (one.subject, one.why, one.do) == ("list of ports", "It was made on 2024-11-27, 431 days ago.", "fetch it")


@pytest.mark.parametrize("name", ["geoip", "user_agent"])
def test_what_ships_says_when_it_was_made(found, name):
    cls = registry.load("enrichers", name)
    enricher = cls(cls.Options())
    (one,) = enricher.data()
    assert NOON - 3000 * DAY < one.made < NOON + 3000 * DAY
    assert "old_data" not in found(enricher, now=one.made + one.good_for)
    assert found(enricher, now=one.made + one.good_for + 1)["old_data"].do == "update casbd"


def test_policies_that_look_at_what_is_not_there(found, core):
    cls = registry.load("enrichers", "geoip")
    (policy,) = [policy for policy in core.policies if policy.id == "failed"]
    far = replace(policy, filters=parse_condition("city eq Oslo"))
    one = found(cls(cls.Options()), policies=[far], settings=settings(), now=NOON)["lacking"]
    assert "Without a city file (enrichment.city) little is known of city: failed." in one.why
    assert "enrichment:" in one.do
    assert "lacking" not in found(cls(cls.Options()), policies=[replace(far, enabled=False)], now=NOON)
