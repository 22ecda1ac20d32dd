"""`casbd ips tag`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import OneLine, noted
from casbd.cli._common import cell
from casbd.config import reading
from casbd.config.range_edit import Network, Wanted, read_network, tag_network
from casbd.errors import CasbdError, Mistakes
from casbd.model.activity import FIELDS


class _Network(click.ParamType[Network]):
    name = "network"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        try:
            return read_network(str(value))
        except ValueError as error:
            self.fail(cell(error), param, ctx)


class _Country(click.ParamType[str]):
    name = "country"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch("[A-Za-z]{2}", str(value)):
            self.fail(f"{cell(value)!r} is no country code of two letters (ISO 3166), such as NO", param, ctx)
        return str(value).upper()


@click.command("tag")
@click.argument("network", metavar="CIDR", type=_Network())
@click.option("--category", type=click.Choice(FIELDS["ip_category"].values), required=True, help="What kind of address it is.")
@click.option(
    "--tag", "tags", multiple=True, type=OneLine(), metavar="T", help="For `ip_tags`; several may be given, in the place of others."
)
@click.option("--name", type=OneLine(), metavar="N", help="The range's; left out, it is about this network alone.")
@click.option("--isp", type=OneLine(), help="In the place of what GeoIP says.")
@click.option("--country", type=_Country(), help="Two letters; in the place of what GeoIP says.")
@click.pass_obj
def tag(
    configuration: Path,
    /,
    network: Network,
    category: str,
    tags: tuple[str, ...],
    name: str | None,
    isp: str | None,
    country: str | None,
) -> None:
    """Write into the file of IP ranges what a network or an address is, from the next activities on.

    A range with this name gets the network added; category and tags are a range's, so they become those of its other networks too.
    Of the networks that hold an address the smallest decides. The file's comments and layout stay.
    """
    settings, _ = reading.read(configuration)
    path = getattr(settings.enrichers["ip_ranges"], "ip_ranges", None)
    if path is None:
        _refused(f"{configuration} names no file of IP ranges; below `enrichment:` add the line `  ip_ranges: ip_ranges.yaml`")
    wanted = Wanted(category, tuple(filter(None, dict.fromkeys(tags))), name or None, isp or None, country)
    try:
        tagged = tag_network(path, network, wanted, like=configuration)
    except Mistakes:
        raise
    except CasbdError as error:
        _refused(str(error))
    except OSError as error:
        _refused(f"{path}: {error.strerror}")
    click.echo(f"{path}: {network} is {category} (range {cell(tagged.name)})", err=True)
    for sentence in tagged.notes:
        click.echo(f"  {cell(sentence)}", err=True)
    if tagged.after == tagged.before:
        click.echo("  it was so already", err=True)
        return
    click.echo("  a running casbd takes it up within two seconds; stored activities stay as they are (--retag)", err=True)
    noted(configuration, "ips tag", str(network), {"file": str(path), "before": tagged.before, "after": tagged.after})


def _refused(reason: str) -> NoReturn:
    click.echo(f"casbd: {cell(reason)}", err=True)
    sys.exit(EXIT_NO)
