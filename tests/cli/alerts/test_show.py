"""`casbd alerts show`: the page and the object."""

import json

import pytest
from builders import MINUTE, Core, failures, record, repeated
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.documents.durations import milliseconds

HOSTILE = "x\x1b[31m\u202e\n"


@pytest.fixture
def core(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core", rules=repeated(3, governance=[{"action": "suspend_user", "connector": "entra"}]))
    core.feed_records(*failures(0, MINUTE, 2 * MINUTE, ResultStatus=HOSTILE, UserAgent=HOSTILE), record(at=-milliseconds("2d")))
    yield core
    core.close()


def show(tmp_path, core, *more):
    result = CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), "alerts", "show", core.alerts()[0].alert_id, *more])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_page_has_all_parts_and_nothing_that_commands_the_terminal(core, tmp_path):
    page = show(tmp_path, core)
    for part in (
        *("medium: burst", "open, not read", "What happened", "a@contoso.com in the 30 days up to it", "203.0.113.7 in the 30 days"),
        *("Policies whose filters", "burst (3)", "What governance did", "suspend_user", "Alerts like it in 90 days", "true positive: "),
        *("of this policy and user: none", "see https://learn.microsoft.com/"),
    ):
        assert part in page, part
    assert not {"\x1b", "\u202e", "\x07"} & {*page}


def test_one_object(core, tmp_path):
    (line,) = show(tmp_path, core, "--json").splitlines()
    story = json.loads(line)
    assert [(step["activity_type"], step["ip_address"], step["timestamp"][11:19]) for step in story["timeline"]] == [
        ("Failed log on", "203.0.113.7", f"12:0{minute}:00") for minute in range(3)
    ]
    assert story["timeline"][0]["new"] == []
    assert story["timeline_left_out"] == 0
    assert (story["user_context"]["user"], story["address_context"]["ip_address"]) == ("a@contoso.com", "203.0.113.7")
    assert story["matched_policies"] == [{"policy_id": "burst", "activities": 3}]
    assert [(one["action"], one["created"]) for one in story["governance"]] == [("suspend_user", "2026-01-01T12:00:00.000Z")]
    assert story["similar"] == {"same_policy_and_user": {}, "same_policy": {}, "latest": []}
    assert story["incident"] == []
    assert set(story["advice"]) == {"true_positive", "benign", "false_positive", "look", "act", "source"}


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_names_are_shown_as_pseudonyms(core, tmp_path, more):
    (tmp_path / "key").write_text("0123456789abcdef" * 4)
    (tmp_path / "key").chmod(0o600)
    privacy = "{pseudonymize: [user, ip_address], key: {file: key}}"
    (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\nprivacy: {privacy}\n")
    page = show(tmp_path, core, *more)
    assert "user-" in page
    assert not [name for name in ("a@contoso.com", "203.0.113.7") if name in page]


def test_where_no_single_user_is_named_each_activity_says_whose_it_is(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core", rules=repeated(3, by="ip_address", unique="user"))
    core.feed_records(*(record(at=number * MINUTE, UserId=f"{number}@b.no") for number in range(3)))
    lines = [line.split() for line in show(tmp_path, core).splitlines()]
    core.close()
    assert [line[2] for line in lines if line[1:2] and line[1].startswith("12:0") and line[3:5] == ["Failed", "log"]] == [
        "0@b.no",
        "1@b.no",
        "2@b.no",
    ]
