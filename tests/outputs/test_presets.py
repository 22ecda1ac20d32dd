"""Presets: golden cases of what each receiver gets, and what goes before a preset."""

import os
import re
import socket
from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from casbd import __version__
from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.outputs._presets import PRESETS, PresetName
from casbd.plugins import registry

Syslog, File = registry.load("outputs", "syslog"), registry.load("outputs", "file")
GOLDEN = Path(__file__).parent / "presets"
WHEN = 1_769_860_800_123
ITEMS = {
    "alert": Alert(
        alert_id="0" * 31 + "1",
        policy_id="many-failures",
        policy_name="Failures | with a=b\\c",
        policy_type="repeated_activity",
        severity="high",
        category="threat_detection",
        title="Many failures",
        description="Ten failed log ons.\nOf anna^berg",
        evidence="14 failed log ons",
        user="anna@contoso.com",
        app="Microsoft 365",
        app_instance="contoso",
        ip_address="203.0.113.7",
        country="NO",
        first_activity=WHEN - 3_600_000,
        last_activity=WHEN - 1_800_000,
        activity_count=14,
        activity_ids=("one", "two"),
        created=WHEN,
        tags=("attack.t1110",),
        risk_score=70,
    ),
    "activity": Activity(
        activity_id="one",
        timestamp=WHEN,
        activity_type="Log on",
        action_type="UserLoggedIn",
        app="Our own app",
        user="anna@contoso.com",
        user_type="Admin",
        ip_address="2001:db8::7",
        ip_port=443,
        country="NO",
        user_agent="curl/8",
        objects=(ActivityObject("7", "bert@contoso.com", "User"),),
        object_id="7",
        object_name="bert@contoso.com",
        object_type="User",
        result="success",
        matched_policies=("p1", "p2"),
        source="json",
    ),
    "governance": GovernanceCommand(
        command_id="5e0c",
        action="suspend_user",
        connector="entra",
        target="anna@contoso.com",
        status="succeeded",
        reason="Many failures",
        policy_id="many-failures",
        alert_id="a1",
        created=WHEN - 2000,
        finished=WHEN,
        who="eva",
        answer="204",
    ),
}


def sent(item, **options) -> bytes:
    """What a receiver over TCP reads of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        values = {"host": "127.0.0.1", "port": listening.getsockname()[1], **options}
        output = Syslog(Syslog.Options.model_validate(values))
        output.send([item])
        connection, _ = listening.accept()
        with connection:
            data = connection.recv(1 << 20, socket.MSG_DONTWAIT)  # `send` returns when our kernel has all of it
        output.close()
        return data


@pytest.mark.parametrize("preset", get_args(PresetName))
@pytest.mark.parametrize("name", ITEMS)
def test_what_the_receiver_reads(preset, name):
    text = sent(ITEMS[name], preset=preset, hostname="casbd.example").decode().replace(f"|{__version__}|", "|VERSION|")
    golden = GOLDEN / preset / name
    if os.environ.get("CASBD_GOLDEN"):  # then look at what git shows
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("preset", get_args(PresetName))
@pytest.mark.parametrize("name", ITEMS)
def test_a_file_has_the_same_without_header(tmp_path, preset, name):
    File(File.Options(path=tmp_path / "x", preset=preset)).send([ITEMS[name]])
    line = (tmp_path / "x").read_text().replace(f"|{__version__}|", "|VERSION|")
    assert line == re.sub(r"^.*?(CEF:0|LEEF:2)", r"\1", (GOLDEN / preset / name).read_text())


def test_without_a_preset_it_is_the_generic_one():
    item = ITEMS["alert"]
    assert sent(item, hostname="h") == sent(item, hostname="h", preset="generic")
    assert PRESETS["generic"].framing is None
    tls = {"host": "h", "transport": "tls", "verify": False}
    framings = [Syslog(Syslog.Options(**tls, **more))._framing for more in ({}, {"preset": "splunk_sc4s"})]
    assert framings == ["octet-counting", "lf"]


@pytest.mark.parametrize(
    ("preset", "option", "value", "expected"),
    [
        ("qradar", "format", "cef", rb"casbd CEF:0\|casbd"),
        ("sentinel", "format", "leef", rb"casbd LEEF:2\.0\|casbd"),
        ("mcas", "profile", "casbd", rb"casbd CEF:0\|casbd\|casbd"),
        ("sentinel", "profile", "mcas", rb"casbd CEF:0\|MCAS\|SIEM_Agent"),
        ("arcsight", "names", "substitute", rb"Failures / with a-b/c\|8"),
        ("sentinel", "names", "escape", rb"Failures \\\| with a=b\\\\c\|8"),
        ("mcas", "rfc", "bare", rb"^2026-01-31T12:00:00\.123Z CEF:0\|MCAS"),
        ("sentinel", "rfc", 5424, rb"^<163>1 2026-01-31T12:00:00\.123Z casbd casbd - alert - CEF"),
        ("sentinel", "rfc", "bare", rb"^2026-01-31T12:00:00\.123Z CEF"),
        ("arcsight", "timestamp", "rfc3339", rb"^<163>2026-01-31T12:00:00\.123Z casbd"),
        ("splunk_sc4s", "timestamp", "classic", rb"^<163>Jan 31 12:00:00 casbd"),
        ("qradar", "framing", "octet-counting", rb"^\d+ <163>"),
        ("qradar", "facility", "user", rb"^<11>"),
        ("sentinel", "portal", "https://x.example", rb"cs1=https://x.example/alerts/"),
        ("qradar", "portal", "https://x.example", rb"\^url=https://x.example/alerts/"),
    ],
)
def test_an_option_beside_it_goes_before_it(preset, option, value, expected):
    named = {} if value == "bare" else {"hostname": "casbd"}
    assert re.search(expected, sent(ITEMS["alert"], **{"preset": preset, option: value} | named))


LONG = Alert(
    **{name: getattr(ITEMS["alert"], name) for name in ("alert_id", "policy_id", "policy_name", "policy_type", "severity", "created")},
    description="d" * 900,
    activity_ids=tuple(f"{n:036}" for n in range(1000)),
    tags=tuple(f"tag{n}" for n in range(1000)),
    comment="c" * 1000,
    user="u" * 1000,
    app="a" * 1000,
    evidence="e" * 1000,
)


@pytest.mark.parametrize("preset", get_args(PresetName))
@pytest.mark.parametrize(("limit", "most"), [({}, None), ({"max_message_bytes": 1500}, 1500)])
def test_a_message_is_no_longer_than_the_receiver_takes(preset, limit, most):
    most = most or PRESETS[preset].max_message_bytes
    size = len(sent(LONG, preset=preset, **limit).rstrip(b"\n"))
    whole = len(sent(LONG, preset=preset, max_message_bytes=1_000_000).rstrip(b"\n"))
    assert size == whole if whole <= most else most - 100 < size <= most


@pytest.mark.parametrize(
    ("preset", "limit", "most"), [("qradar", {}, 1024), ("generic", {}, 2048), ("qradar", {"max_message_bytes": 3000}, 3000)]
)
def test_a_datagram_is_no_longer_than_the_receiver_takes(preset, limit, most):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]
        output = Syslog(Syslog.Options(host="127.0.0.1", port=port, transport="udp", preset=preset, **limit))
        output.send([LONG])
        output.close()
        assert most - 100 < len(receiver.recv(65536)) <= most


HOST = {"host": "h"}


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        (Syslog, {"preset": "qradar", "profile": "mcas"}, r"profile are for format: cef, and this is leef by preset: qradar"),
        (Syslog, {"format": "leef", "names": "escape"}, r"names are for format: cef, and this is leef "),
        (File, {"format": "json", "profile": "mcas", "names": "escape"}, "names and profile are for format: cef, and this is json"),
        (Syslog, {"preset": "mcas", "rfc": "bare", "timestamp": "classic"}, "timestamp is for rfc: 3164, and this is bare"),
        (Syslog, {"rfc": 5424, "timestamp": "classic"}, "timestamp is for rfc: 3164, and this is 5424"),
        (
            Syslog,
            {"preset": "mcas", "rfc": "bare", "hostname": "h", "facility": "user"},
            "facility and hostname have no place .* rfc: bare",
        ),
        (Syslog, {"preset": "splunk"}, "splunk_sc4s"),
        (Syslog, {"format": "json"}, "'cef' or 'leef'"),
    ],
)
def test_what_contradicts_a_preset_is_a_mistake(kind, options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        kind.Options.model_validate((HOST if kind is Syslog else {"path": "x"}) | options)


@pytest.mark.parametrize(
    ("kind", "options", "meaning"),
    [
        (
            Syslog,
            {"preset": "qradar", "max_message_bytes": 3000},
            "preset qradar: format leef, rfc 3164, timestamp classic, framing lf, max_message_bytes 3000",
        ),
        (File, {"preset": "mcas"}, "preset mcas: format cef, profile mcas, names substitute"),
        (Syslog, {}, ""),
    ],
)
def test_it_says_what_it_comes_to(kind, options, meaning):
    assert kind.Options.model_validate((HOST if kind is Syslog else {"path": "x"}) | options).meaning() == meaning
