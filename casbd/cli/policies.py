"""`casbd policies`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from casbd import activity_log
from casbd.cli import EXIT_NO, _bars
from casbd.cli._changes import noted
from casbd.cli._common import Time, cell, check_span, json_option, open_store, table, write_lines
from casbd.cli._known import require
from casbd.cli._policies import Loaded, tell, tell_steps, tell_window
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import Asked, filter_options
from casbd.clock import monotonic, now
from casbd.config import reading
from casbd.counting.last_window import window_of
from casbd.counting.match import Repeated
from casbd.documents import durations
from casbd.errors import CasbdError, Mistakes
from casbd.model.alert import Alert
from casbd.policies import loading
from casbd.policies.explain import explain as explained
from casbd.policies.explain import sentence
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso
from casbd.store.state.set_aside import SetAside
from casbd.wire import json_lines

COLUMNS = ("policy", "name", "severity", "mode", "counts", "tests", "matches", "alerts")
LESS = ("name", "counts", "tests")
MOST_BARS = 31


@click.group("policies")
def command() -> None:
    """List, show, test, explain, backtest, make and switch policies."""


@command.command("list")
@click.option("--template", metavar="T", help="Only those made from this template.")
@json_option
@click.pass_obj
def list_policies(configuration: Path, /, template: str | None, as_json: bool) -> None:
    """List the policies, with how often each matched and alerted since the store began.

    Matches of a simulated policy are counted too, and its alerts are those that it would have raised. One that is `set aside` costs too
    much and is not asked until its filters change (`casbd status` tells what it took). Exit code 1 where there is no such template.
    """
    loaded = Loaded(configuration)
    found = loaded.policies
    if template is not None:
        _require_template(template, found)
    counts, aside = loaded.counts(), loaded.set_aside(found)
    rows = [(policy, aside.get(policy.id), *counts.get(policy.id, (0, 0))) for policy in found if template in (None, policy.template)]
    if as_json:
        write_lines(json_lines.line(_told(*row)) for row in rows)
        return
    table("", COLUMNS, [_row(*row) for row in rows], _style, less=LESS)


def _require_template(template: str, own: Sequence[Policy]) -> None:
    from casbd.policies.templates import templates

    names = {policy.template for policy in own} - {""}
    if template not in names:
        require(
            "--template", "template", template, names | {policy.id for policy in templates()}, "(`casbd policies templates` lists them)"
        )


@command.command("show")
@click.argument("policy_id")
@json_option
@click.pass_obj
def show(configuration: Path, /, policy_id: str, as_json: bool) -> None:
    """Show a policy's file; with --json what `list` tells of it, its meaning in English, and the file's text."""
    loaded = Loaded(configuration)
    policy = loaded.one(policy_id)
    text = policy.path.read_text(encoding="utf-8")
    if as_json:
        counts = loaded.counts()
        told = _told(policy, loaded.set_aside([policy]).get(policy.id), *counts.get(policy.id, (0, 0)))
        more = {
            "description": policy.description or None,
            "references": policy.references,
            "meaning": sentence(policy, now()),
            "text": text,
        }
        write_lines([json_lines.line(told | more)])
        return
    click.echo(f"# {policy.path}", err=True)
    click.echo(text, nl=False)


@command.command("test")
@click.argument("policy_id", required=False)
@json_option
@click.pass_obj
def test(configuration: Path, /, policy_id: str | None, as_json: bool) -> None:
    """Run the tests inside the rule files, of all policies or of one. Exit code 1 if any fails."""
    from casbd.backtest import trial

    loaded = Loaded(configuration)
    chosen = [loaded.one(policy_id)] if policy_id is not None else loaded.policies
    outcomes = [trial.run(policy, example, loaded.read) for policy in chosen for example in policy.tests]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        write_lines(map(msgspec.json.encode, outcomes))
    else:
        for outcome in failed:
            tell(outcome)
        without = sum(not policy.tests for policy in chosen)
        more = f"; {without} of {len(chosen)} policies have no test" if without else ""
        click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} tests passed{more}", err=True)
    if failed:
        sys.exit(EXIT_NO)


@command.command("backtest")
@click.argument("policy")
@click.option("--from", "since", type=Time(), help="Only activities not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Only activities not after this time; a day alone is included.")
@retag_option
@json_option
@click.pass_obj
def backtest(configuration: Path, /, policy: str, since: int | None, until: int | None, retag: bool, as_json: bool) -> None:
    """Run a policy over the stored activity log: the alerts that it would have raised.

    POLICY is the id of a configured policy, enabled or not, or the path of a rule file that is not installed yet.
    """
    from casbd.backtest.stored_log import would_have_raised

    check_span(since, until)
    begun = monotonic()
    several = _of_file(Path(policy)) if policy.endswith((".yaml", ".yml")) else [Loaded(configuration).one(policy)]
    shown = screen(configuration)
    alerts: list[Alert] = []
    with open_store(configuration) as store:
        for chosen in several:
            log = log_of(configuration, store, retag=retag)
            alerts += map(shown.alert, would_have_raised(chosen, log, since, until))
        number = log.looked_at
    alerts.sort(key=lambda alert: (alert.first_activity, alert.alert_id))
    if as_json:
        write_lines(map(json_lines.alert, alerts))
    else:
        _chart("day", Counter(iso(alert.first_activity)[:10] for alert in alerts), by_size=False)
        _chart("user", Counter(alert.user or "(nobody's alone)" for alert in alerts), by_size=True)
    seconds = monotonic() - begun
    click.echo(
        f"{len(alerts)} alerts of {cell(', '.join(one.id for one in several))} in {number} activities; it took {seconds:.1f} s", err=True
    )


@command.command("templates")
@json_option
def list_templates(as_json: bool) -> None:
    """List the policies that ship with casbd, and what each needs; `casbd policies new ID --template T` makes one of them."""
    from casbd.policies.templates import needs, templates

    found = templates()
    if as_json:
        write_lines(json_lines.line(_about(policy) | {"needs": needs(policy)}) for policy in found)
        return
    rows = [(policy.id, policy.name, policy.severity, _counting(policy), "; ".join(needs(policy))) for policy in found]
    table("", ("template", "name", "severity", "counts", "needs"), rows, less=("counts", "severity"))


@command.command("new")
@click.argument("policy_id")
@click.option("--from-search", is_flag=True, help="With the filters of a search.")
@filter_options
@click.option("--template", metavar="T", help="A copy of a shipped policy; `casbd policies templates` lists them.")
@click.pass_obj
def new(configuration: Path, /, policy_id: str, from_search: bool, asked: Asked, template: str | None) -> None:
    """Write a rule file, from the filters of a search or from a template, to be completed in an editor.

    One from a search counts, and alerts nobody yet.
    """
    filters = asked.query.filters
    if from_search == (template is not None) or from_search != bool(filters):
        raise click.UsageError("either --from-search with --filter or --query, or --template")
    if asked.query.text:
        raise click.UsageError("a policy asks for fields: --text, and a query that has it, are for searches alone")
    settings, _ = reading.read(configuration)
    if not settings.rules:
        raise click.UsageError(f"{configuration} names no directory of rules")
    if not policy_id or "/" in policy_id or policy_id.startswith(".") or policy_id.endswith((".yaml", ".yml")):
        raise click.BadParameter("an id is the file's name without a path and without .yaml", param_hint="POLICY_ID")
    text = _of_template(template, policy_id) if template is not None else _of_search(filters, policy_id)
    path = settings.rules[0] / f"{policy_id}.yaml"
    loading.load_file(path, text=text)  # what is wrong with the id is told too
    known = [other for other in loading.rule_files(settings.rules) if other.stem == policy_id]
    if known:
        click.echo(f"casbd: there is a policy {cell(policy_id)} already: {known[0]}", err=True)
        sys.exit(EXIT_NO)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        _refused(path, error)
    noted(configuration, "policies new", policy_id, {"file": str(path), "template": template, "filters": filters})
    click.echo(f"{path}: edit it, then `casbd policies backtest {policy_id}`; it counts from the next reload on", err=True)
    if template is not None and any(other.stem == template for other in loading.rule_files(settings.rules)):
        click.echo(f"the policy {template} itself is there too: both will alert, unless one is disabled", err=True)


def _of_search(filters: tuple[str, ...], policy_id: str) -> str:
    from casbd.policies.new_rule import rule_text

    try:
        return rule_text(policy_id, filters)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None


def _require_a_template(template: str, known: Iterable[str]) -> None:
    require("--template", "template", template, known, "(`casbd policies templates` lists them)")


def _of_template(template: str, policy_id: str) -> str:
    from casbd.policies.templates import templates, text_of

    found = {policy.id: policy for policy in templates()}
    if template not in found:
        _require_a_template(template, found)
    return text_of(found[template], policy_id)


@command.command("import")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Copy the files that can be used to this directory.",
)
@json_option
@click.pass_obj
def import_(configuration: Path, /, directory: Path, target: Path | None, as_json: bool) -> None:
    """Tell how many of a directory of Sigma rules can be used, and why the others cannot. Exit code 1 if there are such.

    Without --to nothing is copied. A file that cannot be used, in a directory of rules, is told and left out; all others work.
    """
    found, others = loading.load_sigma(directory)
    paths = dict.fromkeys(policy.path for policy in found.policies)
    files = {mistake.file for mistake in found.unusable}
    if target is not None:
        copied = _copy([*paths, *found.parts], target)
        if copied:
            noted(configuration, "policies import", str(target), {"from": str(directory), "files": copied})
    counting = sum(policy.match is not None for policy in found.policies)
    if as_json:
        write_lines(json_lines.line({"policy_id": policy.id, "file": str(policy.path), "usable": True}) for policy in found.policies)
        write_lines(json_lines.line({"usable": False} | msgspec.structs.asdict(mistake)) for mistake in found.unusable)
    else:
        for mistake in found.unusable:
            click.echo(cell(mistake))
    for note in found.notes:
        click.echo(f"warning: {cell(note)}", err=True)
    usable, number = len(found.policies), len(found.policies) + len(files)
    share = f" ({100 * usable / number:.0f} %)" if number else ""
    told = [f"{usable} of {number} Sigma rules can be used{share}"]
    told += [f"{counting} of them look at several activities together"] if counting else []
    told += [f"{len(others)} other files were left aside"] if others else []
    click.echo("; ".join(told), err=True)
    if files:
        sys.exit(EXIT_NO)


def _copy(paths: Sequence[Path], target: Path) -> list[str]:
    """Copy rule files; those that are there already stay as they are. The names of those that were copied."""
    copied = []
    for path in paths:
        try:
            with (target / path.name).open("xb") as file:
                file.write(path.read_bytes())
            copied.append(path.name)
        except FileExistsError:
            click.echo(f"{target / path.name} is there already", err=True)
        except OSError as error:
            _refused(target / path.name, error)
    return copied


@command.command("enable")
@click.argument("policy_id")
@click.pass_obj
def enable(configuration: Path, /, policy_id: str) -> None:
    """Switch a policy on, in its file; the daemon takes it up within two seconds."""
    _switch(configuration, policy_id, enabled=True)


@command.command("disable")
@click.argument("policy_id")
@click.pass_obj
def disable(configuration: Path, /, policy_id: str) -> None:
    """Switch a policy off, in its file; the daemon lets go of it within two seconds."""
    _switch(configuration, policy_id, enabled=False)


def _switch(configuration: Path, policy_id: str, *, enabled: bool) -> None:
    from casbd.policies.switch import switch

    loaded = Loaded(configuration)
    path = loaded.one(policy_id).path
    try:
        switch(path, policy_id, enabled=enabled, others=loaded.paths)
    except Mistakes:
        raise
    except (CasbdError, OSError) as error:
        _refused(path, error)
    noted(configuration, f"policies {'enable' if enabled else 'disable'}", policy_id, {"file": str(path)})
    click.echo(f"{path}: {policy_id} is {'on' if enabled else 'off'}", err=True)


def _refused(path: Path, error: CasbdError | OSError) -> NoReturn:
    """The end of the program: a file cannot be written, or not by us."""
    reason = f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)
    click.echo(f"casbd: {cell(reason)}", err=True)
    sys.exit(EXIT_NO)


@command.command("schema")
def schema() -> None:
    """Print a JSON Schema of rule files, for completion and checking in an editor."""
    from casbd.policies.schema import schema

    click.echo(json.dumps(schema(), indent=2))


@command.command("explain")
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
        told = {"policy_id": policy.id, "meaning": meaning}
        write_lines([json_lines.line(told)]) if as_json else click.echo(cell(told["meaning"]))
        return
    shown = screen(configuration)
    with open_store(configuration) as store:
        activity = activity_log.ActivityLog(store).get(activity_id)
        if activity is None:
            click.echo(f"casbd: there is no activity {cell(activity_id)}", err=True)
            sys.exit(EXIT_NO)
        steps = list(explained(policy, activity, now))
        window = window_of(store, policy.match, policy.window_key, activity) if policy.match and steps[0].held else None
    steps = [msgspec.structs.replace(step, value=shown.values_of(activity, step.value)) for step in steps]
    window = window and msgspec.structs.replace(window, subject=shown.values_of(activity, window.subject))
    if as_json:
        found = {"policy_id": policy.id, "activity_id": activity.activity_id, "held": steps[0].held, "window": window}
        write_lines([json_lines.line(found | {"conditions": [msgspec.structs.asdict(step) for step in steps]})])
    else:
        tell_steps(steps)
        if window is not None:
            tell_window(window)
    if not steps[0].held:
        sys.exit(EXIT_NO)


def _of_file(path: Path) -> list[Policy]:
    """The policies of a file; rules that a correlation refers to lie beside it."""
    others = [other for other in path.parent.glob("*.y*ml") if other != path] if path.parent.is_dir() else []
    return loading.load_all_of(path, others=others)


def _about(policy: Policy) -> dict[str, Any]:
    return {
        "policy_id": policy.id,
        "name": policy.name,
        "severity": policy.severity,
        "category": policy.category,
        "tests": len(policy.tests),
        "tags": policy.tags,
        "template": policy.template or None,
        "file": str(policy.path),
    }


def _told(policy: Policy, aside: SetAside | None, matches: int, alerts: int) -> dict[str, Any]:
    state = {"enabled": policy.enabled, "mode": policy.mode, "set_aside": iso(aside.at) if aside else None}
    return _about(policy) | state | {"matches": matches, "alerts": alerts}


def _row(policy: Policy, aside: SetAside | None, matches: int, alerts: int) -> tuple[Any, ...]:
    mode = "disabled" if not policy.enabled else "set aside" if aside else policy.mode
    return policy.id, policy.name, policy.severity, mode, _counting(policy), len(policy.tests), matches, alerts


def _counting(policy: Policy) -> str:
    """`10 in 5m`; `each` where every activity counts."""
    if policy.match is None:
        return "each"
    number = policy.match.repeated if isinstance(policy.match, Repeated) else f"{len(policy.match.steps)} steps"
    return f"{number} in {durations.written(policy.match.within)}"


def _chart(title: str, counts: Counter[str], *, by_size: bool) -> None:
    """Numbers as bars, at most so many as a screen holds."""
    found = counts.most_common(MOST_BARS) if by_size else sorted(counts.items())[-MOST_BARS:]
    _bars.draw((title, "alerts"), found)


def _style(cells: Sequence[Any]) -> str:
    return {"disabled": "dim", "set aside": "red", "simulate": "cyan"}.get(cells[3], "")
