import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.enrichers._agent_thresholds import Threshold, shipped_thresholds
from casbd.enrichers.user_agent import UserAgent
from casbd.enrichment import Enrichment
from casbd.errors import Mistakes
from casbd.model.activity import FIELDS, Activity

THRESHOLDS = """\
generated: 2026-11-21
grace_days: 180
browsers:
  Chrome: {min: "148"}
  Chrome Mobile: {min: "148"}
  Edge: {min: "148"}
  Firefox: {min: "151", also: ["140"]}
  Safari: {min: "26.5"}
  Mobile Safari: {min: "26.5"}
  IE: {discontinued: true}
systems:
  Windows: {min: "10", frozen: "10"}
  Mac OS X: {min: "14", frozen: "10.15"}
  iOS: {min: "18", frozen: "18.6"}
  Android: {min: "14", frozen: "10"}
  Windows Phone: {discontinued: true}
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> UserAgent:
    file = tmp_path_factory.mktemp("agents") / "thresholds.yaml"
    file.write_text(THRESHOLDS)
    return UserAgent(UserAgent.Options(user_agent_thresholds=file))


def enriched(plugin: UserAgent, text: str | None) -> Activity:
    activity = Activity(user_agent=text)
    Enrichment([plugin]).enrich([activity])
    return activity


def cases() -> list[tuple[str, ...]]:
    lines = Path(__file__).with_name("user_agents.txt").read_text().splitlines()
    return [tuple(line.split(" | ")) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("text", "browser", "system", "device", "tags"), cases())
def test_what_a_user_agent_tells(plugin: UserAgent, text: str, browser: str, system: str, device: str, tags: str) -> None:
    found = enriched(plugin, text)
    assert (" ".join(filter(None, (found.browser, found.browser_version))) or "-") == browser
    assert (" ".join(filter(None, (found.os, found.os_version))) or "-") == system
    assert (found.device_type, ", ".join(found.user_agent_tags) or "-") == (device, tags)


@pytest.mark.parametrize("text", [None, ""])
def test_no_user_agent_tells_nothing(plugin: UserAgent, text: str | None) -> None:
    assert enriched(plugin, text) == Activity(user_agent=text)


def test_what_the_agent_does_not_tell_stays(plugin: UserAgent) -> None:
    activity = Activity(user_agent="BAV2ROPC", os="Windows", os_version="11", browser="x")
    Enrichment([plugin]).enrich([activity])
    assert (activity.os, activity.os_version, activity.browser) == ("Windows", "11", "x")


@given(st.text(max_size=600))
def test_any_text_gives_values_of_the_table(text: str) -> None:
    found = enriched(SHIPPED, text)
    assert set(found.user_agent_tags) <= set(FIELDS["user_agent_tags"].values)
    assert found.device_type is None or found.device_type in FIELDS["device_type"].values
    assert all(len(value) <= 512 for value in (found.browser, found.os, found.browser_version, found.os_version) if value)


@pytest.mark.parametrize("part", ["Mozilla/5.0 ", "A", "Chrome/1.", "((((", "1.1.1.1.", "Client=;", "Android ; wv)", "\x00", "\ud800", "ſ"])
def test_a_hostile_user_agent_costs_little(plugin: UserAgent, part: str) -> None:
    text = (part * 100_000)[:100_000]
    enriched(plugin, "the first one builds the matchers")
    started = time.process_time()
    found = enriched(plugin, text)
    assert time.process_time() - started < 1
    assert found.user_agent == text


def test_the_shipped_thresholds_know_the_browsers_people_use() -> None:
    shipped = shipped_thresholds()
    assert {"Chrome", "Chrome Mobile", "Edge", "Firefox", "Safari", "Mobile Safari", "IE"} <= shipped.browsers.keys()
    assert {"Windows", "Mac OS X", "iOS", "Android"} <= shipped.systems.keys()
    assert all(source["licence"] for source in shipped.sources)
    assert shipped.browsers["Chrome"].is_outdated("90.0.1", may_be_frozen=False)
    assert not shipped.browsers["Chrome"].is_outdated("400.0", may_be_frozen=False)


@pytest.mark.parametrize(
    ("version", "may_be_frozen", "outdated"),
    [
        ("26.5", False, False), ("26.5.1", False, False), ("26.4.9", False, True), ("27", False, False), ("9", False, True),
        ("15.6", False, False), ("15.60", False, True), ("10.15.7", True, False), ("10.15.7", False, True), ("10.14", True, True),
        ("XP", False, True), (None, False, False), ("", False, True), ("1" * 5000, False, True), ("٢٧", False, True),
    ],
)  # fmt: skip
def test_versions_compare_by_number(version: str | None, may_be_frozen: bool, outdated: bool) -> None:
    threshold = Threshold(min="26.5", also=("15.6",), frozen="10.15")
    assert threshold.is_outdated(version, may_be_frozen=may_be_frozen) is outdated


def test_mistakes_in_a_file_of_thresholds_are_told(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yaml"
    file.write_text(THRESHOLDS.replace('Chrome: {min: "148"}', "Chrome: {min: new, maximum: '1'}"))
    with pytest.raises(Mistakes) as caught:
        UserAgent(UserAgent.Options(user_agent_thresholds=file))
    assert [(found.line, found.message) for found in caught.value.found] == [
        (4, "`browsers.Chrome.min`: `new` is no version, such as `26.5`"),
        (4, "unknown key `maximum`"),
    ]


SHIPPED = UserAgent(UserAgent.Options())
