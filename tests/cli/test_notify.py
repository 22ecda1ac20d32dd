"""`casbd notify test` against a real mail server."""

import json

import pytest
from mail_receiver import MailReceiver

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}}\nalert: {email: [eva@example.com, soc]}\n"


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def configuration(tmp_path, receiver):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "failed.yaml").write_text(RULE)
    path = tmp_path / "casbd.yaml"
    path.write_text(
        "rules: [rules]\n"
        "notifications:\n"
        "  - {name: soc, email: soc@example.com}\n  - {name: gone, email: gone@example.com, alerts: named}\n"
        f"mail: {{host: 127.0.0.1, port: {receiver.port}, tls: none, from: casbd@example.com}}\n"
    )
    return path


def test_each_gets_one(run, configuration, receiver):
    assert run("notify", "test", config=configuration) == "soc: sent\ngone: sent\neva@example.com: sent\n"
    assert receiver.taken == [("soc@example.com",), ("gone@example.com",), ("eva@example.com",)]
    assert {mail["Subject"] for mail in receiver.mails} == {"[casbd] Test message"}
    assert len({mail["Message-ID"] for mail in receiver.mails}) == 3


def test_one_that_fails_is_told_with_the_reason_and_the_others_are_sent(run, configuration, receiver):
    receiver.rcpt["gone@example.com"] = "550 5.1.1 no such user"
    told = run("notify", "test", "--json", config=configuration, code=1)
    assert [json.loads(line) for line in told.splitlines()] == [
        {"name": "soc", "sent": True, "error": None},
        {"name": "gone", "sent": False, "error": "127.0.0.1: gone@example.com: 550 5.1.1 no such user"},
        {"name": "eva@example.com", "sent": True, "error": None},
    ]


def test_one_by_name(run, configuration, receiver):
    assert run("notify", "test", "soc", config=configuration) == "soc: sent\n"
    assert receiver.taken == [("soc@example.com",)]
    assert "no such recipient: x. There are: soc, gone, eva@example.com" in run("notify", "test", "x", config=configuration, code=2)


def test_nobody_to_tell(run, place):
    assert "has no `notifications`" in run("notify", "test", errors=True)
