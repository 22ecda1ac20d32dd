"""A message as an e-mail (RFC 5322), text and HTML beside each other."""

from __future__ import annotations

from email.message import EmailMessage

from casbd.notifications.html import as_html
from casbd.notifications.wording import Message, as_text
from casbd.wire.mail_message import automatic_mail, message_id


def mail(message: Message, sender: str, recipient: str, at: int) -> EmailMessage:
    """The mail of a message. sender, recipient: plain addresses. at: when it was put together (ms).

    The same message to the same recipient has the same `Message-ID`, and all about one incident (else one alert) belong to one thread.
    Nobody was sent that thread's beginning: programs for mail go by what several mails refer to.
    """
    whole = automatic_mail(message.key, sender, [recipient], message.subject, at)
    if message.thread is not None:
        whole["In-Reply-To"] = message_id(sender, "thread", message.thread, recipient)
        whole["References"] = whole["In-Reply-To"]
    whole.set_content(as_text(message))
    whole.add_alternative(as_html(message), subtype="html")
    return whole
