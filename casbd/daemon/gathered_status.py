"""What the store tells of a casbd that runs, or did: its inputs, destinations, policies, and what it said of itself last."""

from __future__ import annotations

from typing import Any

import msgspec

from casbd.alerting.costly import what_it_took
from casbd.governance.standing import Standing
from casbd.model.costly import Costly
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import input_progress, outbox, policy_counts, service_status


def gather(store: Store, configured: list[str], outputs: list[str]) -> dict[str, Any]:
    """Everything `status` tells, as one object.

    configured, outputs: the inputs and queues that are configured, also those that have had nothing to do yet.
    """
    service = service_status.load(store)
    counts = input_progress.counts(store.connection)
    files: dict[str, dict[str, dict[str, Any]]] = {}
    for position in sorted(input_progress.positions(store.connection), key=lambda position: position.seen):
        entry = {"path": position.path, "position": position.offset, "size": position.size}
        files.setdefault(position.input, {})[position.path] = entry  # of a rotated name the content that was read last
    deliveries = outbox.deliveries(store.connection)
    problems = service.get("problems", {})
    return {
        "inputs": [
            _input(name, counts.get(name, input_progress.Counts()), list(files.get(name, {}).values()), problems)
            for name in _names(configured, counts)
        ],
        "outputs": [_output(name, deliveries.get(name), configured=name in outputs) for name in _names(outputs, deliveries)],
        "policies": [{"policy_id": name, "matches": m, "alerts": a} for name, (m, a) in policy_counts.counts(store.connection).items()],
        "set_aside": [_set_aside(one) for one in service.get("set_aside", ())],
        "governance": _governance(Standing.of(store)),
        "unread": service.get("unread", []),
        "more_unread": service.get("more_unread", 0),
        "paused": service.get("paused") or None,
        "reload": _reload(service.get("reload", {})),
        "warnings": service.get("warnings", []),
        "version": service.get("version"),
        "pid": service.get("pid"),
        "started": iso(service["started"]) if "started" in service else None,
        "store_bytes": store.size(),
    }


def _names(configured: list[str], known: Any) -> list[str]:
    return [*configured, *(name for name in known if name not in configured)]


def _input(name: str, counts: input_progress.Counts, files: list[dict[str, Any]], problems: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "received": counts.received,
        "records": counts.records,
        "activities": counts.activities,
        "duplicates": counts.duplicates,
        "rejects": counts.rejects,
        "last_record": iso(counts.newest) if counts.newest is not None else None,
        "last_read": iso(counts.last_record) if counts.received and counts.last_record else None,
        "problem": problems.get(name),
        "files": files,
    }


def _output(name: str, delivery: outbox.Delivery | None, *, configured: bool) -> dict[str, Any]:
    d = delivery or outbox.Delivery(name=name)
    return {
        "name": name,
        "configured": configured,
        "pending": d.pending,
        "pending_bytes": d.size,
        "oldest_pending": iso(d.oldest) if d.oldest else None,
        "in_doubt": d.in_doubt,
        "delivered": d.delivered,
        "sent": d.sent,
        "refused": d.refused,
        "failures": d.failures,
        "last_error": d.last_error,
        "last_error_at": iso(d.last_error_at) if d.last_error_at else None,
        "last_delivery": iso(d.last_delivery) if d.last_delivery else None,
        "down_since": iso(d.down_since) if d.down_since else None,
    }


def _governance(standing: Standing) -> dict[str, Any]:
    """Who has stopped it, if anybody, and how many commands wait."""
    by = standing.by
    return {"stopped": by and {"since": iso(by.at), "by": by.who, "reason": by.reason}, "queued": standing.waiting}


def _set_aside(one: dict[str, Any]) -> dict[str, Any]:
    """A policy that costs too much, and what it took when that was found."""
    cost = msgspec.convert(one["cost"], Costly)
    return {
        "policy_id": cost.policy_id,
        "since": iso(one["at"]),
        "took": what_it_took(cost),
        "seconds": cost.seconds,
        "activities": cost.activities,
        "characters": cost.characters,
        "first_activity": iso(cost.since),
        "place": cost.place,
    }


def _reload(reload: dict[str, Any]) -> dict[str, Any] | None:
    return {**reload, "at": iso(reload["at"])} if reload else None
