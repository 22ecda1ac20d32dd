"""casbd is killed when the mail server has a mail, and casbd does not know it yet: the same mail goes again, and every alert is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess

from mail_receiver import MailReceiver
from running import CASBD

MAPPING = "mapping: {timestamp: time, activity_id: id, user: user, app: app}"


class Killing(MailReceiver):
    """Kills who sends, once it has the first mail."""

    process: subprocess.Popen[bytes]
    kills = 1

    async def handle_DATA(self, server, session, envelope):
        reply = await super().handle_DATA(server, session, envelope)
        if self.kills:
            self.kills -= 1
            os.kill(self.process.pid, signal.SIGKILL)
        return reply


def test_killed_between_the_servers_answer_and_our_note_of_it(tmp_path):
    for name in ("in", "rules"):
        (tmp_path / name).mkdir()
    (tmp_path / "rules" / "odd.yaml").write_text("name: odd\nfilters: {user: {isset: true}}\n")
    lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": str(n), "user": f"user{n}@contoso.com", "app": "X"}) for n in range(3)]
    (tmp_path / "in" / "a.json").write_text("\n".join(lines) + "\n")
    with Killing() as receiver:
        (tmp_path / "casbd.yaml").write_text(
            f"state_dir: state\nrules: [rules]\ninputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]\n"
            "notifications: [{name: soc, email: soc@example.com}]\n"
            f"mail: {{host: 127.0.0.1, port: {receiver.port}, tls: none, from: casbd@example.com}}\n"
        )
        for expected in (-signal.SIGKILL, 0, 0):
            with subprocess.Popen([*CASBD, "-c", str(tmp_path / "casbd.yaml"), "run", "--once"]) as receiver.process:
                assert receiver.process.wait(60) == expected
    assert len(receiver.mails) == 2
    assert len({mail["Message-ID"] for mail in receiver.mails}) == 1
    assert len({mail["Date"] for mail in receiver.mails}) == 1
    texts = {mail.get_body(("plain",)).get_content() for mail in receiver.mails}
    assert len(texts) == 1
    assert all(f"user{n}@contoso.com" in next(iter(texts)) for n in range(3))
