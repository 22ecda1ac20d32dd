"""`casbd activities search` and what is printed of it."""

import json

import pytest

from casbd.model.activity import FIELDS


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def found(text):
    return [one["activity_id"] for one in lines(text)]


class TestSearch:
    def test_newest_first(self, run):
        assert found(run("activities", "search", "--json")) == ["hostile", "on", "fail-3", "fail-2", "fail-1", "fail-0", "early"]

    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            (["user eq B@contoso.com"], ["fail-3"]),
            (["activity_type eq Failed log on", "user neq a@contoso.com"], ["fail-3"]),
            (["action_type eq UserLoggedIn,New-InboxRule"], ["hostile", "on"]),
            (["ip_address cidr 198.51.100.0/24"], ["on"]),
            (["ip_address isset false"], ["early"]),
            (["matched_policies isset false"], ["hostile", "on"]),
            (['user eq "nobody, really"'], []),
            (["raw.Operation startswith new-"], ["hostile"]),
        ],
    )
    def test_filters(self, run, filters, wanted):
        arguments = [part for text in filters for part in ("--filter", text)]
        assert found(run("activities", "search", "--json", *arguments)) == wanted

    @pytest.mark.parametrize(
        ("span", "wanted"),
        [
            (["--from", "2026-01-01T12:01:00Z", "--to", "2026-01-01T12:02:00Z"], ["fail-2", "fail-1"]),
            (["--from", "2026-01-01T14:00:00"], ["hostile"]),
            (["--from", "2026-01-01T15:00:00+01:00"], ["hostile"]),
            (["--to", "2026-01-01T11:30"], ["early"]),
            (["--from", "2026-01-02"], []),
        ],
    )
    def test_times(self, run, span, wanted):
        assert found(run("activities", "search", "--json", *span)) == wanted

    def test_sort_both_ways_with_unknown_values_last(self, run):
        up = found(run("activities", "search", "--json", "--sort", "ip_address"))
        down = found(run("activities", "search", "--json", "--sort=-ip_address"))
        assert up[0] == "on"
        assert up[-1] == down[-1] == "early"
        assert down[-2] == "on"
        assert found(run("activities", "search", "--json", "--sort", "timestamp"))[0] == "early"

    def test_limit(self, run):
        assert len(found(run("activities", "search", "--json", "--limit", "2"))) == 2
        assert len(found(run("activities", "search", "--json", "--limit", "0"))) == 7
        assert found(run("activities", "search", "--json", "--limit", "1", "--sort", "timestamp")) == ["early"]

    def test_fields_and_types(self, run):
        one = lines(run("activities", "search", "--json", "--filter", "activity_id eq fail-0"))[0]
        assert list(one) == list(FIELDS)
        assert one["timestamp"] == "2026-01-01T12:00:00.000Z"
        assert one["user_groups"] == one["objects"] == []
        assert one["city"] is None
        assert one["is_admin_operation"] is False
        assert one["input_offset"] == 0
        assert json.loads(one["raw"])["Id"] == "fail-0"
        assert one["matched_policies"] == ["burst", "failed"]

    def test_a_table_for_people(self, run):
        text = run("activities", "search")
        assert "2026-01-01 12:00:00" in text
        assert "Failed log on" in text

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--filter", "usr eq x"],
            ["--filter", "user is x"],
            ["--filter", "user"],
            ["--filter", "ip_address cidr nonsense"],
            ["--sort", "nonsense"],
            ["--limit", "-1"],
            ["--from", "some day"],
            ["--nonsense"],
        ],
    )
    def test_wrong_use(self, run, arguments):
        assert "Error" in run("activities", "search", *arguments, code=2)


def test_search_says_when_it_stops_at_the_limit(run):
    assert "(--limit 0 is all)" in run("activities", "search", "--limit", "2", errors=True)
    assert "(--limit 0 is all)" not in run("activities", "search", "--limit", "0", errors=True)
