"""`casbd rejects list`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.store.state import rejects
from casbd.wire import json_lines


@click.command("list")
@json_option
@click.pass_obj
def list_rejects(configuration: Path, as_json: bool) -> None:
    """List rejects: where they stand, why they are no activity, and the first 4 KiB of each."""
    shown = screen(configuration)
    with open_store(configuration) as store:
        every = rejects.every(store.connection)
        rows = ((number, reject, shown.text(reject.raw.decode("utf-8", "replace"))) for number, reject, _ in every)
        if as_json:
            write_lines(
                json_lines.line(
                    {
                        "reject_id": number,
                        "input": reject.input,
                        "input_file": reject.input_file,
                        "input_offset": reject.input_offset,
                        "reason": reject.reason,
                        "raw": raw,
                    }
                )
                for number, reject, raw in rows
            )
        else:
            table(
                "",
                ("reject", "input", "file", "offset", "reason", "begins with"),
                ((n, r.input, r.input_file, r.input_offset, r.reason, raw[:60]) for n, r, raw in rows),
            )
