"""The parts of the daemon, each on its own; whole processes are in tests/e2e."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import HOUR, NOON, chunk, events, record, settings
from msgspec.structs import replace
from prometheus_client.exposition import generate_latest

from casbd.daemon import metrics
from casbd.daemon.due_jobs import DueJobs
from casbd.daemon.engine import Engine, detect
from casbd.daemon.jobs import warn_of_what_is_new
from casbd.daemon.notify import Notifier
from casbd.daemon.service import start
from casbd.daemon.watched import WatchedFiles
from casbd.errors import Mistakes
from casbd.model.service_status import ServiceStatus
from casbd.store.state import governance_stop, service_status

UNUSABLE = "title: T\nlogsource: {product: aws}\ndetection: {s: {eventName: x}, condition: s}\nlevel: severe\n"
RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}}\n"


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "rules" / "more").mkdir(parents=True)
    (tmp_path / "rules" / "failed.yaml").write_text(RULE)
    (tmp_path / "rules" / "more" / "other.yml").write_text(RULE)
    (tmp_path / "groups.yaml").write_text("groups: {Finance: [a@contoso.com]}\n")
    path = tmp_path / "casbd.yaml"
    path.write_text(
        "rules: [rules]\norganization: {domains: [contoso.com], user_groups: groups.yaml}\n"
        "inputs: [{name: m365, path: in/*}]\noutputs: [{name: siem, type: file, path: out.cef}]\n"
    )
    return path


class TestEngine:
    def test_scans_as_configured(self, configuration):
        engine = Engine(configuration)

        batch = engine.scanner(b"salt").scan(chunk([record(), record(UserId="x@evil.example")]))

        first, second = batch.activities
        assert (first.user_groups, first.is_external_user) == (("Finance",), False)
        assert (second.user_groups, second.is_external_user) == ((), True)
        assert first.matched_policies == ("failed", "other")

    def test_udp_is_warned_of(self, configuration):
        outputs = "outputs: [" + ", ".join(f"{{name: {t}, type: syslog, host: h, transport: {t}}}" for t in ("udp", "tcp", "relp")) + "]"
        configuration.write_text(configuration.read_text().partition("outputs:")[0] + outputs)

        told = [str(warning) for warning in Engine(configuration).doubts if "UDP" in warning.message]
        assert told == [f"{configuration}:4:11: output udp: nobody acknowledges UDP, so what is dropped on the way is lost unseen"]

    def test_it_is_told_whose_secret_is_not_there(self, configuration, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET", raising=False)
        secret = "{env: CASBD_TEST_SECRET}"
        outputs = f"outputs: [{{name: soar, type: webhook, url: 'https://soar', secret: {secret}}}]\n"
        connectors = f"connectors: [{{name: slack, type: slack, token: {secret}}}]\n"
        configuration.write_text(configuration.read_text().partition("outputs:")[0] + outputs + connectors)
        with pytest.raises(Mistakes) as caught:
            Engine(configuration)
        assert [str(one) for one in caught.value.mistakes] == [
            "$CASBD_TEST_SECRET:0:0: connector slack: the secret is empty or not set",
            "$CASBD_TEST_SECRET:0:0: output soar: the secret is empty or not set",
        ]

    def test_mistakes_of_rules_and_lists_are_told_together(self, configuration):
        (configuration.parent / "rules" / "bad.yaml").write_text("name: x\nfilters: {usr: {eq: a}}\n")
        (configuration.parent / "groups.yaml").write_text("grups: {}\n")

        with pytest.raises(Mistakes) as caught:
            Engine(configuration)

        assert {Path(mistake.file).name for mistake in caught.value.mistakes} == {"bad.yaml", "groups.yaml"}

    def test_a_sigma_file_that_cannot_be_used_is_left_out_and_known(self, configuration):
        (configuration.parent / "rules" / "bad.yml").write_text(UNUSABLE)
        engine = Engine(configuration)
        assert [policy.id for policy in engine.policies] == ["failed", "other"]
        assert [Path(mistake.file).name for mistake in engine.unusable] == ["bad.yml"]
        assert configuration.parent / "rules" / "bad.yml" in engine.files()

    def test_a_key_of_a_sigma_file_that_is_nearly_another_is_a_warning(self, configuration):
        (configuration.parent / "rules" / "good.yml").write_text(UNUSABLE.replace("severe", "high") + "enable: true\n")
        (warning,) = [warning for warning in Engine(configuration).doubts if "good.yml" in warning.file]
        assert "did you mean `enabled`" in str(warning)

    def test_mistakes_of_the_configuration_and_of_the_files_it_names_are_told_together(self, configuration):
        configuration.write_text("workrs: 2\nenrichment: {city: none.mmdb}\n" + configuration.read_text())
        (configuration.parent / "rules" / "bad.yaml").write_text("name: x\nfilters: {usr: {eq: a}}\n")

        with pytest.raises(Mistakes) as caught:
            Engine(configuration)

        assert {Path(mistake.file).name for mistake in caught.value.mistakes} == {"casbd.yaml", "bad.yaml", "none.mmdb"}

    def test_watches_every_file_it_was_made_of(self, configuration):
        names = {path.name for path in Engine(configuration).files()}
        assert names >= {"casbd.yaml", "rules", "more", "failed.yaml", "other.yml", "groups.yaml"}

    def test_a_format_is_made_once_for_an_input(self, configuration):
        engine = Engine(configuration)
        assert engine.format_of("m365", "m365") is engine.format_of("m365", "m365")

    @pytest.mark.parametrize("name", ["failed.yaml", "new.yaml", "more/other.yml", "more/new.yaml", "../groups.yaml", "../casbd.yaml"])
    @pytest.mark.parametrize("how", ["write", "replace", "remove"])
    def test_a_change_of_any_of_them_is_seen(self, configuration, name, how):
        path = configuration.parent / "rules" / name
        if how == "remove" and "new" in name:
            pytest.skip("nothing to remove")
        for existing in configuration.parent.rglob("*"):
            os.utime(existing, ns=(1, 1))
        watched = WatchedFiles(Engine(configuration).files(), 2**50)
        assert not watched.changed()

        if how == "remove":
            path.unlink()
        elif how == "replace":
            (configuration.parent / "elsewhere").write_text("another: text\n")
            (configuration.parent / "elsewhere").rename(path)
        else:
            path.write_text("changed: true\n")

        assert watched.changed()
        watched.use(Engine.files(_Made(watched)), 2**50)
        assert not watched.changed()


class _Made:
    """An engine made of the files that a `WatchedFiles` knows."""

    def __init__(self, watched):
        self.settings = replace(settings(), path=next(iter(watched._seen)), rules=())
        self.enrichers = []


def test_what_is_doubtful_in_the_files_is_told_when_there_is_time(tmp_path, caplog):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "logon.yaml").write_text("name: x\nfilters: {activity_type: {eq: Logon}}\n")
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\n")
    with ExitStack() as undo:
        running = start(tmp_path / "casbd.yaml", undo, once=True, clock=lambda: NOON)
        warn_of_what_is_new.run(running)
        running.warnings.second_thoughts.wait()
        for _ in range(2):
            warn_of_what_is_new.run(running)
    [told] = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"{tmp_path}/rules/logon.yaml:2:31: `activity_type` can be no `Logon`")
    assert running.warnings.texts == [told]


class TestDetect:
    def test_microsoft_365(self):
        assert detect([record(), record()]) == "m365"

    @pytest.mark.parametrize("sample", [[], [b"nonsense"], [b'{"a": 1}'], [b"\xff"]])
    def test_nothing_it_knows(self, sample):
        assert detect(sample) is None


class TestNotifier:
    @pytest.fixture(params=["path", "abstract"])
    def received(self, request, tmp_path):
        address = str(tmp_path / "notify") if request.param == "path" else f"@casbd-test-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind("\0" + address[1:] if address.startswith("@") else address)
            listening.setblocking(False)

            def received():
                found = []
                while True:
                    try:
                        found.append(listening.recv(4096).decode())
                    except BlockingIOError:
                        return found

            yield address, received

    def test_tells_systemd(self, received):
        address, messages = received
        Notifier({"NOTIFY_SOCKET": address}).send("READY=1", "STATUS=two policies")
        assert messages() == ["READY=1\nSTATUS=two policies"]

    def test_feeds_the_watchdog_at_half_its_interval(self, received):
        address, messages = received
        hungry = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})
        for _ in range(3):
            hungry.alive()
        assert messages() == ["WATCHDOG=1"] * 3
        patient = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(10**15)})
        patient._last = float("inf")
        patient.alive()
        Notifier({"NOTIFY_SOCKET": address}).alive()
        assert messages() == []

    @pytest.mark.parametrize("given", ["soon", "-1", "1e6", "\u0661", " 5", "9" * 5000])
    def test_a_time_that_is_none_is_told_and_no_watchdog_is_fed(self, received, caplog, given):
        address, messages = received
        Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": given}).alive()
        assert messages() == []
        assert caplog.messages == ["WATCHDOG_USEC is no number of microseconds: no watchdog is fed"]

    @pytest.mark.parametrize(("given", "fed"), [({"WATCHDOG_PID": "1"}, 0), ({"WATCHDOG_PID": str(os.getpid())}, 1), ({}, 1)])
    def test_another_process_s_watchdog_is_not_fed(self, received, given, fed):
        address, messages = received
        Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"} | given).alive()
        assert len(messages()) == fed

    def test_without_systemd_it_says_nothing(self, tmp_path):
        Notifier({}).send("READY=1")
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).send("READY=1")


def test_metrics_tell_that_governance_is_stopped(make_core):
    rules = {"failed": {"governance": [{"action": "suspend_user", "connector": "entra"}]}}
    core = make_core("state", rules=rules, settings=settings({}, mode="enforce"))

    def told():
        text = generate_latest(metrics.StoreCollector(core.store.directory)).decode()
        return [line for line in text.splitlines() if line.startswith("casbd_governance")]

    assert {line.rpartition(" ")[2] for line in told()} == {"0.0"}
    core.feed(chunk([record()]))
    with core.store.transaction() as connection:
        governance_stop.stop(connection, governance_stop.Stopped(NOON, "eva"))
    assert {"casbd_governance_stopped 1.0", 'casbd_governance_commands{status="queued"} 1.0'} <= {*told()}


def test_the_status_of_the_daemon_is_kept(make_core):
    core = make_core()
    assert service_status.load(core.store) == ServiceStatus()
    service_status.save(core.store, ServiceStatus(pid=1, started=NOON))
    service_status.save(core.store, ServiceStatus(pid=2, started=NOON + HOUR))
    assert service_status.load(core.store) == ServiceStatus(pid=2, started=NOON + HOUR)


@pytest.mark.parametrize(
    ("error", "event", "more"),
    [
        (OSError("no space left"), "a job failed; it is tried again at its next time", {"error": "no space left"}),
        (TypeError("a bug"), "a job broke: please report it", {}),
    ],
)
def test_a_job_that_fails_does_not_end_the_daemon(caplog, error, event, more):
    def job():
        raise error

    woken = []
    due = DueJobs(lambda: woken.append(True))
    due.soon("job", job)
    due.run()
    assert woken == [True]
    assert events(caplog, "casbd.daemon") == [("ERROR", event, {"job": "job"} | more)]
