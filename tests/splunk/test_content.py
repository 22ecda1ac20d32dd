"""Saved searches, the dashboard and workflow actions: they name what is there, and ask for events that there are."""

import re
from itertools import combinations

import pytest
from conf_files import ADDON, SC4S, read
from search_language import compile_search
from searches import dashboard, first_command, searches, unknown_fields

from casbd.wire.cef_values import link

TIMES = {"_time", "_raw"}
"""What every event has besides."""


@pytest.fixture(scope="session")
def known(events):
    """Every field that some event has."""
    return TIMES | {field for road in events.values() for event in road for field in event}


@pytest.mark.parametrize("name", searches())
def test_a_search_names_fields_that_there_are(known, name):
    assert unknown_fields(searches()[name], known) == set()


@pytest.mark.parametrize(
    ("search", "missing"),
    [
        ("`casbd_index` severty=high | table _time", {"severty"}),
        ("user=x | stats dc(ids) as alerts by polcy", {"ids", "polcy"}),
        ("user=x | stats dc(id) as alerts by user | table alerts severity", {"severity"}),
        ("user=x | eval a=coalesce(user, who), b=a | where c > 1 | sort 10 -d", {"who", "c", "d"}),
        ('user=x | stats count(eval(reslution="closed")) as n', {"reslution"}),
    ],
)
def test_a_field_that_is_not_there_is_found(search, missing):
    assert unknown_fields(search, TIMES | {"index", "user", "id", "severity", "policy_name"}) == missing


@pytest.mark.parametrize("name", searches())
def test_a_search_finds_some_of_the_events(events, name):
    search = compile_search(first_command(searches()[name]))
    for road, sent in events.items():
        assert any(map(search, sent)), road


class TestSavedSearches:
    def test_none_runs_unless_somebody_wants_it(self):
        assert {stanza["disabled"] for stanza in read("savedsearches.conf").values()} == {"1"}

    def test_each_says_what_it_is_for_and_over_which_time(self):
        for name, stanza in read("savedsearches.conf").items():
            assert stanza["description"], name
            assert stanza["dispatch.earliest_time"], name

    def test_each_row_is_told_once(self):
        """A pause for all of them would hide a second one, that comes in it."""
        for name, stanza in scheduled().items():
            assert (stanza["alert.digest_mode"], stanza["alert.suppress"]) == ("0", "1"), name
            assert re.search(rf"\b{stanza['alert.suppress.fields']}\b", stanza["search"].partition("|")[2]), name
            assert stanza["alert.suppress.period"] == "24h", name

    def test_what_waited_for_its_delivery_is_told(self):
        """Its `_time` is of before the outage. A run looks at what came since the one before, and at that one's once more."""
        for name, stanza in scheduled().items():
            assert stanza["dispatch.earliest_time"] == "-7d@d", name
            if "tstats" not in stanza["search"]:
                indexed, every = (
                    re.search(r" _index_earliest=-(\d+)m@m \|", stanza["search"]),
                    re.match(r"\*/(\d+) ", stanza["cron_schedule"]),
                )
                assert int(indexed[1]) >= 2 * int(every[1]), name


def scheduled():
    """The searches that run by themselves."""
    return {name: stanza for name, stanza in read("savedsearches.conf").items() if "cron_schedule" in stanza}


class TestDashboard:
    def test_every_part_is_shown_and_has_its_data(self):
        board = dashboard()
        placed = {block["item"] for block in board["layout"]["structure"]}
        assert placed == board["visualizations"].keys()
        used = {part["dataSources"]["primary"] for part in board["visualizations"].values()}
        assert used == board["dataSources"].keys()

    def test_no_two_parts_overlap(self):
        places = [block["position"] for block in dashboard()["layout"]["structure"]]
        for one, other in combinations(places, 2):
            beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert max(place["x"] + place["w"] for place in places) <= 1200

    def test_its_inputs_are_used(self):
        board = dashboard()
        queries = " ".join(source["options"]["query"] for source in board["dataSources"].values())
        tokens = {part["options"]["token"] for part in board["inputs"].values()}
        assert set(re.findall(r"\$(\w+)\$", queries)) == tokens - {"time"}
        assert board["layout"]["globalInputs"] == list(board["inputs"])
        for source in board["dataSources"].values():
            assert source["options"]["queryParameters"] == {"earliest": "$time.earliest$", "latest": "$time.latest$"}

    def test_a_click_takes_a_column_that_there_is(self):
        board = dashboard()
        for name, part in board["visualizations"].items():
            query = board["dataSources"][part["dataSources"]["primary"]]["options"]["query"]
            for column in re.findall(r"row\.(\w+)\.value", str(part.get("eventHandlers", ""))):
                assert re.search(rf"(by|table) .*\b{column}\b", query), name

    def test_its_page_leads_to_it(self):
        assert '<view name="casbd" default="true"/>' in (ADDON / "default" / "data" / "ui" / "nav" / "default.xml").read_text()


class TestWorkflowActions:
    def links(self):
        return {name: stanza for name, stanza in read("workflow_actions.conf").items() if stanza["type"] == "link"}

    def test_a_link_leads_where_casbds_own_do(self):
        pages = {"alert_id": "alerts", "activity_id": "activities", "command_id": "governance"}
        for stanza in self.links().values():
            _, field = stanza["fields"].split(",")
            assert stanza["link.uri"] == link("https://$!casbd_console$", pages[field], "ID").replace("ID", f"${field}$")

    def test_fields_and_event_types_are_there(self, known):
        types = read("eventtypes.conf").keys()
        for stanza in read("workflow_actions.conf").values():
            assert set(stanza["fields"].split(",")) <= known
            assert all(name == "casbd_*" or name in types for name in stanza["eventtypes"].split(","))

    def test_the_search_is_one_of_the_saved(self):
        story = read("workflow_actions.conf")["casbd_user"]["search.search_string"]
        assert story == searches()["casbd: a user's story"]
        assert story.count("$user$") == 2


def test_a_source_that_sc4s_gives_is_one_that_has_fields():
    text = (SC4S / "app-cef-casbd.conf").read_text()
    [source] = re.findall(r"source\('([^']+)'\)", text)
    assert f"source::{source}" in read("props.conf")
    assert all(f"source={source}" in stanza["search"] for stanza in read("eventtypes.conf").values())


def test_every_tag_is_an_event_types():
    types = {f"eventtype={name}" for name in read("eventtypes.conf")}
    assert read("tags.conf").keys() <= types
