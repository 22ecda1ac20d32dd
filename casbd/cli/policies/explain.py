"""`casbd policies explain`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from casbd import activity_log
from casbd.alerting.looked_at import History, looked_at
from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.cli._screen import screen
from casbd.cli.policies._loaded import Loaded
from casbd.clock import now
from casbd.counting.last_window import window_of
from casbd.documents import durations
from casbd.policies.explain import GROUPS, NO_EXCEPTION, ConditionResult, explanation, sentence
from casbd.records.timestamps import iso
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.counting.last_window import LastWindow


@click.command("explain")
@click.argument("policy_id")
@click.argument("activity_id", required=False)
@json_option
@click.pass_obj
def explain(configuration: Path, /, policy_id: str, activity_id: str | None, as_json: bool) -> None:
    """Say what a policy means, or why it did or did not match an activity of the log: each condition, and what it saw.

    Exit code 1 where the activity does not meet the policy's filters.
    """
    loaded = Loaded(configuration)
    policy = loaded.one(policy_id)
    if activity_id is None:
        meaning = sentence(policy, now())
        if loaded.set_aside([policy]):
            meaning += " It costs too much and is set aside: casbd does not ask it."
        write_lines([json_lines.line({"policy_id": policy.id, "meaning": meaning})]) if as_json else click.echo(cell(meaning))
        return
    shown = screen(configuration)
    with open_store(configuration) as store:
        activity = activity_log.ActivityLog(store).get(activity_id)
        if activity is None:
            click.echo(f"casbd: there is no activity {cell(activity_id)}", err=True)
            sys.exit(EXIT_NO)
        steps = list(explanation(policy, activity, now))
        histories = looked_at(store, policy, activity) if steps[0].held else []
        window = window_of(store, policy.windowed, policy.window_key, activity) if policy.windowed and steps[0].held else None
    steps = [msgspec.structs.replace(step, value=shown.values_of(activity, step.value)) for step in steps]
    window = window and msgspec.structs.replace(window, subject=shown.values_of(activity, window.subject))
    if as_json:
        result = {"policy_id": policy.id, "activity_id": activity.activity_id, "held": steps[0].held, "window": window}
        if histories:
            result["history"] = [_plain(one, shown.values_of(activity, one.subject)) for one in histories]
        write_lines([json_lines.line(result | {"conditions": [msgspec.structs.asdict(step) for step in steps]})])
    else:
        _tell_steps(steps)
        if window is not None:
            _tell_window(window)
        for one in histories:
            _tell_history(_plain(one, shown.values_of(activity, one.subject)))
    if not steps[0].held:
        sys.exit(EXIT_NO)


def _tell_steps(steps: Sequence[ConditionResult]) -> None:
    """An explained filter, a line a condition."""
    for step in steps:
        yes = click.style("yes", fg="green") if step.held else click.style("no ", fg="red")
        group = step.condition in GROUPS or step.condition.startswith(NO_EXCEPTION)
        saw = "" if group else f"    [{_shown(step.value)}]"
        click.echo(f"{yes} {'  ' * step.depth}{cell(step.condition)}{saw}")


def _shown(value: Any) -> str:
    """A value that a condition saw."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "nothing"
    if isinstance(value, dict | bool):
        return cell(json.dumps(value, ensure_ascii=False, default=str))
    return cell(value) or "nothing"


def _plain(history: History, subject: Any) -> dict[str, Any]:
    """What is known of a subject, as JSON has it. subject: as it is shown."""
    unusual = [{"first": iso(one.first), "last": iso(one.last), "count": one.count} | _dated(one.usual) for one in history.unusual]
    newest = None if history.newest is None else iso(history.newest)
    told = {"subject": subject, "known": history.known, "newest": newest, "unusual": unusual, "remembered": history.remembered}
    return msgspec.to_builtins(told, str_keys=True)  # type: ignore[no-any-return]


_TIMES = ("from", "to", "since", "at", "asleep_since")
"""What is a time among the numbers of findings."""


def _dated(usual: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if name in _TIMES and isinstance(value, int) else value for name, value in usual.items()}


def _tell_history(history: dict[str, Any]) -> None:
    """With what an activity's subject is compared."""
    subject = _shown(history["subject"])
    if not history["known"]:
        click.echo(f"compared with nothing yet: what is usual of {subject} is still learned from the log, or the policy is off")
        return
    if history["newest"] is None:
        click.echo(f"nothing is remembered of {subject}")
        return
    click.echo(f"compared with what {subject} did until {history['newest']}")
    for name, value in history["remembered"].items():
        click.echo(f"  {cell(name)}: {_shown(value)}")
    for one in history["unusual"]:
        numbers = "; ".join(f"{cell(name)}: {_shown(value)}" for name, value in one.items() if name not in ("first", "last", "count"))
        click.echo(f"  unusual: {one['count']} from {one['first']} to {one['last']}" + (f" ({numbers})" if numbers else ""))
    if not history["unusual"]:
        click.echo("  nothing of it is unusual around then")


def _tell_window(window: LastWindow) -> None:
    """What had been counted when an activity came, as a sentence."""
    if window.subject is None:
        click.echo(f"not counted: of {' and '.join(window.by)} something is unknown, so it is nobody's")
    elif window.counted is None:
        click.echo("not counted: the policy is newer than the activity, was changed since or is off, or it was more than a week ago")
    else:
        alert = f"; part of alert {window.alert_id}" if window.alert_id else ""
        later = ", which began later in this run" if alert and window.counted < window.needed else ""
        steps = [f"step {n}: {step.counted} of {step.needed}" for n, step in enumerate(window.steps or (), 1)]
        counts = ", ".join(steps) or f"{window.counted}, it takes {window.needed}"
        counts += alert + ("" if steps else later)
        who = ", ".join(map(_shown, window.subject))
        click.echo(f"counted of {who} in the {durations.written(window.within)} until then: {counts}")
