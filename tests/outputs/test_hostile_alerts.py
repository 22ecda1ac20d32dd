"""A thousand alerts with hostile values in every field, through real receivers: each is one event, and every field comes back."""

import json
import re

import pytest
import strict_cef
import strict_leef

from casbd.plugins import registry
from casbd.wire import leef
from tests.outputs.conftest import Rsyslog, free_port
from tests.outputs.syslog_ng import SyslogNg, lines_of
from tests.wire.items import hostile_alerts

Syslog = registry.load("outputs", "syslog")
NUMBER = 1000
ALERTS = hostile_alerts(NUMBER)
PRESETS = ["sentinel", "splunk_sc4s", "arcsight", "mcas", "generic", "qradar"]
SUBSTITUTED = str.maketrans("|\\=", "//-")
AT_ONCE = 200
"""So many that rsyslog never waits for us to read what it writes."""


@pytest.fixture
def syslog_ng(tmp_path):
    server = SyslogNg(tmp_path, free_port())
    yield server
    server.stop()


def sender(port: int, **options):
    return Syslog(Syslog.Options.model_validate({"host": "127.0.0.1", "port": port, "hostname": "casbd.example"} | options))


def messages_of(output) -> list[str]:
    return [bare(output._message(alert).decode()) for alert in ALERTS]


def bare(line: str) -> str:
    """Without its header."""
    return re.sub(r"^.*?(?=CEF:0|LEEF:2)", "", line, count=1)


def check(messages: list[str], preset: str) -> None:
    """That each is one event with all that the alert says."""
    for alert, message in zip(ALERTS, messages, strict=True):
        if preset == "qradar":
            found = strict_leef.parse(message)[1]
            assert found == strict_leef.parse(leef.alert(alert, limit=len(message.encode()) + 1))[1]
            user = strict_cef.clean(alert.user.translate(str.maketrans("^|\r\n", "~/  ")))
            assert (found["externalId"], found.get("usrName", "")) == (alert.alert_id, user)
            continue
        header, found = strict_cef.parse(message, escaped=preset == "arcsight")
        name = alert.policy_name if preset == "arcsight" else alert.policy_name.translate(SUBSTITUTED)
        assert header[5] == (" ".join(strict_cef.clean(name).split()) or "unnamed")
        wanted = {"suser": alert.user, "destinationServiceName": alert.app, "cs4": alert.policy_id}
        if preset != "mcas":
            wanted |= {"reason": alert.comment, "flexString1": alert.country, "flexString2": alert.closed_by, "cat": alert.category}
        assert found["externalId"] == alert.alert_id
        assert {key: found.get(key, "") for key in wanted} == {key: strict_cef.clean(value) for key, value in wanted.items()}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("framing", ["lf", "octet-counting"])
def test_rsyslog_and_the_agent_behind_it(rsyslog, preset, framing):
    output, raw, agent = sender(rsyslog.port, preset=preset, framing=framing), [], []
    for start in range(0, NUMBER, AT_ONCE):
        output.send(ALERTS[start : start + AT_ONCE])
        raw += map(bare, rsyslog.raw.lines(AT_ONCE))
        agent += rsyslog.agent.lines(AT_ONCE)
    output.close()
    assert raw == (wanted := messages_of(output))
    check(raw, preset)
    if preset != "qradar":  # `CEF:` is the tag that makes it CEF to the agent
        assert [re.sub(r"^<\d+>Jan 31 12:00:\d\d casbd\.example CEF: ", "CEF:", line) for line in agent] == wanted


@pytest.mark.parametrize("preset", PRESETS)
def test_syslog_ng_and_the_agent_behind_it(syslog_ng, preset):
    output = sender(syslog_ng.port, preset=preset)
    output.send(ALERTS)
    output.conclude()
    raw = [bare(line) for line in syslog_ng.lines("raw", NUMBER)]
    assert raw == (wanted := messages_of(output))
    check(raw, preset)
    agent = [re.sub(r"^<\d+>Jan 31 12:00:\d\d casbd\.example (CEF|LEEF): ?", r"\1:", line) for line in syslog_ng.lines("agent", NUMBER)]
    assert agent == wanted


@pytest.fixture
def liblognorm(_rsyslogd, tmp_path):
    """rsyslog with its CEF parser, whose results are JSON in a file."""
    port, found = free_port(), tmp_path / "found"
    server = Rsyslog(
        tmp_path,
        f"""module(load="imtcp") input(type="imtcp" address="127.0.0.1" port="{port}")
            module(load="mmnormalize")
            action(type="mmnormalize" useRawMsg="on" rule=["rule=:%-:word% %-:word% %cef:cef%"])
            template(name="found" type="string" string="%$!all-json%\\n")
            action(type="omfile" file="{found}" template="found")""",
    )
    server.port, server.found = port, found
    server.wait_for(port)
    yield server
    server.stop()


@pytest.mark.parametrize("preset", ["sentinel", "arcsight", "mcas"])
def test_liblognorm_reads_every_field(liblognorm, preset):
    """It takes the first letter off the first key (2.0.6), whoever wrote it."""
    timestamp = {"timestamp": "rfc3339"}  # its rule takes the time for one word
    output = sender(liblognorm.port, preset=preset, **timestamp)
    for start in range(0, NUMBER, AT_ONCE):
        output.send(ALERTS[start : start + AT_ONCE])
        liblognorm.raw.lines(AT_ONCE)
        liblognorm.agent.lines(AT_ONCE)
    output.close()
    for line, message in zip(lines_of(liblognorm.found, NUMBER), messages_of(output), strict=True):
        header, wanted = strict_cef.parse(message, escaped=preset == "arcsight")
        found = json.loads(line)["cef"]
        assert found["Name"] == header[5]
        assert found["Extensions"] == {key.replace("externalId", "xternalId"): value for key, value in wanted.items()}


@pytest.mark.parametrize("preset", ["sentinel", "splunk_sc4s", "mcas", "generic"])
def test_the_headers_time_is_read_to_the_millisecond(syslog_ng, preset):
    output = sender(syslog_ng.port, preset=preset)
    output.send(ALERTS[:100])
    output.conclude()
    assert [round(float(time) * 1000) for time in syslog_ng.lines("time", 100)] == [alert.created for alert in ALERTS[:100]]
