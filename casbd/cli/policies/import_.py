"""`casbd policies import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._changes import noted
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli.policies._refused import refused
from casbd.policies import loading
from casbd.wire import json_lines


@click.command("import")
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

    Without --to nothing is copied. A file that cannot be used, in a directory of rules, is reported and left out; all others work.
    """
    rule_set, others = loading.load_sigma(directory)
    paths = dict.fromkeys(policy.path for policy in rule_set.policies)
    files = {mistake.file for mistake in rule_set.unusable}
    if target is not None:
        copied = _copy([*paths, *rule_set.parts], target)
        if copied:
            noted(configuration, "policies import", str(target), {"from": str(directory), "files": copied})
    counting = sum(policy.match is not None for policy in rule_set.policies)
    if as_json:
        write_lines(json_lines.line({"policy_id": policy.id, "file": str(policy.path), "usable": True}) for policy in rule_set.policies)
        write_lines(json_lines.line({"usable": False} | msgspec.structs.asdict(mistake)) for mistake in rule_set.unusable)
    else:
        for mistake in rule_set.unusable:
            click.echo(cell(mistake))
    for note in rule_set.notes:
        click.echo(f"warning: {cell(note)}", err=True)
    usable, number = len(rule_set.policies), len(rule_set.policies) + len(files)
    share = f" ({100 * usable / number:.0f} %)" if number else ""
    summary = [f"{usable} of {number} Sigma rules can be used{share}"]
    summary += [f"{counting} of them look at several activities together"] if counting else []
    summary += [f"{len(others)} other files were left aside"] if others else []
    click.echo("; ".join(summary), err=True)
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
            refused(target / path.name, error)
    return copied
