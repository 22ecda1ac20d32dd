"""What the documentation says is there and works, and what there is is documented."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from casbd import cli
from casbd.config import reading, settings
from casbd.documents.secrets import Secret
from casbd.enrichers._range_file import Range
from casbd.filters.operators import OPERATORS
from casbd.model.activity import FIELDS
from casbd.plugins import registry
from casbd.policies.rule_file import RuleFile

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
RULES = (ROOT / "rules" / "README.md").read_text()
CONFIGURATION = (ROOT / "conf" / "casbd.yaml").read_text()
FORMATS = registry.load_all("formats")


def models(model):
    """A model and all that it is made of."""
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models(part)


def configuration_models():
    yield from models(reading._Top)
    yield from (settings.InputOptions, settings.OutputOptions, settings.ConnectorOptions, Range, Secret)
    for kind in ("formats", "enrichers", "outputs", "connectors"):
        yield from (plugin.Options for plugin in registry.load_all(kind).values())


def commands(group, path=()):
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))
            else:
                yield " ".join((*path, name))


class TestWhatThereIsIsDocumented:
    @pytest.mark.parametrize("command", list(commands(cli.casbd)))
    def test_command(self, command):
        assert f"`casbd {command}" in README

    @pytest.mark.parametrize(
        "key", sorted({field.alias or key for model in configuration_models() for key, field in model.model_fields.items()})
    )
    def test_key_of_the_configuration(self, key):
        assert re.search(rf"(?<![\w.]){key}: ", CONFIGURATION) or f"\n{key}:\n" in CONFIGURATION

    @pytest.mark.parametrize("kind", ["outputs", "connectors"])
    def test_type_of_plugin(self, kind):
        for name in registry.names(kind):
            assert f"type: {name}" in CONFIGURATION

    @pytest.mark.parametrize("key", sorted({key for model in models(RuleFile) for key in model.model_fields}))
    def test_key_of_a_rule_file(self, key):
        assert re.search(rf"(?<![\w.]){key}:", RULES)

    @pytest.mark.parametrize("operator", OPERATORS)
    def test_operator(self, operator):
        assert f"`{operator}`" in RULES

    def test_fields_in_the_order_of_the_table(self):
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", RULES, re.MULTILINE)
        assert rows == [(field.name, field.kind) for field in FIELDS.values()]

    def test_what_is_made_of_the_code_is_as_the_code_is(self):
        done = subprocess.run([sys.executable, ROOT / "docs" / "renew.py", "--check"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"stale: run docs/renew.py\n{done.stdout}{done.stderr}"

    @pytest.mark.parametrize(
        ("old", "new", "expected"),
        [
            ("<!-- <<< commands -->", "", "while commands is open"),
            (">>> commands", ">>> comands", "no part is called comands"),
            ("<!-- >>> commands, made by docs/renew.py -->", "", "<<< commands where none is open"),
            ("<<< commands", "<<< formats", "<<< formats while commands is open"),
        ],
    )
    def test_a_damaged_mark_is_found(self, tmp_path, old, new, expected):
        """Else its part would be stale for ever, or take what stands behind it with it."""
        for name in ("README.md", "rules/README.md", "conf/casbd.yaml", "docs/connectors.md", "docs/siem.md", "docs/renew.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
        (tmp_path / "README.md").write_text(README.replace(old, new, 1))
        done = subprocess.run(
            [sys.executable, tmp_path / "docs" / "renew.py"],
            capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert expected in done.stderr
        assert (tmp_path / "README.md").read_text() == README.replace(old, new, 1)

    @pytest.mark.parametrize("code", [0, 1, 2, cli.EXIT_RETRY, cli.EXIT_CONFIGURATION])
    def test_exit_code(self, code):
        line = next(line for line in README.split("\n\n") if line.startswith("Exit codes"))
        assert re.search(rf"\b{code} ", line)


class TestWhatIsDocumentedWorks:
    def test_every_example_of_the_configuration(self, tmp_path):
        path = tmp_path / "casbd.yaml"
        path.write_text(re.sub(r"^( *)# ( *)(- (?:\{|[a-z_]+: )|[a-z_]+: )", r"\1\2\3", CONFIGURATION, flags=re.MULTILINE))

        found, mistakes = reading.read(path)

        assert [str(mistake) for mistake in mistakes] == []
        assert {entry.spec.format for entry in found.inputs} == {"auto", *(n for n, c in FORMATS.items() if c.Options.model_fields)}
        assert {output.type for output in found.outputs} == set(registry.names("outputs"))
        assert {connector.type for connector in found.connectors} == set(registry.names("connectors"))
        assert found.workers == 2

    def test_the_configuration_as_it_is_installed(self, tmp_path):
        shutil.copytree(ROOT / "rules", tmp_path / "rules")
        shutil.copy(ROOT / "conf" / "casbd.yaml", tmp_path)
        done = run(tmp_path, "-c casbd.yaml check")
        assert done.returncode == 0
        assert len(done.stderr.splitlines()) == 3  # that there are no IP ranges yet, nor an ASN file, and that nothing is wrong
        assert max(map(len, done.stderr.replace(str(tmp_path), "").splitlines())) < 350

    def test_links_lead_somewhere(self):
        more = (
            "README.md",
            "SECURITY.md",
            "ARCHITECTURE.md",
            "CONTRIBUTING.md",
            "rules/README.md",
            "systemd/README.md",
            "tests/fuzz/README.md",
        )
        for document in (*(ROOT / name for name in more), *(ROOT / "docs").glob("*.md")):
            for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
                assert target.startswith("https:") or (document.parent / target).exists(), target

    @pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"])
    def test_every_file_of_casbd_that_is_named_is_there(self, name):
        text = (ROOT / name).read_text()
        found = re.findall(r"`((?:casbd/|tests/)?[a-z_]+(?:/[a-z_]+)*\.py|tests/[a-z_/]+)`", text)
        for path in found:
            above = (ROOT, ROOT / "casbd", *(ROOT / "casbd").iterdir())  # a file alone is one of the room that was just named
            assert any((place / path).exists() for place in above), path
        assert found

    def test_the_table_of_rooms_has_every_room(self):
        table = (ROOT / "ARCHITECTURE.md").read_text().partition("## What lives where")[2].partition("\n## ")[0]
        rooms = {path.parent.name for path in (ROOT / "casbd").glob("*/__init__.py")}
        assert {
            name for line in table.splitlines() for name in re.findall(r"`([a-z_]+)/`", line.partition("|")[2].partition("|")[0])
        } == rooms

    def test_what_is_said_to_hold_a_promise_is_there(self):
        text = (ROOT / "SECURITY.md").read_text()
        folder = ROOT
        for path in re.findall(r"`((?:tests/[\w./]+|test_\w+\.py))`", text):
            where = ROOT / path if "/" in path else folder / path
            assert where.exists(), path
            folder = where.parent


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The repository's examples in a folder of their own, after the last command of the README's first block."""
    place = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "conf", place / "conf")
    shutil.copytree(ROOT / "rules", place / "rules")
    *_, command = re.search(r"```sh\n(.*?)```", README, re.DOTALL)[1].strip().splitlines()
    return place, run(place, command.removeprefix(".venv/bin/casbd"))


def run(place, arguments):
    command = [sys.executable, "-m", "casbd", *shlex.split(arguments)]
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "CASBD_CONFIG")}
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60, env=environment)


_MORE = '("dev.patel@contoso.com", "Admin Audit Log Settings", "ana.lima@contoso.com" and 4 more)'
_APPS = "2 apps (Microsoft Entra ID and Microsoft Exchange Online)"
_ADMINISTRATION = "administrative-activity-from-a-non-corporate-address"
SAID = {
    (
        "password-guessed",
        "14 failed log ons to Microsoft Entra ID from 185.220.101.34 (DE) and perhaps others from 02:10 to 02:12 UTC,"
        " then a successful one at 02:14; 14 in 1h, on no day before",
    ),
    (
        "multiple-failed-log-ons",
        "14 failed log ons to Microsoft Entra ID from 185.220.101.34 (DE) and perhaps others from 02:10 to 02:12 UTC;"
        " 14 in 1h, on no day before",
    ),
    ("activity-from-anonymous-ip", "at work from 185.220.101.34 (Tor); 63 times in 13 min from 185.220.101.34 (DE)"),
    (
        "suspicious-inbox-forwarding",
        'forwards mail of carla.rossi@contoso.com to invoices.contoso@mail.example; Create inbox rule ".." in Microsoft Exchange Online'
        " from 185.220.101.34 (DE); domain mail.example is new, as all of this is; nobody else in the organization"
        " had it on an earlier day",
    ),
    (
        "unusual-file-download",
        'Download file 60 times on 60 objects such as "contract-000.pdf" in Microsoft SharePoint Online from 185.220.101.34 (DE)'
        " and perhaps others from 02:22 to 02:24 UTC; 60 in 1h, on 12 days before never more than 2",
    ),
    (
        "activity-from-infrequent-country",
        "63 activities (Log on, Create inbox rule and Download file) on at least 10 objects"
        ' ("00000003-0000-0000-c000-000000000000", "..", "contract-000.pdf" and 7 more) in at least 3 apps'
        " (Microsoft Entra ID, Microsoft Exchange Online and Microsoft SharePoint Online) from 185.220.101.34 (DE) and perhaps others;"
        " country DE is new: on 23 days since 2026-10-01 only NL, never with this user agent; nobody else in the organization"
        " had it on an earlier day",
    ),
    ("external-sharing", "shared Payroll 2026.xlsx (AnonymousLinkCreated) with Guest"),
    ("ruling-role-member-added", "gave Global Administrator to dev.patel@contoso.com"),
    (
        _ADMINISTRATION,
        f"8 activities (Add member to role, Run command and Reset password) on 7 objects {_MORE} in {_APPS} in 1 h 3 min from 203.0.113.77",
    ),
    (_ADMINISTRATION, 'Add permission to mailbox "eva.novak" in Microsoft Exchange Online from 2001:db8:4::77'),
    ("audit-log-tampering", "switched logging off by Set-AdminAuditLogConfig (Admin Audit Log Settings)"),
    ("mailbox-permission-granted", "gave finn.berg@contoso.com FullAccess on the mailbox eva.novak"),
    (
        "password-reset-burst",
        'Reset password 6 times on 6 objects ("ana.lima@contoso.com", "ben.okafor@contoso.com", "carla.rossi@contoso.com" and 3 more)'
        " in Microsoft Entra ID in 3 min 20 s from 203.0.113.77",
    ),
}
"""What the alerts of the made-up attack say, all of them."""


class TestQuickStart:
    def test_ends_with_a_table_of_alerts_and_where_they_went(self, tour):
        place, ended = tour
        assert (ended.returncode, ended.stderr) == (0, "")
        for policy in ("Multiple failed log on", "Activity from an anonymous IP", "Audit log tampering"):
            assert policy in ended.stdout
        cef = place / "quickstart-state" / "alerts.cef"
        assert ended.stdout.splitlines()[-1].endswith(str(cef))
        assert cef.read_text().startswith("CEF:0|casbd|")

    def test_each_alert_of_the_attack_names_its_decisive_fact(self, tour):
        place, _ = tour
        listed = run(place, "-c conf/quickstart.yaml alerts list --json")
        alerts = [json.loads(line) for line in listed.stdout.splitlines()]
        assert {(alert["policy_id"], alert["evidence"]) for alert in alerts if alert["user"]} == SAID

    @pytest.mark.parametrize("command", re.findall(r"^    \$casbd (.+)$", README, re.MULTILINE))
    def test_what_to_ask_then_has_an_answer(self, tour, command):
        place, _ = tour
        answer = run(place, f"-c conf/quickstart.yaml {command}")
        assert (answer.returncode, answer.stderr) == (0, "")
        assert len(answer.stdout) > 200
