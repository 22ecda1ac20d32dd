"""What the daemon notes of its start and of reloads: names, and nothing where nothing changed."""

import os

import pytest
from builders import NOON

from casbd import __version__
from casbd.daemon.audit import Trail
from casbd.daemon.engine import Engine
from casbd.model.service_status import Reloaded
from casbd.store.database import Store
from casbd.store.state import audit

RULE = "name: {}\nfilters: {{activity_type: {{eq: Failed log on}}}}\n"
SECRET = "hunter2"
CONFIGURATION = """\
rules: [rules]
inputs: [{name: m365, path: in/*}]
organization: {user_groups: groups.yaml}
enrichment: {ip_ranges: ranges.yaml}
outputs: [{name: siem, type: file, path: out.cef}]
"""


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "rules").mkdir()
    for name in ("one", "two"):
        (tmp_path / "rules" / f"{name}.yaml").write_text(RULE.format(name))
    (tmp_path / "groups.yaml").write_text("groups: {Finance: [a@contoso.com]}\n")
    (tmp_path / "ranges.yaml").write_text("ranges: []\n")
    path = tmp_path / "casbd.yaml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def daemon(configuration, tmp_path):
    with Store(tmp_path / "state") as store:
        yield Daemon(configuration, store)


class Daemon:
    """As much of it as the trail sees."""

    def __init__(self, configuration, store):
        self.configuration, self.store, self.directory = configuration, store, configuration.parent
        self.trail = Trail(store, Engine(configuration))

    def reload(self):
        """Takes up what the files say; what was noted of it."""
        engine = Engine(self.configuration)
        self.trail.reloaded(engine, Reloaded(at=NOON), NOON)
        return self.noted()

    def noted(self):
        found = [(entry.who, entry.action, entry.target, entry.detail) for entry in audit.listed(self.store.connection)]
        self.store.connection.execute("DELETE FROM audit")
        return found

    def told(self, **detail):
        return [("casbd", "reload", str(self.configuration), detail)]

    def write(self, name, text):
        (self.directory / name).write_text(text)


def test_the_start(daemon):
    daemon.trail.started(NOON)
    assert daemon.noted() == [("casbd", "start", str(daemon.configuration), {"version": __version__, "policies": 2})]


def test_a_reload_without_a_change(daemon):
    assert daemon.reload() == []


def test_policies_added_changed_and_removed(daemon):
    daemon.write("rules/three.yaml", RULE.format("three"))
    daemon.write("rules/one.yaml", RULE.format("one") + "enabled: false\n")
    (daemon.directory / "rules" / "two.yaml").unlink()
    assert daemon.reload() == daemon.told(policies_added=["three"], policies_changed=["one"], policies_removed=["two"])
    assert daemon.reload() == []


@pytest.mark.parametrize("line", ["severity: high", "mode: simulate", "alert: {daily_limit: 1}", "enabled: false"])
def test_a_change_of_anything_in_a_rule(daemon, line):
    daemon.write("rules/one.yaml", RULE.format("one") + line + "\n")
    assert daemon.reload() == daemon.told(policies_changed=["one"])


def test_a_comment_in_a_rule_is_no_change(daemon):
    daemon.write("rules/one.yaml", "# about it\n---\n" + RULE.format("one"))
    assert daemon.reload() == []


def test_an_exception_changes_the_policies_it_is_about(daemon):
    text = "exceptions:\n  - {policy: one, filters: {user: {eq: a}}, reason: known, expires: 2099-01-01}\n"
    daemon.write("rules/exceptions.yaml", text)
    assert daemon.reload() == daemon.told(policies_changed=["one"])
    daemon.write("rules/exceptions.yaml", "# moved down\n" + text)
    assert daemon.reload() == []


def test_sections_of_the_configuration_by_name_alone(daemon, monkeypatch):
    monkeypatch.setenv("HOOK", SECRET)
    daemon.write(
        "casbd.yaml",
        CONFIGURATION + f'connectors: [{{name: hook, type: webhook, url: "https://{SECRET}.example", secret: {{env: HOOK}}}}]\n',
    )
    assert daemon.reload() == daemon.told(sections=["connectors"])
    text = CONFIGURATION.replace("out.cef", f"{SECRET}.cef").replace("{user_groups", "{domains: [contoso.com], user_groups")
    daemon.write("casbd.yaml", text + "governance: {mode: enforce}\n")
    assert daemon.reload() == daemon.told(sections=["connectors", "governance", "organization", "outputs"])


def test_a_list_file_by_name_and_once(daemon):
    daemon.write("ranges.yaml", "ranges: [{name: a, subnets: [10.0.0.0/8]}]\n")
    assert daemon.reload() == daemon.told(files=[str(daemon.directory / "ranges.yaml")])
    assert daemon.reload() == []


def test_a_list_file_that_is_not_configured_any_more(daemon):
    daemon.write("casbd.yaml", CONFIGURATION.replace("organization: {user_groups: groups.yaml}\n", ""))
    assert daemon.reload() == daemon.told(sections=["organization"], files=[str(daemon.directory / "groups.yaml")])


def test_a_policy_that_is_switched_off(daemon):
    daemon.write("rules/one.yaml", RULE.format("one") + "enabled: false\n")
    assert daemon.reload() == daemon.told(policies_changed=["one"])


def test_a_refused_reload(daemon):
    daemon.trail.reloaded(Engine(daemon.configuration), Reloaded(at=NOON, ok=False, mistakes=(SECRET, SECRET)), NOON)
    assert daemon.noted() == [("casbd", "reload refused", str(daemon.configuration), {"mistakes": 2})]


def test_a_reload_that_is_refused_for_the_same_again_is_noted_once(daemon):
    def refuse(*mistakes):
        daemon.trail.reloaded(Engine(daemon.configuration), Reloaded(at=NOON, ok=False, mistakes=mistakes), NOON)
        return [(action, detail) for _, action, _, detail in daemon.noted()]

    assert refuse("a") == [("reload refused", {"mistakes": 1})]
    assert refuse("a") == refuse("a") == []
    assert refuse("a", "b") == [("reload refused", {"mistakes": 2})]
    assert refuse("b", "c") == [("reload refused", {"mistakes": 2})]
    assert daemon.reload() == []
    assert refuse("b", "c") == [("reload refused", {"mistakes": 2})]


def test_what_could_not_be_stored_is_in_the_next_entry(daemon):
    daemon.write("rules/three.yaml", RULE.format("three"))
    daemon.store.connection.execute("PRAGMA query_only = on")
    with pytest.raises(Exception, match="readonly"):
        daemon.reload()
    daemon.store.connection.execute("PRAGMA query_only = off")
    assert daemon.reload() == daemon.told(policies_added=["three"])


def test_a_touched_file_is_read_again_and_told(daemon):
    os.utime(daemon.directory / "ranges.yaml", ns=(1, 1))
    assert daemon.reload() == daemon.told(files=[str(daemon.directory / "ranges.yaml")])
