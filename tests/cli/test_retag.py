"""`activities search --retag` and `policies backtest --retag`: stored activities as today's ranges have them."""

import json

import pytest
from builders import Core, record, settings
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.log import segments

RANGES = "ranges: [{name: office, subnets: [203.0.113.0/24], category: Corporate, tags: [hq], isp: Contoso}]\n"


@pytest.fixture(params=["blocks", "segments"])
def place(request, tmp_path):
    """Stored without any ranges, of which there are some today."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: []\ninputs: []\nenrichment: {ip_ranges: ranges.yaml}\n")
    (tmp_path / "ranges.yaml").write_text(RANGES)
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(
        record(Id="office", ClientIP="203.0.113.7"), record(Id="other", ClientIP="198.51.100.1"), record(Id="none", ClientIP=None)
    )
    if request.param == "segments":
        assert segments.compact(core.store, at_least=1)
    core.close()
    return tmp_path


def search(place, *arguments):
    found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), "activities", "search", "--json", *arguments])
    assert found.exit_code == 0, found.output
    return {one["activity_id"]: one for one in map(json.loads, found.stdout.splitlines())}


def test_stored_activities_keep_what_they_were_stored_with(place):
    assert search(place, "--filter", "ip_category eq Corporate") == {}
    assert search(place)["office"]["ip_tags"] == []


def test_todays_ranges_decide_where_it_is_asked_for(place):
    assert search(place, "--retag", "--filter", "ip_category eq Corporate").keys() == {"office"}
    assert search(place, "--retag", "--filter", "ip_tags neq hq", "--sort", "user").keys() == {"other", "none"}
    found = search(place, "--retag")
    assert (found["office"]["ip_category"], found["office"]["ip_tags"], found["office"]["isp"]) == ("Corporate", ["hq"], "Contoso")
    assert (found["other"]["ip_category"], found["none"]["ip_category"]) == ("Other", None)


def test_the_list_of_users_too(place):
    def listed(*arguments):
        arguments = ("users", "list", "--as-of", "2026-01-02T00:00:00Z", "--filter", "ip_category eq Corporate", "--json", *arguments)
        found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
        assert found.exit_code == 0, found.output
        return [json.loads(line)["activities"] for line in found.stdout.splitlines()]

    assert (listed(), listed("--retag")) == ([], [1])


OFFICE = {"ip_category": {"eq": "Corporate"}}
RULES = {
    "each": {"filters": OFFICE},
    "counted": {"filters": OFFICE, "match": {"repeated": 2, "within": "5m"}},
    "by-category": {"filters": {"user": {"isset": True}}, "match": {"repeated": 3, "within": "5m", "by": "ip_category"}},
    "elsewhere": {"filters": {"user": {"isset": True}, "ip_tags": {"neq": "hq"}}},
    "by-user": {"filters": {"user": {"isset": True}}, "match": {"repeated": 5, "within": "5m"}},
}


@pytest.fixture(params=["blocks", "segments"])
def rules(request, tmp_path):
    """Three activities of the office, and two of elsewhere; stored without ranges."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\ninputs: []\nenrichment: {ip_ranges: ranges.yaml}\n")
    (tmp_path / "ranges.yaml").write_text("ranges: [{name: o, subnets: [203.0.113.0/24], category: Corporate, tags: [hq], country: NO}]\n")
    (tmp_path / "rules").mkdir()
    for name, rule in RULES.items():
        (tmp_path / "rules" / f"{name}.yaml").write_text(json.dumps({"name": name} | rule))
    core = Core(tmp_path / "core", settings=settings({}))
    core.feed_records(*(record(at=n, ClientIP="203.0.113.7") for n in range(3)), *(record(at=n, ClientIP="198.51.100.1") for n in (4, 5)))
    if request.param == "segments":
        assert segments.compact(core.store, at_least=1)
    core.close()
    return tmp_path


def backtest(place, *arguments):
    found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), "policies", "backtest", "--json", *arguments])
    assert found.exit_code == 0, found.output
    return [*map(json.loads, found.stdout.splitlines())]


@pytest.mark.parametrize(
    ("policy", "stored", "today"), [("each", 0, 3), ("counted", 0, 1), ("by-category", 0, 1), ("elsewhere", 5, 2), ("by-user", 1, 1)]
)
def test_a_look_back_with_todays_ranges(rules, policy, stored, today):
    assert len(backtest(rules, policy)) == stored
    alerts = backtest(rules, policy, "--retag")
    assert len(alerts) == today
    if policy == "each":
        assert {alert["country"] for alert in alerts} == {"NO"}


def test_an_exception_by_tag_counts_in_a_look_back_with_todays_ranges(rules):
    (rules / "rules" / "exceptions.yaml").write_text(
        "exceptions: [{policy: by-user, filters: {ip_tags: {eq: hq}}, reason: office, expires: never}]\n"
    )
    assert len(backtest(rules, "by-user")) == 1
    assert backtest(rules, "by-user", "--retag") == []
