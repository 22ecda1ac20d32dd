"""People who are told of alerts, in a whole casbd: from a record to a mail, what `check` says, reloads, and messages that come back."""

import json
from contextlib import ExitStack

import pytest
from builders import NOON, reload
from mail_receiver import MailReceiver

from casbd.clock import now
from casbd.config import place
from casbd.daemon import reload_thread
from casbd.daemon.engine import Engine
from casbd.daemon.gathered_status import gather
from casbd.daemon.jobs import check_destinations
from casbd.daemon.service import run, start
from casbd.errors import Mistakes
from casbd.store.database import Store
from tests.notifications.alerts import alert

MAPPING = "mapping: {timestamp: time, activity_id: id, user: user, app: app}"
RULE = "name: odd\nseverity: high\nfilters: {user: {isset: true}}\n"
WRONG = """\
5:17: no mail is sent without the section `mail` (mail: {host: ...})
5:54: `quiet_hours`: `22-07` are no quiet hours; write 22:00-07:00 or 22:00-07:00 Europe/Oslo
6:5: a recipient has either `email` or `url`
6:6: `soc` is there twice in `notifications`
6:35: no mail is sent without the section `mail` (mail: {host: ...})
7:12: `name`: `two words` is no name: up to 63 letters, digits, `_`, `.` and `-`, a letter or digit first
8:20: `url`: a secret is never a plain value: write {credential: NAME}, {env: NAME} or {file: PATH}
"""
NOTICE = "governance:\n  - {action: notify_user, connector: mail, message: 'Was it you, {user}?'}\n"


@pytest.fixture
def receiver():
    with MailReceiver() as receiver:
        yield receiver


class Place:
    """A directory with everything a casbd needs. port: the mail server's."""

    def __init__(self, directory, port):
        self.directory, self.port = directory, port
        self.path = directory / "casbd.yaml"
        for name in ("in", "rules"):
            (directory / name).mkdir()
        self.rule(RULE)
        self.write("notifications:\n  - {name: soc, email: soc@example.com}\n")

    def write(self, *more, mail=True):
        server = f"mail: {{host: 127.0.0.1, port: {self.port}, tls: none, from: casbd@example.com}}\n" if mail else ""
        inputs = f"inputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n"
        self.path.write_text("state_dir: state\nrules: [rules]\n" + inputs + server + "".join(more))

    def rule(self, text):
        (self.directory / "rules" / "odd.yaml").write_text(text)

    def happens(self, *users, name="a"):
        lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": f"{name}{n}", "user": u, "app": "X"}) for n, u in enumerate(users)]
        (self.directory / "in" / f"{name}.json").write_text("\n".join(lines) + "\n")

    def mistakes(self):
        with pytest.raises(Mistakes) as caught:
            Engine(self.path)
        return [str(one).removeprefix(str(self.directory)) for one in caught.value.mistakes]

    def doubts(self):
        return [str(one).removeprefix(str(self.directory)) for one in Engine(self.path).doubts]

    def status(self):
        with Store(self.directory / "state", readonly=True) as store:
            return {one.name: one for one in gather(store, [], place.queues(self.path)).outputs}


@pytest.fixture
def there(tmp_path, receiver):
    return Place(tmp_path, receiver.port)


def run_once(there):
    run(there.path, once=True, clock=lambda: NOON)


def test_from_a_record_to_a_mail(there, receiver):
    there.rule(RULE + "alert: {email: [eva@example.com, soc]}\n")
    there.happens("anna@contoso.com", "bob@contoso.com", "anna@contoso.com")
    run_once(there)
    assert sorted(receiver.taken) == [("eva@example.com",), ("soc@example.com",)]
    assert {mail["Subject"] for mail in receiver.mails} == {"[casbd] 3 alerts, all high: odd and others"}
    assert "anna@contoso.com" in receiver.mails[0].get_body(("plain",)).get_content()
    status = there.status()
    assert [(status[name].delivered, status[name].configured) for name in ("notify:soc", "notify:eva@example.com")] == [(3, True)] * 2
    assert status["connector:mail"].configured


def test_pseudonyms_stand_in_mails_as_in_outputs(there, receiver):
    (there.directory / "key").write_bytes(b"k" * 32)
    there.write("notifications: [{name: soc, email: soc@example.com}]\n", "privacy: {pseudonymize: [user], key: {file: key}}\n")
    there.happens("anna@contoso.com")
    run_once(there)
    (mail,) = receiver.mails
    assert "anna" not in mail.as_string()
    assert "user-" in mail["Subject"]


def test_the_user_is_told_where_policies_may_act(there, receiver):
    there.rule(RULE + NOTICE)
    there.write("governance: {mode: enforce, max_activity_age: 1h, protected_users: [boss@contoso.com]}\n")
    there.happens("anna@contoso.com", "boss@contoso.com")
    run_once(there)
    assert receiver.taken == [("anna@contoso.com",)]
    assert receiver.mails[0].get_content().strip() == "Was it you, anna@contoso.com?"


def test_a_dry_run_says_whom_it_would_tell(there, receiver):
    there.rule(RULE + NOTICE)
    there.write()
    there.happens("anna@contoso.com")
    run_once(there)
    assert receiver.mails == []
    with Store(there.directory / "state", readonly=True) as store:
        (body,) = store.connection.execute("SELECT body FROM governance").fetchone()
    assert b"mail to anna@contoso.com by 127.0.0.1" in body


def test_names_that_nobody_has_are_mistakes_with_their_places(there):
    there.rule(RULE + "alert:\n  email: [soc, eva@example.com, sok]\n  sms: [oncall]\n")
    assert there.mistakes() == [
        "/rules/odd.yaml:5:33: unknown recipient `sok` (did you mean `soc`?)",
        "/rules/odd.yaml:6:9: unknown recipient `oncall` (allowed: soc)",
    ]
    there.write()
    assert "the configuration has no `notifications`" in there.mistakes()[0]


def test_a_notice_says_whom_it_tells_and_one_thing(there):
    step = "  - {action: notify_additional_users, connector: mail"
    there.rule(RULE + f"governance:\n{step}}}\n")
    hint = "recipients: [hr@example.com]"
    assert there.mistakes() == [f"/rules/odd.yaml:5:14: notify_additional_users does not say whom ({hint})"]
    there.rule(RULE + f"governance:\n{step}, {hint}}}\n{step}, {hint}, message: other}}\n")
    (told,) = there.mistakes()
    assert told.endswith("notify_additional_users at mail stands there twice, with other words")


def test_what_is_wrong_in_the_configuration(there):
    (there.directory / "url").write_text("nonsense://s3cret\n")
    there.write(
        "notifications:\n"
        "  - {name: soc, email: soc@example.com, quiet_hours: 22-07}\n"
        "  - {name: soc, url: {file: url}, email: a@b.com}\n"
        "  - {name: two words, url: {file: gone}}\n"
        "  - {name: x, url: https://hooks.example.com/s3cret}\n",
        mail=False,
    )
    told = there.mistakes()
    assert [one.removeprefix("/casbd.yaml:") for one in told] == WRONG.splitlines()
    assert "s3cret" not in "\n".join(told)


def test_secrets_are_looked_at_before_they_are_needed(there):
    (there.directory / "url").write_text("nonsense://s3cret\n")
    there.write("notifications:\n  - {name: a, url: {file: url}}\n  - {name: b, url: {file: gone}}\n")
    assert there.mistakes() == [
        "/gone:0:0: the secret cannot be read: No such file or directory",
        "/url:0:0: holds no URL of a service that Apprise knows (https://github.com/caronc/apprise/wiki)",
    ]


def test_addresses_without_a_way_are_doubted(there):
    there.rule(RULE + 'alert: {email: [eva@example.com], sms: ["+15550100"]}\n')
    there.write(mail=False)
    assert [text.partition(": ")[2] for text in there.doubts()][-2:] == [
        "e-mail goes out only with the section `mail`: 1 policy asks for it (odd)",
        "SMS go out only with the section `sms`: 1 policy asks for it (odd)",
    ]


def test_mail_without_tls_to_elsewhere_is_doubted(there):
    there.write("mail: {host: smtp.example.com, tls: none, from: casbd@example.com}\n", mail=False)
    assert any("without TLS" in text for text in there.doubts())
    there.write()
    assert not any("without TLS" in text for text in there.doubts())


@pytest.fixture
def running(there, monkeypatch):
    monkeypatch.setattr(reload_thread, "LEAST_REST", 0.0)
    monkeypatch.setattr(reload_thread, "SHARE", 1)
    with ExitStack() as undo:
        yield start(there.path, undo, once=True, clock=lambda: now() + 1000)


def test_a_reload_takes_up_recipients(there, running):
    workers = running.parts.dispatcher._workers
    reload(running)
    before = dict(workers)
    assert before.keys() == {"notify:soc", "connector:mail"}
    there.write("notifications:\n  - {name: soc, email: soc@example.com}\n  - {name: eva, email: eva@example.com}\n")
    reload(running)
    assert workers["notify:soc"] is before["notify:soc"]
    assert "notify:eva" in workers
    there.write("notifications:\n  - {name: eva, email: eva@example.com, min_severity: high}\n")
    eva = workers["notify:eva"]
    reload(running)
    assert workers.keys() == {"notify:eva", "connector:mail"}
    assert workers["notify:eva"] is not eva


def test_one_whose_messages_come_back_is_told_to_the_others_once(there, receiver, running):
    receiver.rcpt["soc@example.com"] = "550 5.1.1 no such user"
    there.write("notifications:\n  - {name: soc, email: soc@example.com}\n  - {name: eva, email: eva@example.com}\n")
    reload(running)
    parts = running.parts
    parts.raise_system(alert())
    assert parts.dispatcher.drain(10, 10)
    for _ in range(2):
        check_destinations.run(running)
        assert parts.dispatcher.drain(10, 10)
    assert receiver.taken == [("eva@example.com",)] * 2
    told = receiver.mails[1]
    assert told["Subject"] == "[casbd] Medium: Recipient notify:soc takes no messages"
    assert "550 5.1.1 no such user" in told.get_body(("plain",)).get_content()
