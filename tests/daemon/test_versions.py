"""What is stored of files' versions: at a start, after a reload, and nothing where nothing changed."""

import os

import pytest
from builders import NOON

from casbd.daemon.audit import Trail
from casbd.daemon.engine import Engine
from casbd.daemon.versions import LONGEST
from casbd.model.service_status import Reloaded
from casbd.store.database import Store
from casbd.store.state import audit, file_versions

RULE = "name: {}\nfilters: {{activity_type: {{eq: Failed log on}}}}\n"
CONFIGURATION = """\
rules: [rules]
inputs: [{name: m365, path: in/*}]
organization: {user_groups: groups.yaml}
outputs: [{name: siem, type: file, path: out.cef}]
"""
EXCEPTIONS = "exceptions:\n  - {policy: one, filters: {user: {eq: a}}, reason: known, expires: 2099-01-01}\n"


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "rules").mkdir()
    for name in ("one", "two"):
        (tmp_path / "rules" / f"{name}.yaml").write_text(RULE.format(name))
    (tmp_path / "groups.yaml").write_text("groups: {Finance: [a@contoso.com]}\n")
    (tmp_path / "casbd.yaml").write_text(CONFIGURATION)
    with Store(tmp_path / "state") as store:
        yield Daemon(tmp_path, store)


class Daemon:
    """As much of it as looks at files; it has been started once."""

    def __init__(self, directory, store):
        self.directory, self.store = directory, store
        self.now = NOON
        self.start()

    def start(self):
        self.trail = Trail(self.store, Engine(self.directory / "casbd.yaml"))
        self.trail.looked(self.now)

    def reload(self):
        self.trail.reloaded(Engine(self.directory / "casbd.yaml"), Reloaded(at=self.now), self.now)

    def write(self, name, text):
        """A second later."""
        self.now += 1000
        (self.directory / name).write_text(text)

    def changes(self):
        found = file_versions.changes(self.store.connection, NOON + 1, self.now)
        return [(one.version.kind, one.version.name, one.version.what, one.version.while_stopped) for one in found]


def test_how_it_was_at_first_is_no_change(daemon):
    assert file_versions.latest(daemon.store.connection, "policy")[0].text == RULE.format("one")
    assert [one.name for one in file_versions.latest(daemon.store.connection, "configuration")] == [
        *("inputs", "organization", "outputs", "rules")
    ]
    daemon.start()
    daemon.reload()
    assert daemon.changes() == []


def test_changes_of_a_reload(daemon):
    daemon.write("rules/three.yaml", RULE.format("three"))
    daemon.write("rules/one.yaml", RULE.format("uno"))
    (daemon.directory / "rules" / "two.yaml").unlink()
    daemon.write("rules/exceptions.yaml", EXCEPTIONS)
    daemon.reload()
    exceptions = str(daemon.directory / "rules" / "exceptions.yaml")
    assert sorted(daemon.changes()) == [
        ("exceptions", exceptions, "added", False),
        ("policy", "one", "changed", False),
        ("policy", "three", "added", False),
        ("policy", "two", "removed", False),
    ]


def test_changes_made_while_casbd_was_stopped_are_in_the_trail(daemon):
    daemon.write("rules/one.yaml", RULE.format("uno"))
    daemon.write("groups.yaml", "groups: {Finance: [b@contoso.com]}\n")
    daemon.start()
    groups = str(daemon.directory / "groups.yaml")
    assert sorted(daemon.changes()) == [("list", groups, "changed", True), ("policy", "one", "changed", True)]
    (entry,) = audit.listed(daemon.store.connection)
    assert entry.detail == {"while_stopped": {"list": [groups], "policy": ["one"]}}


def test_of_configuration_and_lists_no_text_is_kept(daemon):
    daemon.write("casbd.yaml", CONFIGURATION + "log_level: debug\n")
    daemon.reload()
    assert daemon.changes() == [("configuration", "log_level", "added", False)]
    for kind in ("configuration", "list"):
        assert {one.text for one in file_versions.latest(daemon.store.connection, kind)} == {None}


def test_a_comment_in_the_configuration_is_no_change(daemon):
    daemon.write("casbd.yaml", "# about it\n" + CONFIGURATION)
    daemon.reload()
    assert daemon.changes() == []


def test_a_long_text_is_not_kept(daemon):
    daemon.write("rules/one.yaml", RULE.format("one") + "#" * LONGEST)
    daemon.reload()
    assert daemon.changes() == [("policy", "one", "changed", False)]
    assert file_versions.latest(daemon.store.connection, "policy")[0].text is None


def test_what_cannot_be_read_just_now_is_not_removed(daemon):
    engine = Engine(daemon.directory / "casbd.yaml")
    (daemon.directory / "rules" / "one.yaml").unlink()
    (daemon.directory / "casbd.yaml").write_text("a: [")
    daemon.trail.reloaded(engine, Reloaded(at=NOON), daemon.now + 1000)
    daemon.now += 1000
    assert daemon.changes() == []


def test_the_owner_and_the_files_own_time(daemon):
    os.utime(daemon.directory / "rules" / "one.yaml", (1_000_000, 1_000_000))
    daemon.write("rules/two.yaml", RULE.format("zwei"))
    os.utime(daemon.directory / "rules" / "two.yaml", (1_000_000, 1_000_000))
    daemon.reload()
    two = file_versions.latest(daemon.store.connection, "policy")[1]
    assert (two.name, two.modified) == ("two", 1_000_000_000)
    assert two.owner
