"""Every command that asks for activities takes all options of a search, and they mean the same there."""

import csv
import json

import click
import pytest
from builders import MINUTE, NOON, Core, record, settings
from click.testing import CliRunner

from casbd.activity_log import ActivityLog, Wanted
from casbd.activity_log.retagged import OF_RANGES, Retagged
from casbd.cli import casbd
from casbd.store.log import segments

FILTERS = {"--filter", "--text", "--query"}
SPAN = {"--from", "--to"}
RETAG = {"--retag"}
WITHOUT = {
    "activities tail": SPAN | RETAG,  # what is stored from now on, which has today's ranges
    "users list": SPAN,  # --days and --as-of, as all insights
    "policies new": SPAN | RETAG,  # a rule is for what will come
    "queries save": RETAG,  # how it is looked at, not what is looked for
    "policies backtest": FILTERS,  # the policy has them
    "activities show": FILTERS | SPAN,  # --same has them
}


def commands(group=casbd, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield " ".join((*path, name)), {option for parameter in found.params for option in parameter.opts}


def test_who_takes_one_takes_all():
    asking = {name: options for name, options in commands() if options & (FILTERS | RETAG)}
    assert {"activities search", "activities export", "activities histogram", "users list"} <= asking.keys()
    assert {name: lacking for name, options in asking.items() if (lacking := (FILTERS | SPAN | RETAG) - options)} == WITHOUT


@pytest.fixture
def place(tmp_path):
    """Half in segments, half in blocks; what was nobody's network then is an office's today."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\nenrichment: {ip_ranges: ranges.yaml}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "ranges.yaml").write_text("ranges:\n  - {name: HQ, subnets: [203.0.113.0/24], category: Corporate, tags: [HQ]}\n")
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(*(record(at=n * MINUTE, Id=f"own-{n}") for n in range(3)))
    segments.compact(core.store, at_least=1)
    core.feed_records(record(Id="own-3"), record(Id="other", ClientIP="198.51.100.1", UserId="b@contoso.com"))
    core.close()
    return tmp_path


@pytest.fixture
def run(place):
    def run(*arguments, code=0):
        result = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
        assert result.exit_code == code, result.output
        return result.stdout

    return run


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


TODAY = ["--filter", "ip_category eq Corporate"]
AS_OF = ["--as-of", "2026-01-02"]


class TestRetag:
    def test_histogram(self, run):
        assert lines(run("activities", "histogram", "--by", "ip_category", "--json")) == [{"value": None, "activities": 5}]
        told = lines(run("activities", "histogram", "--by", "ip_category", "--json", "--retag"))
        assert told == [{"value": "Corporate", "activities": 4}, {"value": "Other", "activities": 1}]
        assert lines(run("activities", "histogram", "--by", "user", *TODAY, "--json")) == []
        assert lines(run("activities", "histogram", "--by", "user", *TODAY, "--json", "--retag")) == [
            {"value": "a@contoso.com", "activities": 4}
        ]

    def test_export(self, run, place):
        run("activities", "export", str(place / "a.csv"), *TODAY, "--columns", "activity_id,ip_tags", "--retag")
        with (place / "a.csv").open() as file:
            assert sorted((row["activity_id"], row["ip_tags"]) for row in csv.DictReader(file)) == [(f"own-{n}", "HQ") for n in range(4)]

    def test_users(self, run):
        assert [user["activities"] for user in lines(run("users", "list", *AS_OF, *TODAY, "--json", "--retag"))] == [4]
        assert lines(run("users", "list", *AS_OF, *TODAY, "--json")) == []

    def test_the_same(self, run):
        found = lines(run("activities", "show", "own-0", "--same", "ip", "--json", "--retag"))
        assert {one["ip_category"] for one in found} == {"Corporate"}
        assert len(found) == 4
        run("activities", "show", "own-0", "--retag", code=2)

    @pytest.mark.parametrize("by", ["country", "user", "ip_tags", "action_type"])
    @pytest.mark.parametrize("filters", [[], ["country eq NO"], ["action_type eq UserLoginFailed"], ["ip_tags eq HQ"]])
    def test_columns_and_numbers_are_those_of_the_activities(self, place, by, filters):
        core = Core(place / "core", settings=settings({}))

        def enrich(several):
            for one in several:
                one.country, one.ip_tags = ("NO", ("HQ",)) if one.ip_address == "203.0.113.7" else (None, ())

        log, wanted = Retagged(core.store, enrich), Wanted(filters, lambda: NOON)
        expected = [one for several in log.scan() for one in several if wanted.meets(one)]
        rows = [row for batch in log.arrow(wanted, [by, "activity_id"]) for row in batch.to_pylist()]
        want = {one.activity_id: [*value] if isinstance(value := getattr(one, by), tuple) else value for one in expected}
        assert {row["activity_id"]: row[by] for row in rows} == want
        assert sum(log.counts(wanted, [by]).values()) == sum(len(v) if isinstance(v, list) else 1 for v in want.values())
        if by not in OF_RANGES and not filters:
            assert log.counts(wanted, [by]) == ActivityLog(core.store).counts(wanted, [by])
        core.close()


def test_text_and_queries_of_users(run):
    assert [user["user"] for user in lines(run("users", "list", *AS_OF, "--text", "198.51.100.1", "--json"))] == ["b@contoso.com"]
    run("queries", "save", "b", "--filter", "user eq b@contoso.com")
    assert [user["user"] for user in lines(run("users", "list", *AS_OF, "--query", "b", "--json"))] == ["b@contoso.com"]
    run("users", "list", "--query", "nobody", code=2)


def test_a_policy_from_a_query(run, place):
    run("policies", "new", "from-query", "--from-search", "--query", "Failed log ons", "--filter", "country eq NO")
    text = (place / "rules" / "from-query.yaml").read_text()
    assert "Failed log on" in text
    assert "NO" in text
    run("policies", "new", "x", "--from-search", "--text", "words", "--filter", "country eq NO", code=2)
    run("policies", "new", "x", "--from-search", code=2)
