"""`casbd activities tail`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from casbd.activity_log.tail import tail
from casbd.cli._common import json_option, open_store, terminal, write_lines
from casbd.cli._screen import screen
from casbd.cli._search_options import SearchOptions, filter_options
from casbd.cli.activities import _listing
from casbd.wire import json_lines

AGAIN = 0.5
"""Seconds until `tail` looks for new activities again."""


@click.command("tail")
@filter_options
@json_option
@click.pass_obj
def follow(configuration: Path, options: SearchOptions, as_json: bool) -> None:
    """Print activities as they are stored from now on, until Ctrl-C: `casbd activities tail --query "Failed log ons"`."""
    console, shown = terminal(), screen(configuration)
    with open_store(configuration) as store:
        try:
            for activity in map(shown.activity, tail(store, options.wanted, lambda: time.sleep(AGAIN))):
                if as_json:
                    write_lines([json_lines.activity(activity)])
                else:
                    _listing.write_line(console, activity)
        except KeyboardInterrupt:
            return
