"""`casbd policies new`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import noted
from casbd.cli._common import cell
from casbd.cli._search_options import SearchOptions, filter_options
from casbd.cli.policies._refused import refused
from casbd.cli.policies._templates import require_template
from casbd.config import reading
from casbd.policies import loading


@click.command("new")
@click.argument("policy_id")
@click.option("--from-search", is_flag=True, help="With the filters of a search.")
@filter_options
@click.option("--template", metavar="T", help="A copy of a shipped policy; `casbd policies templates` lists them.")
@click.pass_obj
def new(configuration: Path, /, policy_id: str, from_search: bool, options: SearchOptions, template: str | None) -> None:
    """Write a rule file, from the filters of a search or from a template, to be completed in an editor.

    One from a search counts, and alerts nobody yet.
    """
    filters = options.query.filters
    if from_search == (template is not None) or from_search != bool(filters):
        raise click.UsageError("either --from-search with --filter or --query, or --template")
    if options.query.text:
        raise click.UsageError("a policy asks for fields: --text, and a query that has it, are for searches alone")
    settings, _ = reading.read(configuration)
    if not settings.rules:
        raise click.UsageError(f"{configuration} names no directory of rules")
    if not policy_id or "/" in policy_id or policy_id.startswith(".") or policy_id.endswith((".yaml", ".yml")):
        raise click.BadParameter("an id is the file's name without a path and without .yaml", param_hint="POLICY_ID")
    text = _of_template(template, policy_id) if template is not None else _of_search(filters, policy_id)
    path = settings.rules[0] / f"{policy_id}.yaml"
    loading.load_file(path, text=text)  # so that what is wrong with the id is reported too
    same_id = [other for other in loading.rule_files(settings.rules) if other.stem == policy_id]
    if same_id:
        click.echo(f"casbd: there is a policy {cell(policy_id)} already: {same_id[0]}", err=True)
        sys.exit(EXIT_NO)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        refused(path, error)
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


def _of_template(template: str, policy_id: str) -> str:
    from casbd.policies.templates import templates, text_of

    shipped = {policy.id: policy for policy in templates()}
    if template not in shipped:
        require_template(template, shipped)
    return text_of(shipped[template], policy_id)
