"""`casbd alerts show`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option, open_store, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts import _story
from casbd.cli.alerts._chosen import chosen
from casbd.investigation.story import story_of


@click.command("show")
@click.argument("alert_id")
@json_option
@click.pass_obj
def show(configuration: Path, alert_id: str, as_json: bool) -> None:
    """Show one alert and its whole story. The beginning of an alert's id is enough.

    What happened, step by step; what is usual for the user and the address in the 30 days up to it; what governance did; alerts of
    90 days that are like it, and how they were closed; those of the same incident; what makes such an alert a true or a false
    positive, what to look at, and what to do.
    """
    shown = screen(configuration)
    with open_store(configuration) as store:
        (alert,) = chosen(store.connection, [alert_id])
        story = _story.shown(story_of(store, alert), shown)
    if as_json:
        write_lines([_story.json_line(story)])
    else:
        _story.page(story)
