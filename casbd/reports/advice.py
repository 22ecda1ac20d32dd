"""What follows from a month's numbers."""

from __future__ import annotations

from collections.abc import Iterator

from casbd.reports.document import Step
from casbd.reports.monthly import MonthlyReport

SLOW_HOURS = 7 * 24
"""An alert that is looked at later than in a week tells of what is long over."""
MANY_OPEN = 0.5
"""Share of a month's alerts left open at which nobody can say whether the policies are any good."""


def recommendations(report: MonthlyReport) -> list[Step]:
    """The most urgent first."""
    return [*_alerts(report), *_governance(report), *_tuning(report), *_service(report), *_policies(report)]


def _alerts(report: MonthlyReport) -> Iterator[Step]:
    handling, alerts = report.handling, report.alerts.month
    span = f"--from {report.since[:10]} --to {report.until[:10]}"
    if handling.open_high:
        why = f"Still open with high severity: {handling.open_high:,} of the month's alerts."
        yield Step("Look at the open alerts of high severity first.", why, f"casbd alerts list --status open --severity high {span}")
    if alerts and report.is_over and handling.open >= MANY_OPEN * alerts and handling.open > handling.open_high:
        why = f"{handling.open:,} of {alerts:,} are open. What was never judged cannot show which policies are worth their noise."
        yield Step("Close alerts as what they were.", why, f"casbd alerts list --status open {span}")
    if handling.unexplained:
        why = f"{handling.unexplained:,} were closed without saying whether they were true."
        yield Step("Say of each alert what it was.", why, "casbd alerts close ID --as true_positive, benign or false_positive")
    if handling.median_hours is not None and handling.median_hours > SLOW_HOURS:
        why = f"Half of the closed ones took longer than {handling.median_hours / 24:.0f} days."
        yield Step("Look at alerts sooner.", why, "casbd alerts list --status open")


def _governance(report: MonthlyReport) -> Iterator[Step]:
    by_status: dict[str, int] = {}
    for one in report.governance:
        by_status[one.status] = by_status.get(one.status, 0) + one.commands
    if number := by_status.get("failed"):
        yield Step("See why governance commands failed.", f"{number:,} were tried and not done.", "casbd governance list --status failed")
    if number := by_status.get("pending_approval"):
        do = "casbd governance list --status pending_approval"
        yield Step("Decide on commands that wait for approval.", f"{number:,} of the month's still wait.", do)
    if number := by_status.get("dry_run"):
        why = f"{number:,} commands were decided and not sent, as governance is in dry run. If they are right, approve them one by one."
        yield Step("Decide whether governance may act.", why, "governance: {mode: approve} in the configuration")


def _tuning(report: MonthlyReport) -> Iterator[Step]:
    for policy in report.noisy:
        if policy.tuning is not None:
            yield Step(f"Tune the policy {policy.name}.", policy.tuning.advice, f"casbd policies show {policy.policy_id}")


def _service(report: MonthlyReport) -> Iterator[Step]:
    down = [trouble.what for trouble in report.troubles if trouble.goes_on]
    if down:
        yield Step("Repair destinations that take no messages.", f"{'; '.join(down)}.", "casbd status")
    if report.rejects:
        number = sum(one.records for one in report.rejects)
        yield Step("See why records cannot be read.", f"{number:,} became no activity, so no policy has seen them.", "casbd rejects list")


def _policies(report: MonthlyReport) -> Iterator[Step]:
    if report.never_matched:
        number = len(report.never_matched)
        share = f"{number:,} of {report.policies:,} policies have met nothing since casbd began"
        why = f"{share}: their apps may not be exported, or they wait for what is rare."
        yield Step("Check that policies which never matched can match.", why, "casbd check")
