"""`casbd status`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.alerting.costly import what_it_took
from casbd.cli._common import cell, json_option, table, write_lines
from casbd.cli._stopped import Standing
from casbd.cli._unread import lines
from casbd.config import reading
from casbd.model.costly import Costly
from casbd.model.unread import Unread
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import inputs, outbox, policies, service_status
from casbd.store.state.outbox import connector_destination
from casbd.wire import json_lines


@click.command("status")
@json_option
@click.pass_obj
def command(configuration: Path, as_json: bool) -> None:
    """Show inputs with their files and counts, what waits for each destination, errors, and the last reload."""
    settings, _ = reading.read(configuration)  # a broken one is told by `check`; the daemon still runs with the last good one
    queues = [output.name for output in settings.outputs] + [connector_destination(entry.name) for entry in settings.connectors]
    with Store(settings.state_dir, readonly=True) as store:
        found = gather(store, [entry.spec.name for entry in settings.inputs], queues)
        standing = Standing.of(store)
    if as_json:
        write_lines([json_lines.line(found)])
    else:
        _print(found, standing)


def gather(store: Store, configured: list[str], outputs: list[str]) -> dict[str, Any]:
    """Everything `status` tells, as one object.

    configured, outputs: the inputs and queues that are configured, also those that have had nothing to do yet.
    """
    service = service_status.load(store)
    counts = inputs.counts(store.connection)
    files: dict[str, dict[str, dict[str, Any]]] = {}
    for position in sorted(inputs.positions(store.connection), key=lambda position: position.seen):
        entry = {"path": position.path, "position": position.offset, "size": position.size}
        files.setdefault(position.input, {})[position.path] = entry  # of a rotated name the content that was read last
    deliveries = outbox.deliveries(store.connection)
    problems = service.get("problems", {})
    return {
        "inputs": [
            _input(name, counts.get(name, inputs.Counts()), list(files.get(name, {}).values()), problems)
            for name in _names(configured, counts)
        ],
        "outputs": [_output(name, deliveries.get(name), configured=name in outputs) for name in _names(outputs, deliveries)],
        "policies": [{"policy_id": name, "matches": m, "alerts": a} for name, (m, a) in policies.counts(store.connection).items()],
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


def _input(name: str, counts: inputs.Counts, files: list[dict[str, Any]], problems: dict[str, str]) -> dict[str, Any]:
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


def _print_unread(found: dict[str, Any]) -> None:
    """What was not read, and what to do about it; what the inputs' paths do not ask for in one line."""
    known = [msgspec.convert(one, Unread) for one in found["unread"]]
    for line in lines([one for one in known if one.kind != "left_out"], found["more_unread"]):
        click.echo(f"Not read: {line}")
    left_out = [one for one in known if one.kind == "left_out"]
    if left_out:
        why = ", ".join(f"{one.path.rpartition('/')[2]} ({one.why})" for one in left_out[:3])
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        click.echo(f"Left out, as no path asks for it: {cell(why)}{more}")


def _second(time: str | None) -> str:
    return time[:19].replace("T", " ") if time else ""


def _print(found: dict[str, Any], standing: Standing) -> None:
    if told := standing.line():
        click.secho(cell(told), fg="red", bold=True)
    table(
        "Inputs",
        ("input", "received", "records", "duplicates", "rejects", "last record", "last read", "files", "problem"),
        (
            (
                i["name"],
                i["received"],
                i["records"],
                i["duplicates"],
                i["rejects"],
                _second(i["last_record"]),
                _second(i["last_read"]),
                len(i["files"]),
                i["problem"],
            )
            for i in found["inputs"]
        ),
        less=("files", "last read", "last record"),
    )
    _print_unread(found)
    click.echo()
    table(
        "Destinations",
        ("destination", "waiting", "oldest waits since", "in doubt", "delivered", "refused", "down since", "last error"),
        (
            (
                o["name"],
                o["pending"],
                _second(o["oldest_pending"]),
                o["in_doubt"],
                f"{o['sent']} sent" if o["sent"] and not o["delivered"] else o["delivered"],
                o["refused"],
                _second(o["down_since"]),
                o["last_error"],
            )
            for o in found["outputs"]
        ),
        less=("in doubt", "refused", "oldest waits since"),
    )
    for output in found["outputs"]:
        if output["pending"] and not output["configured"]:
            click.echo(f"{output['name']} is not configured (any more): what waits for it goes when retention says so")
    if found["paused"]:
        click.echo(f"Reading pauses until these destinations take messages again: {found['paused']}")
    if found["reload"]:
        outcome = "done" if found["reload"]["ok"] else "refused; the last good configuration stays"
        click.echo(f"Last reload: {found['reload']['at']}, {outcome}")
        for mistake in found["reload"].get("mistakes", ()):
            click.echo(f"  {cell(mistake)}")
    for one in found["set_aside"]:
        told = f"SET ASIDE since {_second(one['since'])}: the policy {one['policy_id']} took {one['took']}"
        click.secho(cell(f"{told}; it is not asked until its filters change"), fg="red", bold=True)
    for warning in found["warnings"]:
        click.echo(f"Warning: {cell(warning)}")
