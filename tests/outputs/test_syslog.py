import pytest
import strict_cef
from pydantic import ValidationError

from casbd.errors import Mistakes, Retry
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import registry

Syslog = registry.load("outputs", "syslog")

HOSTILE = "a|b=c\\d\ne\r\n<13>f\tg\x00h\x1b[2J\u202eevil\u2028x \u00e6\u00f8\u00e5 \U0001f600 suser=root CEF:0|x|"


def alert(number: int = 1, **fields) -> Alert:
    return Alert(
        **{
            "alert_id": f"{number:032x}",
            "policy_id": "p",
            "policy_name": "Failed log ons",
            "policy_type": "activity",
            "severity": "high",
            "last_activity": 1_769_860_800_123,
        }
        | fields
    )


def output(**options):
    return Syslog(Syslog.Options.model_validate({"host": "127.0.0.1", "hostname": "casbd.example"} | options))


def cef_of(line: str) -> str:
    return line[line.index("CEF:") :]


TRANSPORTS = [
    {"transport": "udp"},
    {"transport": "tcp"},
    {"transport": "tcp", "framing": "octet-counting"},
    {"transport": "tcp", "rfc": 5424},
]


@pytest.mark.parametrize("options", TRANSPORTS, ids=lambda options: "-".join(map(str, options.values())))
def test_rsyslog_gets_hostile_content_intact_and_in_order(rsyslog, options):
    sender = output(port=rsyslog.port, **options)
    items = [alert(1, user=HOSTILE, policy_name=HOSTILE), Activity(activity_id="2", activity_type=HOSTILE, user=HOSTILE), alert(3)]
    sender.send(items)
    sender.close()
    lines = rsyslog.raw.lines(3)
    rsyslog.agent.lines(3)
    pairs = [strict_cef.parse(cef_of(line))[1] for line in lines]
    assert [p["externalId"] for p in pairs] == [f"{1:032x}", "2", f"{3:032x}"]
    assert pairs[0]["suser"] == pairs[1]["suser"] == strict_cef.clean(HOSTILE)


def test_the_agents_template_sees_the_tag_that_makes_it_cef(rsyslog):
    sender = output(port=rsyslog.port)
    sender.send([alert()])
    sender.close()
    assert rsyslog.raw.lines(1)[0].startswith("<163>2026-01-31T12:00:00.123Z casbd.example CEF:0|casbd|casbd|")
    assert rsyslog.agent.lines(1)[0].startswith("<163>Jan 31 12:00:00 casbd.example CEF: 0|casbd|casbd|")


def test_rfc_5424_is_what_it_should_be(rsyslog):
    sender = output(port=rsyslog.port, rfc=5424, facility="auth")
    sender.send([alert(severity="low")])
    sender.close()
    assert rsyslog.raw.lines(1)[0].startswith("<37>1 2026-01-31T12:00:00.123Z casbd.example casbd - alert - CEF:0|")
    assert rsyslog.agent.lines(1)[0].startswith("<37>Jan 31 12:00:00 casbd.example casbd")


@pytest.mark.parametrize("options", TRANSPORTS, ids=lambda options: "-".join(map(str, options.values())))
def test_a_long_message_is_cut_by_us_not_by_the_receiver(rsyslog, options):
    long = alert(title="\u00e6" * 5000, activity_ids=tuple(f"{n:036}" for n in range(1000)), tags=tuple(f"tag{n}" for n in range(1000)))
    sender = output(port=rsyslog.port, **options)
    sender.send([long, alert(2)])
    sender.close()
    lines = rsyslog.raw.lines(2)
    rsyslog.agent.lines(2)
    most = 2048 if options["transport"] == "udp" else 8000
    assert most - 300 < len(lines[0].encode()) <= most
    assert [strict_cef.parse(cef_of(line))[1]["externalId"] for line in lines] == [f"{1:032x}", f"{2:032x}"]


def test_many_messages_arrive_once_and_in_order(rsyslog):
    sender = output(port=rsyslog.port, framing="octet-counting")
    for start in range(0, 2000, 500):
        sender.send([alert(number) for number in range(start, start + 500)])
        lines = rsyslog.raw.lines(500)
        rsyslog.agent.lines(500)
        assert [int(line.split("externalId=")[1][:32], 16) for line in lines] == list(range(start, start + 500))
    sender.close()


def test_a_restarted_rsyslog_is_found_again(make_rsyslog):
    first = make_rsyslog()
    sender = output(port=first.port)
    sender.send([alert(1)])
    assert f"externalId={1:032x}" in first.raw.lines(1)[0]
    first.stop()
    with pytest.raises(Retry) as caught:
        sender.send([alert(2), alert(3)])
    assert caught.value.sent == 0
    second = make_rsyslog(first.port)
    sender.send([alert(2), alert(3)])
    sender.close()
    assert [line.split("externalId=")[1][:32] for line in second.raw.lines(2)] == [f"{n:032x}" for n in (2, 3)]


@pytest.fixture
def client(authority):
    certificate, key = authority.issue("client.example")
    return {"transport": "tls", "host": "localhost", "ca_file": authority.certificate, "cert_file": certificate, "key_file": key}


@pytest.mark.parametrize("framing", ["octet-counting", "lf"])
def test_tls_with_a_client_certificate(rsyslog_tls, client, framing):
    sender = output(**client, port=rsyslog_tls.port, framing=framing)
    sender.send([alert(1, user=HOSTILE), alert(2)])
    sender.send([alert(3)])
    sender.close()
    lines = rsyslog_tls.raw.lines(3)
    rsyslog_tls.agent.lines(3)
    assert [strict_cef.parse(cef_of(line))[1]["externalId"] for line in lines] == [f"{n:032x}" for n in (1, 2, 3)]


def test_tls_that_does_not_check_still_encrypts(rsyslog_tls, client):
    sender = output(**client | {"ca_file": None, "verify": False, "host": "127.0.0.1"}, port=rsyslog_tls.port)
    sender.send([alert(7)])
    sender.close()
    assert f"externalId={7:032x}" in rsyslog_tls.raw.lines(1)[0]
    rsyslog_tls.agent.lines(1)


@pytest.mark.parametrize(
    "wrong",
    ["another authority", "another host name", "the system's authorities", "no client certificate", "a stranger's certificate"],
)
def test_tls_is_refused_and_nothing_delivered(rsyslog_tls, client, other_authority, wrong):
    stranger, key = other_authority.issue("client.example")
    options = {
        "another authority": {"ca_file": other_authority.certificate},
        "another host name": {"server_name": "siem.example"},
        "the system's authorities": {"ca_file": None},
        "no client certificate": {"cert_file": None, "key_file": None},
        "a stranger's certificate": {"cert_file": stranger, "key_file": key},
    }
    with pytest.raises(Retry) as caught:
        output(**client | options[wrong], port=rsyslog_tls.port).send([alert(8)])
    assert caught.value.sent == 0
    sender = output(**client, port=rsyslog_tls.port)
    sender.send([alert(9)])
    sender.close()
    assert f"externalId={9:032x}" in rsyslog_tls.raw.lines(1)[0]
    rsyslog_tls.agent.lines(1)


def send_again(sender, items):
    """As the outbox does: rsyslog resets a connection now and then that comes while it starts."""
    for _ in range(10):
        try:
            sender.send(items)
        except Retry as error:
            items = items[error.sent :]
        else:
            return
    raise AssertionError("ten times refused")


def test_relp_to_a_real_rsyslog_with_and_without_tls(make_rsyslog_relp, authority):
    certificate, key = authority.issue("client.example")
    files = {"ca_file": authority.certificate, "cert_file": certificate, "key_file": key, "server_name": "localhost"}
    for options in ({}, {"encrypt": True, **files}):
        server = make_rsyslog_relp(tls=bool(options))
        sender = output(port=server.port, transport="relp", **options)
        send_again(sender, [alert(1), alert(2)])
        assert (sender.unread(), sender.acknowledged) == (0, True)
        sender.conclude()
        assert [f"externalId={number:032x}" in line for number, line in zip((1, 2), server.raw.lines(2), strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"transport": "tcp", "ca_file": "x"}, "need transport: tls"),
        ({"transport": "tls", "key_file": "x"}, "needs cert_file"),
        ({"transport": "udp", "framing": "lf"}, "framing is for tcp and tls"),
        ({"transport": "relp", "framing": "lf"}, "framing is for tcp and tls"),
        ({"transport": "relp", "ca_file": "x"}, "relp with encrypt: true"),
        ({"transport": "tcp", "encrypt": True}, "choose transport: tls"),
        ({"transport": "relp", "resend_window": "5m"}, "resend_window is for tcp and tls"),
        ({"transport": "udp", "resend_window": "5m"}, "resend_window is for tcp and tls"),
        ({"resend_window": "5s"}, "10000"),
        ({"send_timeout": "25d"}, "86400000"),  # more than the kernel takes: every message would have been set aside
        ({"connect_timeout": "25d"}, "86400000"),
        ({"transport": "udp", "max_message_bytes": 70_000}, "at most 65507"),
        ({"max_message_bytes": 500}, "1024"),
        ({"facility": "local8"}, "local7"),
        *(({"host": host}, "no name or address alone") for host in ("https://siem", "siem:514", "[::1]", "siem ", "::1:514:x")),
    ],
)
def test_what_does_not_go_together_is_a_mistake(options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        output(**options)


def test_a_certificate_file_that_cannot_be_used_is_a_mistake_at_the_start(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(Mistakes, match=r"ca\.pem.*cannot be used for TLS"):
        output(transport="tls", ca_file=tmp_path / "ca.pem")
    with pytest.raises(Mistakes, match="No such file"):
        output(transport="tls", ca_file=tmp_path / "missing.pem")
