"""What the store says of a casbd that runs, or did: its inputs, destinations, policies, and what it said of itself last.

The types are what `casbd status --json` prints: their fields, in their order, are its keys. Times are ISO 8601, in UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from casbd.governance.standing import Standing
from casbd.model.costly import SetAside
from casbd.model.service_status import ReadBack, Reloaded
from casbd.model.unread import Unread
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import habits_late, input_progress, outbox, policy_counts, service_status


class FileStatus(msgspec.Struct, frozen=True):
    """One file of an input: how far it is read, and how large it was then (bytes)."""

    path: str
    position: int
    size: int


class InputStatus(msgspec.Struct, frozen=True, kw_only=True):
    """received = records + duplicates + rejects. last_record: the newest activity's own time; last_read: when a record was read."""

    name: str
    received: int
    records: int
    activities: int
    duplicates: int
    rejects: int
    last_record: str | None
    last_read: str | None
    problem: str | None
    files: Sequence[FileStatus]


class OutputStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A destination: an output, a connector, or a person. The numbers are those of `outbox.Delivery`."""

    name: str
    configured: bool
    pending: int
    pending_bytes: int
    oldest_pending: str | None
    in_doubt: int
    delivered: int
    sent: int
    refused: int
    failures: int
    last_error: str | None
    last_error_at: str | None
    last_delivery: str | None
    down_since: str | None


class PolicyStatus(msgspec.Struct, frozen=True):
    """How many activities met its filters, and how many alerts it raised."""

    policy_id: str
    matches: int
    alerts: int


class SetAsideStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that costs too much, and what it took when that was seen. took: that as text."""

    policy_id: str
    since: str
    took: str
    seconds: float
    activities: int
    characters: int
    first_activity: str
    place: str


class StoppedStatus(msgspec.Struct, frozen=True):
    """Who has stopped governance."""

    since: str
    by: str
    reason: str


class BreakerStatus(msgspec.Struct, frozen=True):
    """An open breaker, and which ceiling was reached."""

    since: str
    reason: str


class GovernanceStatus(msgspec.Struct, frozen=True):
    """stopped: None where nobody has. queued, pending_approval: how many commands wait. breaker: None where it is closed."""

    stopped: StoppedStatus | None
    queued: int
    pending_approval: int
    breaker: BreakerStatus | None


class ReloadDone(msgspec.Struct, frozen=True):
    """A reload, with the policies that it added, changed and removed."""

    at: str
    ok: bool
    added: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]


class ReloadRefused(msgspec.Struct, frozen=True):
    """A reload, with what was wrong."""

    at: str
    ok: bool
    mistakes: Sequence[str]


class LearningStatus(msgspec.Struct, frozen=True):
    """For which policy the log is read back, and for how many more. judged_since: None: it is learned what was usual, and no more.

    waiting: of how many of these nothing is observed until that is done.
    """

    policy_id: str
    judged_since: str | None
    more: int
    waiting: int


class LateStatus(msgspec.Struct, frozen=True):
    """What came too late to be judged. policies: so many look at it, where those that observe the same count once. activities: the most
    that one of them has.

    judged_at: not before; None: when the inputs are read.
    """

    activities: int
    oldest: str
    policies: int
    judged_at: str | None


class GatheredStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. What the daemon says of itself (from `unread` on) is as in `ServiceStatus`."""

    inputs: Sequence[InputStatus]
    outputs: Sequence[OutputStatus]
    policies: Sequence[PolicyStatus]
    set_aside: Sequence[SetAsideStatus]
    governance: GovernanceStatus
    unread: Sequence[Unread]
    more_unread: int
    paused: str | None
    reload: ReloadDone | ReloadRefused | None
    warnings: Sequence[str]
    version: str | None
    pid: int | None
    started: str | None
    store_bytes: int
    learning: LearningStatus | None
    late: LateStatus | None


def gather(store: Store, configured: Sequence[str], outputs: Sequence[str]) -> GatheredStatus:
    """Everything that `casbd status` shows.

    configured, outputs: the inputs and queues that are configured, also those that have had nothing to do yet.
    """
    service = service_status.load(store)
    counts = input_progress.counts(store.connection)
    files: dict[str, dict[str, FileStatus]] = {}
    for position in sorted(input_progress.positions(store.connection), key=lambda position: position.seen):
        # of a rotated name the content that was read last
        files.setdefault(position.input, {})[position.path] = FileStatus(position.path, position.offset, position.size)
    deliveries = outbox.deliveries(store.connection)
    outputs = _names(outputs, service.recipients)
    return GatheredStatus(
        inputs=[
            _input(name, counts.get(name, input_progress.Counts()), [*files.get(name, {}).values()], service.problems.get(name))
            for name in _names(configured, counts)
        ],
        outputs=[one_output(name, deliveries, outputs) for name in _names(outputs, deliveries)],
        policies=[PolicyStatus(name, matches, alerts) for name, (matches, alerts) in policy_counts.counts(store.connection).items()],
        set_aside=[*map(_set_aside, service.set_aside)],
        governance=_governance(Standing.of(store)),
        unread=service.unread,
        more_unread=service.more_unread,
        paused=service.paused or None,
        reload=_reload(service.reload),
        warnings=service.warnings,
        version=service.version,
        pid=service.pid,
        started=_time(service.started),
        store_bytes=store.size(),
        learning=_learning(service.learning),
        late=late(store),
    )


def late(store: Store) -> LateStatus | None:
    """What came too late to be judged, and when it will be; None where nothing did."""
    several = [one for name, one in habits_late.waiting(store.connection).items() if name != habits_late.PRIORITY]
    if not several:
        return None
    at, oldest = habits_late.due(several), min(one.since for one in several)
    return LateStatus(max(one.number for one in several), iso(oldest), len(several), iso(at) if at else None)


def _learning(read_back: ReadBack | None) -> LearningStatus | None:
    if read_back is None:
        return None
    return LearningStatus(read_back.policy_id, _time(read_back.judged_since), read_back.more, read_back.waiting)


def _names(configured: Sequence[str], others: Iterable[str]) -> list[str]:
    return [*configured, *(name for name in others if name not in configured)]


def _time(moment: int | None) -> str | None:
    return iso(moment) if moment is not None else None


def _input(name: str, counts: input_progress.Counts, files: Sequence[FileStatus], problem: str | None) -> InputStatus:
    return InputStatus(
        name=name,
        received=counts.received,
        records=counts.records,
        activities=counts.activities,
        duplicates=counts.duplicates,
        rejects=counts.rejects,
        last_record=_time(counts.newest),
        last_read=_time(counts.last_record) if counts.received else None,
        problem=problem,
        files=files,
    )


def one_output(name: str, deliveries: Mapping[str, outbox.Delivery], configured: Collection[str]) -> OutputStatus:
    """How one of the destinations is doing. configured: their names."""
    delivery = deliveries.get(name, outbox.Delivery(name=name))
    return OutputStatus(
        name=name,
        configured=name in configured,
        pending=delivery.pending,
        pending_bytes=delivery.size,
        oldest_pending=_time(delivery.oldest),
        in_doubt=delivery.in_doubt,
        delivered=delivery.delivered,
        sent=delivery.sent,
        refused=delivery.refused,
        failures=delivery.failures,
        last_error=delivery.last_error,
        last_error_at=_time(delivery.last_error_at),
        last_delivery=_time(delivery.last_delivery),
        down_since=_time(delivery.down_since),
    )


def _governance(standing: Standing) -> GovernanceStatus:
    by = standing.by
    stopped = StoppedStatus(iso(by.at), by.who, by.reason) if by is not None else None
    breaker = BreakerStatus(iso(standing.breaker.at), standing.breaker.reason) if standing.breaker is not None else None
    return GovernanceStatus(stopped, standing.waiting, standing.pending, breaker)


def _set_aside(one: SetAside) -> SetAsideStatus:
    cost = one.cost
    return SetAsideStatus(
        policy_id=cost.policy_id,
        since=iso(one.at),
        took=cost.took(),
        seconds=cost.seconds,
        activities=cost.activities,
        characters=cost.characters,
        first_activity=iso(cost.since),
        place=cost.place,
    )


def _reload(last: Reloaded) -> ReloadDone | ReloadRefused | None:
    if last.at is None:
        return None
    if last.ok:
        return ReloadDone(iso(last.at), True, last.added, last.changed, last.removed)
    return ReloadRefused(iso(last.at), False, last.mistakes)
