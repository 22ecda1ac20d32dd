"""The report as a mail, and when it goes."""

import pytest
from alerts_of_a_month import DAY, FEBRUARY, HOUR, MONTH
from builders import settings
from mail_receiver import MailReceiver
from msgspec.structs import replace

from casbd.config.reports import Monthly, Reports
from casbd.documents.mail_server import MailServer
from casbd.errors import Retry
from casbd.reports.mailing import mail
from casbd.reports.making import monthly
from casbd.reports.month import Month
from casbd.reports.sending import due, mailed, send

TO = ("ciso@contoso.com", "board@contoso.com")


def server(receiver):
    return MailServer.model_validate({"host": "127.0.0.1", "port": receiver.port, "tls": "none", "from": "casbd@contoso.com"})


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def mailing(sources, receiver):
    """Sources whose configuration says that the report is mailed."""
    return replace(
        sources, settings=replace(settings(), mail=server(receiver), reports=Reports(monthly=Monthly.model_validate({"to": [*TO]})))
    )


@pytest.mark.parametrize(
    ("last", "now", "month"),
    [
        (None, FEBRUARY + DAY, None),  # nobody has asked for the months before
        ("2025-12", FEBRUARY + 5 * HOUR, None),  # its last hours are still being exported
        ("2025-12", FEBRUARY + 6 * HOUR, MONTH),
        ("2025-12", FEBRUARY + 20 * DAY, MONTH),  # casbd was down on the first day
        ("2026-01", FEBRUARY + 20 * DAY, None),
        ("2025-06", FEBRUARY + DAY, MONTH),  # of several that were missed the latest
        ("2026-05", FEBRUARY + DAY, None),  # a clock was set back
    ],
)
def test_when_it_is_due(last, now, month):
    assert due(last, now) == month


def test_the_mail(lived, sources):
    message = mail(monthly(sources, MONTH), "casbd@contoso.com", TO, sources.now)
    assert message["Subject"] == "[casbd] Cloud app security: January 2026"
    assert message["Auto-Submitted"] == "auto-generated"
    text, page = message.get_body(("plain",)).get_content(), message.get_body(("html",)).get_content()
    assert "  Incidents: 7 (6 more than in December)" in text
    assert "1. Look at the open alerts of high severity first." in text
    assert "<svg" not in page  # programs for mail show none
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "casbd-2026-01.html"
    assert "<svg" in attached.get_content()
    again = mail(monthly(sources, MONTH), "casbd@contoso.com", TO, sources.now + DAY)
    assert again["Message-ID"] == message["Message-ID"]


def test_it_arrives(lived, mailing, receiver):
    assert send(mailing, MONTH) == {}
    (message,) = receiver.mails
    assert message["Subject"] == "[casbd] Cloud app security: January 2026"
    assert receiver.taken == [TO]
    assert "backup@contoso.com" in next(message.iter_attachments()).get_content()


def test_who_refuses_it_is_told(lived, mailing, receiver):
    receiver.rcpt = {TO[0]: "550 no such user"}
    assert send(mailing, MONTH) == {TO[0]: "550 no such user"}
    assert receiver.taken == [(TO[1],)]
    receiver.data = ["554 we do not like it"]
    assert [*send(mailing, MONTH)] == [*TO]


def test_what_may_pass(lived, mailing, receiver):
    receiver.data = ["451 later"]
    with pytest.raises(Retry, match="451 later"):
        send(mailing, MONTH)


def test_without_anybody_to_mail_it_to(sources):
    with pytest.raises(ValueError, match="no `reports:"):
        send(sources, MONTH)


def test_as_a_configuration_says(tmp_path, core, receiver):
    core.close()
    path = tmp_path / "casbd.yaml"
    path.write_text(
        f"state_dir: core/state\nmail: {{host: 127.0.0.1, port: {receiver.port}, tls: none, from: casbd@contoso.com}}\n"
        "reports: {monthly: {to: [ciso@contoso.com]}}\n"
    )
    assert mailed(path, Month(2026, 1), FEBRUARY) == ({}, "")
    assert len(receiver.mails) == 1
    path.write_text("nonsense: 1\n")
    assert "unknown key" in mailed(path, Month(2026, 1), FEBRUARY).error
