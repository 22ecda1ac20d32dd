"""What is due: to be looked at, cleaned up or repaired by a person, each with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from casbd.governance.rails import meaning
from casbd.governance.standing import Standing
from casbd.model.alert import SYSTEM
from casbd.plugins import Dated, Enricher
from casbd.policies.lacking import lacking
from casbd.policies.policy import Exemption
from casbd.records.timestamps import iso
from casbd.reports.counted import DAY
from casbd.reports.month import Month
from casbd.reports.policies import false_share
from casbd.reports.sources import Sources
from casbd.reports.tuning import tuning
from casbd.store.state import governance_breaker, governance_log, outbox, reported, service_status, set_aside, told
from casbd.store.state.reported import AlertSummary
from casbd.store.state.told import recipient_destination

OPEN_TOO_LONG = 30 * DAY
MOSTLY_FALSE, JUDGED = 0.5, 3
"""A policy more than whose half is false is due for tuning; of fewer alerts than these nothing can be said."""
REFUSED_LATELY = 30 * DAY
NAMED = 5

Kind = Literal[
    "open_alerts",
    "false_positives",
    "expired_exception",
    "refused",
    "destination_down",
    "old_data",
    "lacking",
    "set_aside",
    "governance_stopped",
    "breaker_open",
    "pending_approval",
    "not_read",
    "reload_refused",
]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One thing, as `casbd review --json` prints it. subject: the policy, destination or file that it is about.

    what: a short sentence; why: the numbers; do: a command, or where to write what.
    """

    kind: Kind
    subject: str
    what: str
    why: str
    do: str


def due(sources: Sources, enrichers: Sequence[Enricher]) -> list[Due]:
    """All of it, what keeps casbd from its work first. enrichers: as they are configured."""
    alerts = [alert for alert in reported.alerts(sources.store.connection) if alert.category != SYSTEM]
    looks: list[Callable[[], Iterator[Due]]] = [
        lambda: _reload(sources),
        lambda: _destinations(sources),
        lambda: _refused(sources),
        lambda: _unread(sources),
        lambda: _governance(sources),
        lambda: _set_aside(sources),
        lambda: _open(sources, alerts),
        lambda: _false(sources, alerts),
        lambda: _expired(sources),
        lambda: _lacking(sources, enrichers),
        lambda: _old(sources, enrichers),
    ]
    return [one for look in looks for one in look()]


def _days(milliseconds: int) -> str:
    return f"{milliseconds // DAY:,} days"


def _reload(sources: Sources) -> Iterator[Due]:
    last = service_status.load(sources.store).reload
    if last.at is not None and not last.ok:
        why = f"Since {iso(last.at)[:16].replace('T', ' ')} casbd runs with an older one: {'; '.join(last.mistakes[:NAMED])}."
        path = str(sources.settings.path)
        yield Due(kind="reload_refused", subject=path, what="The last reload was refused.", why=sources.shown.text(why), do="casbd check")


def _destinations(sources: Sources) -> Iterator[Due]:
    deliveries = outbox.deliveries(sources.store.connection)
    for name, since in outbox.down_since(sources.store.connection).items():
        one = deliveries[name]
        why = f"Since {iso(since)[:16].replace('T', ' ')}: {one.last_error}. {one.pending + one.in_doubt:,} messages wait."
        what = f"The destination {name} takes no messages."
        yield Due(kind="destination_down", subject=name, what=what, why=sources.shown.text(why), do="casbd status")


def _refused(sources: Sources) -> Iterator[Due]:
    """People who have taken nothing since, and other destinations that refused anything lately."""
    people = {one.destination for one in told.refusals(sources.store.connection)}
    for name, number, reason in reported.refused(sources.store.connection, sources.now - REFUSED_LATELY):
        person = name.removeprefix(recipient_destination(""))
        if name != person and name not in people:
            continue
        what = f"{name} refuses messages." if name == person else f"Messages to {person} come back."
        why = f"{number:,} in {_days(REFUSED_LATELY)}, the last for this reason: {reason}."
        do = "casbd status" if name == person else f"casbd notify test {person}"
        yield Due(kind="refused", subject=name, what=what, why=sources.shown.text(why), do=do)


def _unread(sources: Sources) -> Iterator[Due]:
    status = service_status.load(sources.store)
    files = [one for one in status.unread if one.kind == "unread"]
    if files:
        number = len(files) + status.more_unread
        why = f"{number:,}, such as {files[0].path}: {files[0].why}."
        do = f"{files[0].advice}; casbd status" if files[0].advice else "casbd status"
        yield Due(kind="not_read", subject=files[0].path, what="Files are not read.", why=sources.shown.text(why), do=do)


def _governance(sources: Sources) -> Iterator[Due]:
    standing = Standing.of(sources.store)
    if standing.by is not None:
        who, at = standing.by.who, iso(standing.by.at)[:16].replace("T", " ")
        why = f"By {who} since {at}; {standing.waiting:,} commands wait."
        yield Due(kind="governance_stopped", subject="", what="Governance is stopped.", why=why, do="casbd governance start")
    breaker = governance_breaker.opened(sources.store.connection)
    if breaker is not None:
        why = f"Since {iso(breaker.at)[:16].replace('T', ' ')}, and new commands are blocked: {breaker.reason}."
        what, do = "The breaker of governance is open.", "casbd governance breaker --close, once you have looked"
        yield Due(kind="breaker_open", subject="", what=what, why=sources.shown.text(why), do=do)
    waiting = governance_log.with_status(sources.store.connection, "pending_approval")
    if waiting:
        why = f"{len(waiting):,}, the oldest since {iso(waiting[0].created)[:16].replace('T', ' ')}."
        what = "Commands wait for approval."
        do = "casbd governance list --status pending_approval; casbd governance approve ID, or reject ID"
        yield Due(kind="pending_approval", subject="", what=what, why=why, do=do)


def _set_aside(sources: Sources) -> Iterator[Due]:
    meanings = {policy.id: meaning(policy) for policy in sources.policies}
    for name, one in set_aside.of(sources.store.connection, meanings).items():
        why = f"It took {one.cost.took()}, and is not asked since {iso(one.at)[:10]}."
        what = f"The policy {name} costs too much."
        yield Due(kind="set_aside", subject=name, what=what, why=why, do=f"casbd policies show {name}")


def _open(sources: Sources, alerts: Sequence[AlertSummary]) -> Iterator[Due]:
    before = sources.now - OPEN_TOO_LONG
    old = [alert for alert in alerts if alert.status == "open" and alert.created < before]
    if old:
        high = sum(alert.severity == "high" for alert in old)
        oldest = min(alert.created for alert in old)
        why = f"{len(old):,}, {high:,} of them of high severity, the oldest for {_days(sources.now - oldest)}."
        what = f"Alerts are open for more than {_days(OPEN_TOO_LONG)}."
        do = f"casbd alerts list --status open --to {iso(before)[:10]}"
        yield Due(kind="open_alerts", subject="", what=what, why=why, do=do)


def _false(sources: Sources, alerts: Sequence[AlertSummary]) -> Iterator[Due]:
    """Disabled policies are tuned already."""
    by_policy: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        if alert.resolution is not None:
            by_policy.setdefault(alert.policy_id, []).append(alert)
    for policy in sources.policies:
        judged = by_policy.get(policy.id, [])
        share = false_share(judged) or 0
        if not policy.enabled or len(judged) < JUDGED or share <= MOSTLY_FALSE:
            continue
        advice = tuning(judged, sources.shown, Month.of(sources.now))
        why = f"{round(100 * share)} % of the {len(judged):,} alerts that were closed." + (f" {advice.advice}" if advice else "")
        what = f"Most alerts of {policy.id} are false."
        yield Due(kind="false_positives", subject=policy.id, what=what, why=why, do=f"casbd report policies; then {policy.path}")


def _expired(sources: Sources) -> Iterator[Due]:
    own: dict[str, Exemption] = {one.place: one for policy in sources.policies for one in policy.exemptions}
    for place, one in own.items():
        if one.expires is not None and one.expires <= sources.now:
            why = f"Of {', '.join(one.policies)}, since {iso(one.expires)[:10]}: {one.reason}."
            do = f"remove it from {place}, or give it a later `expires`"
            what = "An exception has expired and is no longer applied."
            yield Due(kind="expired_exception", subject=place, what=what, why=sources.shown.text(why), do=do)


def _lacking(sources: Sources, enrichers: Sequence[Enricher]) -> Iterator[Due]:
    for lack in lacking(sources.settings, [policy for policy in sources.policies if policy.enabled], enrichers):
        names = ", ".join(policy.id for policy in lack.policies[:NAMED])
        more = f" and {len(lack.policies) - NAMED:,} more" if len(lack.policies) > NAMED else ""
        why = f"Without {lack.needs} little is known of {' and '.join(lack.fields)}: {names}{more}."
        do = f"write it into {lack.section}: of {sources.settings.path}"
        yield Due(kind="lacking", subject=lack.needs, what="Policies look at what nobody fills in.", why=why, do=do)


def _old(sources: Sources, enrichers: Sequence[Enricher]) -> Iterator[Due]:
    for one in (one for enricher in enrichers if isinstance(enricher, Dated) for one in enricher.data()):
        if sources.now - one.made > one.good_for:
            why = f"It was made on {iso(one.made)[:10]}, {_days(sources.now - one.made)} ago."
            yield Due(kind="old_data", subject=one.name, what=f"The {one.name} is old.", why=why, do=one.renew)
