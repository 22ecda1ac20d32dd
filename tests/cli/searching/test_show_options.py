"""An activity's page: its sections, and the activities that are like it."""

import re

import pytest

from casbd.cli.activities._drawer import SECTIONS
from casbd.model.activity import FIELDS
from tests.cli.searching.conftest import lines


class TestShow:
    def test_sections(self, run):
        out, _ = run("activities", "show", "on")
        assert [line.split()[0] for line in out.splitlines() if line[:1].isalpha()] == ["what", "who", "record"]
        out, _ = run("activities", "show", "fail-0")
        for text in ("what", "where      ip_address         203.0.113.7", "policies   matched_policies   failed", "alerts     high"):
            assert re.search(text.replace(" ", r"\s*"), out), text
        assert re.search(r"unusual +new for this user +ip_address 203.0.113.7, action_type UserLoginFailed", out)
        assert '"Operation": "UserLoginFailed"' in out

    def test_no_field_is_in_two_sections(self):
        named = [name for names in SECTIONS.values() for name in names]
        assert len(named) == len({*named} & FIELDS.keys())

    def test_a_field_of_no_section_is_in_the_last_one(self, run, monkeypatch):
        monkeypatch.setitem(SECTIONS, "where", ())
        out, _ = run("activities", "show", "fail-0")
        assert re.search(r"^record .*\n(?: .*\n)* +ip_address +203\.0\.113\.7", out, re.MULTILINE)

    def test_json(self, run):
        (one,) = lines(run("activities", "show", "fail-0", "--json")[0])
        assert [*one] == [*FIELDS, "alerts", "unusual", "priority"]
        assert [(alert["policy_id"], alert["activity_ids"]) for alert in one["alerts"]] == [("failed", ["fail-0"])]
        assert one["unusual"]["ip_address"] == "203.0.113.7"
        (first,) = lines(run("activities", "show", "before", "--json")[0])
        assert (first["alerts"], first["unusual"]) == ([], None)

    @pytest.mark.parametrize(
        ("activity", "same", "wanted"),
        [
            ("on", "type", ["just now", "on", "before"]),
            ("on", "user", ["on", "fail-2", "fail-1", "fail-0", "before"]),
            ("on", "48h", ["on", "fail-2", "fail-1", "fail-0"]),
            ("before", "ip", ["before"]),
            ("fail-3", "user", ["fail-3"]),
        ],
    )
    def test_others_like_it(self, search, activity, same, wanted):
        assert search(command=("activities", "show", activity, "--same", same)) == wanted

    def test_others_page_by_page(self, run):
        out, err = run("activities", "show", "on", "--same", "user", "--limit", "2", "--csv", "--columns", "activity_id")
        assert out.split() == ["activity_id", "on", "fail-2"]
        after = err.split()[4]
        out, _ = run("activities", "show", "on", "--same", "user", "--after", after, "--csv", "--columns", "activity_id")
        assert out.split() == ["activity_id", "fail-1", "fail-0", "before"]

    def test_wrong_use(self, run):
        assert "the ip_address of this activity is not known" in run("activities", "show", "on", "--same", "ip", code=2)[1]
        assert "go with --same" in run("activities", "show", "on", "--limit", "2", code=2)[1]
        assert "go with --same" in run("activities", "show", "on", "--csv", code=2)[1]
        run("activities", "show", "nonsense", "--same", "user", code=1)
