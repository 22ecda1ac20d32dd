"""The daemon's part beside the commands: it holds the store all the time."""

import pytest
from builders import Core, record, settings
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.state import audit

RULES = {"failed": {"governance": [{"action": "suspend_user", "connector": "entra"}]}}
CONNECTORS = "connectors: [{name: entra, type: command, command: [/bin/true]}]\n"


@pytest.fixture
def governed(tmp_path):
    """Begins a core with such care, which the configuration has too, and two alerts about a@ and b@contoso.com."""
    cores = []

    def governed(mode="enforce", **care):
        options = "".join(f", {name}: {value}" for name, value in care.items())
        (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\n{CONNECTORS}governance: {{mode: {mode}{options}}}\n")
        core = Core(tmp_path / "core", rules=RULES, settings=settings({}, mode=mode, **care))
        cores.append(core)
        core.feed_records(record(UserId="a@contoso.com"), record(UserId="b@contoso.com"))
        return core

    yield governed
    for core in cores:
        core.close()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `casbd governance`; its output, standard error behind standard output."""
    monkeypatch.setenv("SUDO_USER", "ciso")  # whoever says so of himself is not believed

    def run(*words, code=0, group="governance", **more):
        result = CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), group, *words], **more)
        assert result.exit_code == code, result.output
        return result.stdout + result.stderr

    return run


def trail(core):
    return [(entry.who, entry.action, entry.target) for entry in audit.listed(core.store.connection) if entry.who != audit.DAEMON]
