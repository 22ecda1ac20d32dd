import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.enrichers._agent_thresholds import ALWAYS, Threshold, shipped_thresholds
from casbd.enrichers.user_agent import UserAgent
from casbd.errors import Mistakes
from casbd.model.activity import FIELDS, Activity
from casbd.pipeline.enrichment import Enrichment

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


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def enriched(plugin: UserAgent, text: str | None, day: str = "1970-01-01") -> Activity:
    activity = Activity(user_agent=text, timestamp=at(day))
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
    assert threshold.outdated(version, may_be_frozen=may_be_frozen) == (ALWAYS if outdated else None)


WINDOWS = "Mozilla/5.0 (Windows NT {}; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.4389.90 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{} Mobile Safari/604.1"
IE = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
EDGE_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1 Version/13.0.3 EdgiOS/46.2.4 Mobile Safari/605.1"
BROWSER, SYSTEM = "Outdated browser", "Outdated operating system"


@pytest.mark.parametrize(
    ("text", "day", "tags"),
    [
        (WINDOWS.format("10.0", 89), "2021-03-20", ()),  # three weeks old
        (WINDOWS.format("10.0", 89), "2021-10-09", ()),  # 90 came out on 2021-04-13
        (WINDOWS.format("10.0", 89), "2021-10-10", (BROWSER,)),
        (WINDOWS.format("10.0", 89), "2026-11-28", (BROWSER,)),
        (WINDOWS.format("10.0", 69), "2021-03-20", (BROWSER,)),
        (WINDOWS.format("6.1", 78), "2020-01-13", ()),  # Windows 7 was supported until the day after
        (WINDOWS.format("6.1", 78), "2020-01-14", (SYSTEM,)),
        (WINDOWS.format("6.1", 78), "2020-06-07", (BROWSER, SYSTEM)),
        (WINDOWS.format("5.1", 49), "2012-01-01", ()),  # before it came out: a clock that is wrong, or a record that lies
        (WINDOWS.format("10.0", 400), "2030-01-01", ()),  # newer than the table
        (WINDOWS.format("10.0", 157), "2040-01-01", (BROWSER,)),
        (FIREFOX.format(79), "2021-04-01", (BROWSER,)),
        (FIREFOX.format(78), "2021-11-01", ()),  # an extended support release
        (FIREFOX.format(78), "2021-11-02", (BROWSER,)),
        (FIREFOX.format(153), "2040-01-01", ()),  # nobody knows yet how long
        (IPHONE.format("14_4", "14.0.3"), "2021-03-20", ()),
        (IPHONE.format("14_4", "14.0.3"), "2021-10-02", (SYSTEM,)),
        (IPHONE.format("14_4", "14.0.3"), "2026-11-28", (BROWSER, SYSTEM)),
        (IPHONE.format("18_6", "27.1"), "2026-11-28", ()),
        (IE, "2022-06-14", ()),
        (IE, "2022-06-15", (BROWSER,)),
        (EDGE_IOS, "2021-03-20", ()),  # it had numbers of its own then
        (EDGE_IOS, "2022-01-20", (BROWSER, SYSTEM)),
        ("Mozilla/5.0 (Windows 98; rv:1.8) Gecko/20050104 Firefox/0.9", "2021-03-20", (BROWSER, SYSTEM)),
        ("Dalvik/2.1.0 (Linux; U; Android 10; SM-G960F)", "2021-03-20", ("Native client",)),
        ("Dalvik/2.1.0 (Linux; U; Android 10; SM-G960F)", "2024-03-20", ("Native client", SYSTEM)),
    ],
)  # fmt: skip
def test_age_is_that_on_the_day_of_the_activity(text: str, day: str, tags: tuple[str, ...]) -> None:
    assert enriched(SHIPPED, text, day).user_agent_tags == tags


def test_an_agent_is_looked_up_once_for_all_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    look_up = UserAgent.look_up
    monkeypatch.setattr(UserAgent, "look_up", lambda self, text: seen.append(text) or look_up(self, text))
    days = ["2020-03-01", "2026-03-01", "2021-03-20", "2021-12-01"]
    activities = [Activity(user_agent=WINDOWS.format("10.0", 89), timestamp=at(day)) for day in days]
    Enrichment([SHIPPED]).enrich(activities)
    assert [activity.user_agent_tags for activity in activities] == [(), (BROWSER,), (), (BROWSER,)]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("version", "since"),
    [
        ("1", ALWAYS), ("7", at("2020-01-14")), ("7.5", at("2020-01-14")), ("10", None), ("11", None), ("XP", at("2014-04-08")),
        ("ME", ALWAYS), (None, None),
    ],
)  # fmt: skip
def test_a_version_between_two_is_what_the_older_one_is(version: str | None, since: int | None) -> None:
    days = {"10": None, "XP": "2014-04-08", "7": "2020-01-14"}
    assert Threshold.model_validate({"outdated_from": days}).outdated(version, may_be_frozen=False) == since


def test_mistakes_in_a_file_of_thresholds_are_told(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yaml"
    wrong = [
        "Chrome: {min: new, maximum: '1'}",
        "Opera: {outdated_from: {new: 2026-01-01, '130': soon}}",
        "Vivaldi: {min: '7', outdated_from: {'7': null}}",
    ]
    file.write_text(THRESHOLDS.replace('Chrome: {min: "148"}', "\n  ".join(wrong)))
    with pytest.raises(Mistakes) as caught:
        UserAgent(UserAgent.Options(user_agent_thresholds=file))
    assert [(found.line, found.message) for found in caught.value.mistakes] == [
        (4, "`browsers.Chrome.min`: `new` is no version, such as `26.5`"),
        (4, "unknown key `maximum`"),
        (5, "`browsers.Opera.outdated_from.new`: `new` is no version, such as `26.5`, nor one of Vista, XP, NT, ME, CE"),
        (5, "`browsers.Opera.outdated_from.130`: should be a day, such as 2026-01-31"),
        (6, "`browsers.Vivaldi`: `min` and `outdated_from` exclude each other"),
    ]


SHIPPED = UserAgent(UserAgent.Options())
