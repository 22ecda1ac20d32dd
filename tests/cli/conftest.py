"""A prepared store, and commands as a shell would run them."""

import json
import sys

import pytest
from builders import HOUR, MINUTE, NOON, Core, chunk, record, reject, settings
from click.testing import CliRunner

from casbd import cli
from casbd.model.service_status import ServiceStatus
from casbd.store.state import service_status

HOSTILE = "evil\x1b[31m\x07\x9b2J\u202e\u2028\r\n@contoso.com"
CONFIGURATION = """
state_dir: core/state
rules: [rules]
inputs:
  - {name: m365, path: in/*, format: m365}
  - {name: silent, path: other/*}
outputs:
  - {name: siem, type: file, path: alerts.cef}
  - {name: idle, type: stdout}
"""
RULES = {
    "failed": {"severity": "high", "category": "threat_detection", "governance": [{"action": "suspend_user", "connector": "entra"}]},
    "burst": {"severity": "low", "match": {"repeated": 3, "within": "5m"}},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A configuration, and a store with eight activities, alerts, commands and rejects."""
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text(CONFIGURATION)
    (directory / "rules").mkdir()
    core = Core(directory / "core", rules=RULES, settings=settings({"siem": ["alerts"]}))
    core.feed_records(
        *(record(at=n * MINUTE, Id=f"fail-{n}", UserId="b@contoso.com" if n == 3 else "a@contoso.com") for n in range(4)),
        record(at=HOUR, Id="on", Operation="UserLoggedIn", ClientIP="198.51.100.1"),
        record(at=2 * HOUR, Id="hostile", Operation="New-InboxRule", Workload="Exchange", UserId=HOSTILE, ObjectId=f"x\\{HOSTILE}"),
    )
    core.feed(chunk([b'{"user": "\x1b]0;pwned\x07\xc2\x9b2J"'], rejects=[reject(offset=9)], start=10_000))
    core.feed_records(record(at=-HOUR, Id="early", ResultStatus=None, ClientIP=None), record(Id="on"))
    service_status.save(core.store, ServiceStatus(pid=7, version="1", started=NOON, problems={"silent": "no such file"}))
    core.close()
    for name, rule in RULES.items():
        shown = {"name": name, "filters": {"activity_type": {"eq": "Failed log on"}}} | rule
        (directory / "rules" / f"{name}.yaml").write_text(json.dumps({key: value for key, value in shown.items() if key != "governance"}))
    return directory


@pytest.fixture
def run(place):
    """Runs a command as a shell would; its exit code, standard output and standard error."""

    def run(*arguments, config=place / "casbd.yaml", code=0, errors=False):
        runner = CliRunner()
        with runner.isolation() as streams:
            try:
                sys.argv = ["casbd", "-c", str(config), *arguments]
                cli.main()
                exit_code = 0
            except SystemExit as error:
                exit_code = error.code or 0
            sys.stdout.flush()
            out, err = streams[0].getvalue().decode(), streams[1].getvalue().decode()
        assert exit_code == code, (exit_code, out, err)
        return err + out if code or errors else out

    return run


AS_OF = ["--as-of", "2026-01-02T00:00:00Z"]


def lines(text):
    return [json.loads(line) for line in text.splitlines()]
