"""`casbd audit list`, and what commands note in it."""

import json
import shutil

import pytest
from builders import MINUTE, NOON
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.database import Store
from casbd.store.state import audit
from casbd.store.state.operator import person

HOSTILE = "evil\x1b[31m\x9b2J\u202e\u2028"
RULE = "name: x\nfilters: {user: {eq: a}}\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "one.yaml").write_text(RULE)
    return tmp_path


@pytest.fixture
def store(place):
    """The daemon's, which holds the lock."""
    with Store(place / "state") as store:
        yield store


@pytest.fixture
def run(place, monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ciso")  # whoever says so of himself is not believed

    def run(*arguments, code=0):
        result = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def trail(store):
    return [(e.who, e.action, e.target, e.detail) for e in audit.listed(store.connection)]


class TestList:
    @pytest.fixture(autouse=True)
    def filled(self, store):
        with store.transaction() as connection:
            audit.add(connection, NOON, "start", "/etc/casbd/casbd.yaml", {"version": "1"}, audit.DAEMON)
            audit.add(connection, NOON + MINUTE, "alerts close", "ab", {"comment": HOSTILE}, "eva")
            audit.add(connection, NOON + 2 * MINUTE, "alerts reopen", HOSTILE, {}, "bob")

    def listed(self, run, *arguments):
        return [json.loads(line) for line in run("audit", "list", "--json", *arguments).stdout.splitlines()]

    def test_json(self, run):
        first, second, third = self.listed(run)
        assert list(first) == ["at", "who", "action", "target", "detail"]
        assert first == {
            "at": "2026-01-01T12:00:00.000Z",
            "who": "casbd",
            "action": "start",
            "target": "/etc/casbd/casbd.yaml",
            "detail": {"version": "1"},
        }
        assert second["detail"] == {"comment": HOSTILE}
        assert third["target"] == HOSTILE

    @pytest.mark.parametrize(
        ("arguments", "number"),
        [
            (["--from", "2026-01-01T12:01:00Z"], 2),
            (["--to", "2026-01-01T12:01:00Z"], 2),
            (["--action", "alerts"], 2),
            (["--action", "alerts close"], 1),
            (["--who", "EVA"], 1),
            (["--who", "nobody"], 0),
        ],
    )
    def test_filters(self, run, arguments, number):
        assert len(self.listed(run, *arguments)) == number

    def test_a_table_that_does_not_command_the_terminal(self, run):
        shown = run("audit", "list").stdout
        assert shown.index("start") < shown.index("alerts close") < shown.index("alerts reopen")
        assert "2026-01-01 12:01:00" in shown
        assert not {*HOSTILE} & {*shown} & {"\x1b", "\x9b", "\u202e", "\u2028"}


def test_policies_switched_made_and_imported(place, store, run, tmp_path):
    run("policies", "disable", "one")
    run("policies", "enable", "one")
    run("policies", "new", "two", "--from-search", "--filter", "user eq a")
    (place / "new").mkdir()
    (place / "new" / "s.yml").write_text(
        "title: S\nlogsource: {product: okta, service: okta}\ndetection: {s: {eventType: x}, condition: s}\n"
    )
    run("policies", "import", str(place / "new"))
    run("policies", "import", str(place / "new"), "--to", str(place / "rules"))
    run("policies", "import", str(place / "new"), "--to", str(place / "rules"))  # it is there already
    rules = tmp_path / "rules"
    assert trail(store) == [
        (person(), "policies disable", "one", {"file": str(rules / "one.yaml")}),
        (person(), "policies enable", "one", {"file": str(rules / "one.yaml")}),
        (person(), "policies new", "two", {"file": str(rules / "two.yaml"), "template": None, "filters": ["user eq a"]}),
        (person(), "policies import", str(rules), {"from": str(place / "new"), "files": ["s.yml"]}),
    ]


def test_what_was_refused_is_not_noted(store, run):
    run("policies", "disable", "none", code=1)
    run("policies", "new", "one", "--from-search", "--filter", "user eq a", code=1)
    assert trail(store) == []


def test_before_the_first_start_there_is_no_trail_and_none_is_made(place, run):
    assert "audit" not in run("policies", "disable", "one").stderr
    assert not (place / "state").exists()


def test_where_the_entry_cannot_be_made_the_change_stands_and_it_is_said(place, store, run):
    store.close()
    shutil.copy(place / "casbd.yaml", place / "state" / "casbd.sqlite")  # no database
    assert "the audit trail has no entry of this" in run("policies", "disable", "one").stderr
    assert "enabled: false" in (place / "rules" / "one.yaml").read_text()
