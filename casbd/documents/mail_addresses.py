"""E-mail addresses in their plain form, which no header and no command of SMTP reads otherwise."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")


def is_mail_address(text: str) -> bool:
    """Whether mail can be sent there: a dot-atom and a domain, in ASCII, no longer than SMTP takes (RFC 5321, 4.1.2 and 4.5.3.1)."""
    return _ADDRESS.fullmatch(text) is not None


def mail_address(text: str) -> str:
    """The address as it is. ValueError where it is none."""
    if not is_mail_address(text):
        raise ValueError(f"`{text}` is no e-mail address")
    return text


MailAddress = Annotated[str, AfterValidator(mail_address)]
