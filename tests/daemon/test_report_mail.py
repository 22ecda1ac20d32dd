"""The monthly report is mailed once, by a process of its own, and what came of it is noted."""

from contextlib import ExitStack

import pytest
from mail_receiver import MailReceiver

from casbd.daemon.service import start
from casbd.reports.month import Month
from casbd.store.state import mailed_reports, raised_alerts

JANUARY = Month(2026, 1)
HOUR = 3_600_000


class Clock:
    """January 20th, until it is set."""

    def __init__(self):
        self.now = JANUARY.since + 20 * 24 * HOUR

    def __call__(self):
        return self.now


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def running(tmp_path, receiver, clock):
    (tmp_path / "in").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "casbd.yaml").write_text(
        "state_dir: state\nrules: [rules]\ninputs: [{name: m365, path: in/*}]\nreports: {monthly: {to: [ciso@contoso.com]}}\n"
        f"mail: {{host: 127.0.0.1, port: {receiver.port}, tls: none, from: casbd@contoso.com}}\n"
    )
    with ExitStack() as undo:
        running = start(tmp_path / "casbd.yaml", undo, once=True, clock=clock)
        undo.callback(running.report_mail.stop)
        yield running


def job(running):
    """It, twice: to begin, and to hear what became of it."""
    running.report_mail.go_on()
    running.report_mail.wait(60)
    running.report_mail.go_on()


def noted(running):
    return mailed_reports.last(running.parts.store.connection)


def test_once_a_month(running, receiver, clock):
    job(running)
    assert (noted(running), receiver.mails) == ("2025-12", [])  # nobody had asked for that one
    clock.now = JANUARY.until + 10 * HOUR
    job(running)
    assert noted(running) == "2026-01"
    job(running)
    assert [mail["Subject"] for mail in receiver.mails] == ["[casbd] Cloud app security: January 2026"]


def test_what_may_pass_is_tried_again_and_a_refusal_is_told(running, receiver, clock):
    job(running)
    clock.now = JANUARY.until + 10 * HOUR
    receiver.data = ["451 later"]
    job(running)
    assert noted(running) == "2025-12"
    receiver.rcpt = {"ciso@contoso.com": "550 no such user"}
    job(running)
    assert noted(running) == "2026-01"
    (alert,) = raised_alerts.find(running.parts.store.connection)
    assert alert.policy_id == "casbd.report_refused"
    assert "ciso@contoso.com did not get the report of January 2026: " in alert.description


def test_a_process_that_was_killed_has_mailed_nothing(running, receiver, clock):
    job(running)
    clock.now = JANUARY.until + 10 * HOUR
    running.report_mail.go_on()
    running.report_mail.stop()
    running.report_mail.go_on()
    assert noted(running) == "2025-12"
    job(running)
    assert noted(running) == "2026-01"
    assert len(receiver.mails) == 1
