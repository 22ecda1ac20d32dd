"""E-mails as programs send them: who from, who to, and headers by which machines know them. A pure function."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

from casbd.wire.plain_text import single_line


def automatic_mail(key: str, sender: str, recipients: Sequence[str], subject: str, at: int) -> EmailMessage:
    """A mail without its text. key: what makes it this one, of which its `Message-ID` is made. at: its date (ms).

    sender, recipients: plain addresses. `Auto-Submitted` (RFC 3834) keeps programs that are away from answering.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = single_line(subject)
    mail["Date"] = datetime.fromtimestamp(at // 1000, UTC)
    mail["Message-ID"] = message_id(sender, key, *recipients)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # what Exchange heeds instead ([MS-OXCMAIL] 2.2.3.2.14)
    return mail


def message_id(sender: str, *parts: str) -> str:
    """A `Message-ID` (RFC 5322, 3.6.4): the same for the same texts, and not to be guessed back from."""
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"<{digest}@{sender.rpartition('@')[2]}>"
