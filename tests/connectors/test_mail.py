"""Notices to users by mail, against a real SMTP server."""

import pytest
from builders import NOON
from mail_receiver import MailReceiver

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry

Mail = registry.load("connectors", "mail")


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


@pytest.fixture
def connector(receiver):
    options = {"host": "127.0.0.1", "port": receiver.port, "tls": "none", "from": "casbd@example.com", "timeout": "5s"}
    return Mail(Mail.Options.model_validate(options))


def command(action="notify_user", **fields):
    base = {"command_id": "c1", "connector": "mail", "target": "anna@contoso.com", "status": "queued", "reason": "Impossible travel"}
    return GovernanceCommand(**base | {"action": action, "created": NOON} | fields)


def test_the_user_is_told_in_the_policys_words(receiver, connector):
    done = connector.execute(command(message="{user}: {reason}. Was it you?"))
    (mail,) = receiver.mails
    assert receiver.taken == [("anna@contoso.com",)]
    assert mail["Subject"] == "Security notice about your account"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == "anna@contoso.com: Impossible travel. Was it you?"
    assert done.request == f"mail to anna@contoso.com by 127.0.0.1:{receiver.port}"
    assert done.answer == "accepted"


def test_without_words_of_its_own_casbd_has_some(receiver, connector):
    connector.execute(command())
    assert "Unusual activity was seen in your account anna@contoso.com: Impossible travel." in receiver.mails[0].get_content()


def test_others_are_told_and_who_was_refused_is_known(receiver, connector):
    receiver.rcpt["gone@contoso.com"] = "550 5.1.1 no such user"
    done = connector.execute(command("notify_additional_users", recipients=("hr@contoso.com", "gone@contoso.com")))
    assert receiver.taken == [("hr@contoso.com",)]
    assert receiver.mails[0]["Subject"] == "Security notice about anna@contoso.com"
    assert done.answer == "accepted; gone@contoso.com was refused: 550 5.1.1 no such user"


def test_the_same_command_again_is_the_same_mail(receiver, connector):
    receiver.data = ["drop"]
    with pytest.raises(Retry):
        connector.execute(command())
    connector.execute(command())
    first, second = receiver.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


@pytest.mark.parametrize(
    "target", ["SHAREPOINT\\system", "anna", "a@b.com\r\nBcc: evil@example.com", "a@b.com, c@d.com", "-oX@", "æ@b.com"]
)
def test_what_is_no_address_is_nobody(receiver, connector, target):
    with pytest.raises(Rejected, match="is no address"):
        connector.execute(command(target=target))
    assert receiver.mails == []
    assert connector.preview(command(target=target)).startswith("no mail:")


def test_hostile_text_is_text(receiver, connector):
    reason = "x\r\n.\r\nRCPT TO:<evil@example.com>\x1b[31m\ud800"
    connector.execute(command("notify_additional_users", recipients=("hr@contoso.com",), reason=reason, message="{reason}"))
    (mail,) = receiver.mails
    assert mail.get_content().strip() == "x  .  RCPT TO:<evil@example.com> [31m"
    assert receiver.taken == [("hr@contoso.com",)]


def test_what_it_cannot_do(connector):
    with pytest.raises(Rejected, match="cannot do suspend_user"):
        connector.execute(command("suspend_user"))
    with pytest.raises(Rejected, match="names no `recipients`"):
        connector.execute(command("notify_additional_users"))


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path):
    options = {"host": "smtp.example.com", "from": "casbd@example.com"}
    with pytest.raises(Mistakes, match="No such file"):
        Mail(Mail.Options.model_validate(options | {"user": "casbd", "password": {"file": tmp_path / "gone"}}))
    with pytest.raises(Mistakes, match="cannot be used for TLS"):
        Mail(Mail.Options.model_validate(options | {"ca_file": tmp_path / "gone"}))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user": "casbd"}, "go together"),
        ({"user": "casbd", "password": {"env": "X"}, "tls": "none"}, "everybody on the way"),
        ({"password": "plain"}, "never a plain value"),
        ({"from": "nobody"}, "no e-mail address"),
        ({"tls": "maybe"}, "'starttls', 'tls' or 'none'"),
        ({"host": "a b"}, "pattern"),
    ],
)
def test_what_does_not_go_together(options, expected):
    with pytest.raises(ValueError, match=expected):
        Mail.Options.model_validate({"host": "smtp.example.com", "from": "casbd@example.com"} | options)
