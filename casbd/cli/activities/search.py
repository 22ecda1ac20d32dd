"""`casbd activities search`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log.retagged import of_today
from casbd.cli._common import open_store
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import SearchOptions, search_options
from casbd.cli.activities import _listing
from casbd.cli.activities._listing import Listing, listing_options


@click.command("search")
@search_options
@listing_options
@retag_option
@click.pass_obj
def search_activities(configuration: Path, options: SearchOptions, listing: Listing, retag: bool) -> None:
    """Search activities: `casbd activities search --filter "user eq a@contoso.com" --filter "country neq NO,SE" --from -7d`.

    In a table, `!` marks those that meet a policy's filters.
    """
    shown = screen(configuration)
    with open_store(configuration) as store:
        log = log_of(configuration, store, retag=retag)
        options = options._replace(wanted=of_today(options.wanted)) if retag else options
        _listing.write(log, options, listing, shown)
