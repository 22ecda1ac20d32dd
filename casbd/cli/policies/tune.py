"""`casbd policies tune`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import OneLine, noted
from casbd.cli._common import Time, cell, check_span, json_option, open_store, write_lines
from casbd.cli._screen import screen
from casbd.cli.policies._loaded import Loaded
from casbd.cli.policies._refused import refused
from casbd.clock import now
from casbd.errors import CasbdError, Mistakes
from casbd.model.alert import Alert
from casbd.policies.exception_edit import add, written
from casbd.store.state import raised_alerts
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.backtest.tuning import Proposal

ENOUGH = 2
"""False alerts: what one alone has is chance."""
FALSE, BENIGN, TRUE = "false_positive", "benign", "true_positive"


@click.command("tune")
@click.argument("policy_id")
@click.option("--from-alerts", is_flag=True, required=True, help="Learn from how its alerts were closed.")
@click.option("--from", "since", type=Time(), help="Only alerts not over before this time.")
@click.option("--to", "until", type=Time(end=True), help="Only alerts begun not after this time; a day alone is included.")
@click.option("--benign", is_flag=True, help="Those closed as benign are to be spared, too.")
@click.option("--write", "to_file", is_flag=True, help="Add the exceptions to exceptions.yaml beside the policy's file.")
@click.option("--reason", type=OneLine(), help="Of the exceptions; left out, it says from which alerts they are.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 3650), help="After so many the exceptions expire.")
@json_option
@click.pass_obj
def tune(
    configuration: Path,
    /,
    policy_id: str,
    from_alerts: bool,  # noqa: ARG001  the one way there is
    since: int | None,
    until: int | None,
    benign: bool,
    to_file: bool,
    reason: str | None,
    days: int,
    as_json: bool,
) -> None:
    """Propose exceptions from alerts that were closed as false positives, and prove that no true positive is lost.

    What several false alerts have in common, and no real one, is left alone. The policy is run over the stored log without and with the
    exceptions: if one alert that was closed as a true positive did not come, or the log does not hold it any more, the proposal is none.
    Exit code 1 where there is none. Nothing is written without --write.
    """
    check_span(since, until)
    loaded = Loaded(configuration)
    policy = loaded.one(policy_id)
    if screen(configuration).fields:
        click.echo("casbd: an exception names a user or an address, and only pseudonyms may be shown here (privacy.pseudonymize)", err=True)
        sys.exit(EXIT_NO)
    with open_store(configuration) as store:
        alerts = [*raised_alerts.find(store.connection, policy_id=policy.id, state="closed", since=since, until=until)]
        judged = [alert for alert in alerts if alert.resolution is not None]
        false = [alert for alert in judged if alert.resolution == FALSE or (benign and alert.resolution == BENIGN)]
        true = [alert for alert in judged if alert.resolution == TRUE]
        from casbd.activity_log import ActivityLog
        from casbd.backtest.tuning import propose

        proposal = propose(policy, ActivityLog(store), false, true)
    expires = (datetime.fromtimestamp(now() / 1000, UTC) + timedelta(days=days)).strftime("%Y-%m-%d")
    elements = _elements(policy.id, proposal, reason or _reason(false), expires)
    if as_json:
        write_lines([json_lines.line(_fields(policy.id, proposal))])
    elif proposal.proven:
        click.echo("exceptions:\n" + "".join(written(**element) for element in elements), nl=False)
    click.echo(_words(proposal), err=True)
    if not proposal.proven:
        sys.exit(EXIT_NO)
    if to_file:
        _write(configuration, policy.path, elements)


def _elements(policy_id: str, proposal: Proposal, reason: str, expires: str) -> list[dict[str, Any]]:
    return [{"policy_id": policy_id, "filters": one.filters(), "reason": reason, "expires": expires} for one in proposal.exceptions]


def _reason(false: Sequence[Alert]) -> str:
    return f"{len(false)} alert{'' if len(false) == 1 else 's'} closed as no true positive (casbd policies tune)"


def _fields(policy_id: str, proposal: Proposal) -> dict[str, Any]:
    exceptions = [{"filters": one.filters(), "explains": one.explains} for one in proposal.exceptions]
    return {"policy_id": policy_id} | proposal._asdict() | {"exceptions": exceptions, "proven": proposal.proven}


def _words(proposal: Proposal) -> str:
    if proposal.proven:
        kept = f"all {proposal.true:,} real ones stay" if proposal.true else "nobody has closed any as real, so nothing proves what is lost"
        others = f"; of {proposal.others:,} that nobody has judged {proposal.others_removed:,} go, too" if proposal.others else ""
        return f"{proposal.removed:,} of {proposal.false:,} false alerts go, {kept}{others}"
    false, true = f"{proposal.false:,} false alerts", f"{proposal.true:,} real ones"
    if proposal.false < ENOUGH:
        return f"no exception: it takes {ENOUGH} alerts that were closed as false positives, and there are {proposal.false}"
    if not proposal.exceptions:
        return f"no exception: nothing that two or more of {false} have in common is in none of {true}"
    if proposal.lost:
        return f"no exception: {len(proposal.lost):,} of {true} would be lost: {', '.join(proposal.lost[:3])}"
    if proposal.unproven:
        return f"no exception: the log does not give {len(proposal.unproven):,} of {true} any more: {', '.join(proposal.unproven[:3])}"
    return f"no exception: the log does not give any of {false} any more"


def _write(configuration: Path, beside: Path, elements: Sequence[dict[str, Any]]) -> None:
    path = next((known for name in ("exceptions.yaml", "exceptions.yml") if (known := beside.with_name(name)).exists()), None)
    path = path or beside.with_name("exceptions.yaml")
    try:
        add(path, elements, like=beside)
    except Mistakes:
        raise
    except (CasbdError, OSError) as error:
        refused(path, error)
    noted(configuration, "policies tune", elements[0]["policy_id"], {"file": str(path), "exceptions": [one["filters"] for one in elements]})
    click.echo(f"{cell(str(path))}: {len(elements)} added; the daemon takes them up within two seconds", err=True)
