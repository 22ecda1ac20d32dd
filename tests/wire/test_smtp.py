"""Mail against a real SMTP server: what its replies lead to (RFC 5321, 4.2.1), and what TLS and logins are needed for."""

from __future__ import annotations

import select
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from certificates import Authority
from mail_receiver import Login, MailReceiver

from casbd.documents.mail_server import MailServer
from casbd.errors import Rejected, Retry
from casbd.wire import smtp
from casbd.wire.mail_message import automatic_mail

SENDER = "casbd@example.com"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ca")


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("127.0.0.1")


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


def server(receiver, **options):
    return MailServer.model_validate({"host": "127.0.0.1", "port": receiver.port, "tls": "none", "from": SENDER, "timeout": "5s"} | options)


def send(receiver, *recipients, **options):
    to = recipients or ("soc@example.com",)
    mail = automatic_mail("key", SENDER, to, "Subject", 0)
    mail.set_content("text\n")
    return smtp.send(server(receiver, **options), mail, to)


def test_returning_means_that_the_server_has_it(receiver):
    assert send(receiver) == {}
    assert receiver.taken == [("soc@example.com",)]
    (mail,) = receiver.mails
    assert mail["From"] == SENDER
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content() == "text\r\n"


@pytest.mark.parametrize("reply", ["421 4.3.2 going down", "450 4.2.1 busy", "451 4.3.0 error", "452 4.2.2 full"])
def test_a_passing_refusal_of_a_recipient_is_tried_again(receiver, reply):
    receiver.rcpt["soc@example.com"] = reply
    with pytest.raises(Retry, match=reply[:3]):
        send(receiver)


@pytest.mark.parametrize("reply", ["550 5.1.1 no such user", "551 5.7.1 elsewhere", "553 5.1.3 bad name", "554 5.7.1 never"])
def test_a_final_refusal_of_a_recipient_is_not(receiver, reply):
    receiver.rcpt["soc@example.com"] = reply
    with pytest.raises(Rejected, match=f"127.0.0.1: soc@example.com: {reply[:9]}"):
        send(receiver)


@pytest.mark.parametrize(("reply", "raised"), [("451 4.3.0 later", Retry), ("452 4.3.1 disk", Retry), ("554 5.6.0 content", Rejected)])
def test_a_refusal_of_the_mail_is_passing_or_final(receiver, reply, raised):
    receiver.data = [reply]
    with pytest.raises(raised, match=reply[:3]):
        send(receiver)
    assert receiver.mails == []


def test_of_several_recipients_one_may_be_refused(receiver):
    receiver.rcpt["gone@example.com"] = "550 5.1.1 no such user"
    assert send(receiver, "soc@example.com", "gone@example.com") == {"gone@example.com": "550 5.1.1 no such user"}
    assert receiver.taken == [("soc@example.com",)]


def test_one_of_several_may_be_there_later(receiver):
    receiver.rcpt |= {"gone@example.com": "550 5.1.1 no such user", "full@example.com": "452 4.2.2 full"}
    with pytest.raises(Retry):
        send(receiver, "gone@example.com", "full@example.com")


def test_a_sender_that_is_refused_is_the_operators_to_mend(receiver):
    receiver.sender = "550 5.7.1 not yours"
    with pytest.raises(Retry, match=r"the sender: 550 5\.7\.1 not yours"):
        send(receiver)
    receiver.sender = "552 5.3.4 too large"
    with pytest.raises(Rejected):
        send(receiver)


def test_a_connection_that_ends_after_the_mail_leaves_it_in_doubt(receiver):
    receiver.data = ["drop"]
    with pytest.raises(Retry, match="unexpectedly closed") as doubt:
        send(receiver)
    assert doubt.value.after == smtp.IN_DOUBT  # else people get it every minute
    send(receiver)
    assert receiver.mails[0]["Message-ID"] == receiver.mails[1]["Message-ID"]


@pytest.mark.parametrize("drip", [b"220-wait\r\n", b"2"])
def test_a_server_that_drips_its_greeting_is_given_up(drip, monkeypatch):
    monkeypatch.setattr(smtp, "EXCHANGE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as aside:
        dripping = aside.submit(drip_into, listening, drip)
        mail = MailServer.model_validate(
            {"host": "127.0.0.1", "port": listening.getsockname()[1], "tls": "none", "from": SENDER, "timeout": "1s"}
        )
        with pytest.raises(Retry):
            smtp.send(mail, automatic_mail("key", SENDER, ["soc@example.com"], "Subject", 0), ["soc@example.com"])
        dripping.result()


def drip_into(listening, drip):
    """Until the other end is gone."""
    connection, _ = listening.accept()
    with connection, suppress(OSError):
        while True:
            connection.sendall(drip)
            select.select([connection], [], [], 0.05)


def test_nobody_there():
    with pytest.raises(Retry, match=r"127\.0\.0\.1: Connection refused"):
        send(MailReceiver())


def test_starttls_and_then_the_login(authority, certificate):
    login = {"user": "casbd", "password": {"env": "CASBD_TEST_SMTP"}}
    with MailReceiver(login=Login("casbd", "s3cret-päss"), certificate=certificate) as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CASBD_TEST_SMTP", "wrong")
        with pytest.raises(Retry, match=r"^127.0.0.1: it refused the login of casbd \(535\)$"):
            send(receiver, tls="starttls", ca_file=authority.certificate, **login)
        patch.setenv("CASBD_TEST_SMTP", "s3cret")
        receiver._login = Login("casbd", "s3cret")
        assert send(receiver, tls="starttls", ca_file=authority.certificate, **login) == {}
        assert receiver.logins
        assert all(over_tls for _, over_tls in receiver.logins)
        patch.delenv("CASBD_TEST_SMTP")
        with pytest.raises(Retry, match="the secret is empty or not set"):
            send(receiver, tls="starttls", ca_file=authority.certificate, **login)


def test_tls_from_the_first_byte(authority, certificate):
    with MailReceiver(certificate=certificate, implicit=True) as receiver:
        assert send(receiver, tls="tls", ca_file=authority.certificate) == {}
        assert len(receiver.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_nobody_known_is_no_tls(certificate, tls):
    with MailReceiver(certificate=certificate, implicit=tls == "tls") as receiver:
        with pytest.raises(Retry, match="its certificate: unable to get local issuer certificate"):
            send(receiver, tls=tls)
        assert receiver.mails == []


def test_a_certificate_for_another_name_is_no_tls(authority):
    with MailReceiver(certificate=authority.issue("mail.example.com")) as receiver:
        with pytest.raises(Retry, match="its certificate: IP address mismatch"):
            send(receiver, tls="starttls", ca_file=authority.certificate)
        assert receiver.mails == []


def test_a_server_without_starttls_gets_nothing(receiver):
    with pytest.raises(Retry, match="STARTTLS"):
        send(receiver, tls="starttls")
    assert receiver.mails == []


def test_a_subject_is_one_line():
    mail = automatic_mail("key", SENDER, ["soc@example.com"], "Hello\r\nBcc: evil@example.com\r\n\r\nbody", 0)
    assert "Bcc" not in mail
    assert mail.as_bytes().count(b"evil") == 1
    assert mail["Subject"] == "Hello  Bcc: evil@example.com    body"
