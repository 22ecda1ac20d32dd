"""`casbd inputs detect`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import json_option, table, write_lines
from casbd.daemon import engine
from casbd.errors import CasbdError
from casbd.inputs.record_reader import sample
from casbd.onboarding.first_records import container, first_records
from casbd.wire import json_lines


@click.command("detect")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def detect(files: Sequence[Path], as_json: bool) -> None:
    """Tell the format of files, and how sure casbd is of it, as `format: auto` would decide.

    Exit code 1 if one of them is not recognised; `casbd inputs try FILE` suggests a mapping for it.
    """
    answers = [_detected(path) for path in files]
    if as_json:
        write_lines(map(json_lines.line, answers))
    else:
        columns = ("file", "container", "records seen", "format", "sure", "else")
        table("", columns, [_row(one) for one in answers], less=("container", "records seen", "else"))
    if not all(one["format"] for one in answers):
        sys.exit(EXIT_NO)


def _detected(path: Path) -> dict[str, Any]:
    try:
        chunk = first_records(path)
    except CasbdError as error:
        return {"file": str(path), "container": None, "records": 0, "format": None, "sure": 0.0, "claims": {}, "problem": str(error)}
    seen = sample(chunk.records)
    claims = {claimant: round(sure, 3) for claimant, sure in engine.claims(seen).items() if sure} if seen else {}
    name = engine.detect(seen) if seen else None
    return {
        "file": str(path),
        "container": container(chunk),
        "records": len(seen),
        "format": name,
        "sure": claims.get(name, 0.0) if name else 0.0,
        "claims": claims,
        "problem": None if name else "no format claims these records" if seen else "no whole record is in it",
    }


def _row(answer: dict[str, Any]) -> tuple[Any, ...]:
    others = [f"{name} {sure:.0%}" for name, sure in answer["claims"].items() if name != answer["format"]]
    sure = f"{answer['sure']:.0%}" if answer["format"] else ""
    return answer["file"], answer["container"], answer["records"], answer["format"] or f"({answer['problem']})", sure, ", ".join(others)
