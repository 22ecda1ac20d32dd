"""Telling users, and others about them, by mail, in the policy's own words.

It needs a server that takes mail of the sender from this host, with an account where the server asks for one (over TLS alone). Where the
sender's domain has an SPF record (RFC 7208), that server has to be in it, or the mail is taken for a forged one.
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any, ClassVar

from casbd.documents.mail_addresses import is_mail_address
from casbd.documents.mail_server import MailServer
from casbd.errors import Rejected
from casbd.model.governance import NOTICES, TO_OTHERS, GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.wire.mail_message import automatic_mail
from casbd.wire.plain_text import single_line

_SUBJECT = "Security notice about {}"
_TO_USER = "Unusual activity was seen in your account {user}: {reason}.\n\nIf this was not you, please tell your security team at once."
_TO_OTHERS = "Unusual activity was seen in the account {user}: {reason}."


@registry.connector
class Mail:
    """Sends a mail to the user (`notify_user`), or to the rule file's `recipients` (`notify_additional_users`).

    The text is `message` of the rule file, where `{user}` and `{reason}` (the alert's title) stand for what they are. One of the name
    `mail` is there wherever the section `mail` is, with its server.
    """

    Options: ClassVar[type[Options]] = MailServer
    actions: ClassVar[tuple[str, ...]] = NOTICES
    example: ClassVar[dict[str, Any]] = {"host": "smtp.example.com", "from": "casbd@example.com"}

    def __init__(self, options: MailServer) -> None:
        """Raises Mistakes where the password or the CA file cannot be read."""
        options.check()
        self._server = options

    def execute(self, command: GovernanceCommand) -> Done:
        """Send it; who of several was refused stands in the answer. Retry and Rejected as the server's replies say."""
        from casbd.wire import smtp

        recipients = self._recipients(command)
        refused = smtp.send(self._server, self._mail(command, recipients), recipients)
        answer = "; ".join(["accepted", *(f"{address} was refused: {said}" for address, said in refused.items())])
        return Done(request=self.preview(command), answer=answer)

    def preview(self, command: GovernanceCommand) -> str:
        """`mail to anna@contoso.com by smtp.example.com:587`."""
        try:
            to = ", ".join(self._recipients(command))
        except Rejected as error:
            return f"no mail: {error}"
        return f"mail to {to} by {self._server.host}:{self._server.reached_at}"

    def _recipients(self, command: GovernanceCommand) -> tuple[str, ...]:
        if command.action not in self.actions:
            raise Rejected(f"mail cannot do {command.action}")
        if command.action == TO_OTHERS:
            if not command.recipients:
                raise Rejected("the rule file names no `recipients`")
            return command.recipients
        if not is_mail_address(command.target):
            raise Rejected(f"{command.target} is no address that mail can be sent to")
        return (command.target,)

    def _mail(self, command: GovernanceCommand, recipients: tuple[str, ...]) -> EmailMessage:
        """The same however often it is sent, its `Message-ID` included."""
        own = command.action != TO_OTHERS
        whose = "your account" if own else single_line(command.target)
        mail = automatic_mail(command.command_id, self._server.sender, recipients, _SUBJECT.format(whose), command.created)
        text = command.message or (_TO_USER if own else _TO_OTHERS)
        for name, value in (("{user}", command.target), ("{reason}", command.reason)):
            text = text.replace(name, single_line(value))
        mail.set_content(text.encode("utf-8", "replace").decode() + "\n")
        return mail
