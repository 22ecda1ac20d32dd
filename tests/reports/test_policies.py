"""The report on each policy."""

from alerts_of_a_month import DAY, alert, closed
from builders import record
from msgspec.structs import replace

from casbd.reports.policies import false_share, policies


def test_each_policy(core, sources, save):
    core.feed_records(record(Id="1"), record(at=DAY, Id="2"))
    save(*(closed("false_positive", policy_id="idle") for _ in range(3)), closed("benign", policy_id="idle"), alert(policy_id="idle"))
    reports = {one.policy_id: one for one in policies(sources)}
    assert [*reports] == ["failed", "idle", "off"]
    idle, failed = reports["idle"], reports["failed"]
    assert (idle.alerts, idle.open, idle.false_positive, idle.benign, idle.true_positive, idle.false_share) == (5, 1, 3, 1, 0, 0.75)
    assert (idle.matches, idle.last_match) == (0, None)
    assert (failed.matches, failed.alerts, failed.last_match, failed.false_share) == (2, 2, "2026-01-02", None)
    assert (failed.state, reports["off"].state) == ("enforce", "disabled")


def test_simulated(core, sources):
    (policy,) = [replace(policy, mode="simulate") for policy in core.policies if policy.id == "failed"]
    assert policies(replace(sources, policies=[policy]))[0].state == "simulate"


def test_what_nobody_judged_has_no_share():
    assert false_share([alert(), replace(closed(None), resolution=None)]) is None
