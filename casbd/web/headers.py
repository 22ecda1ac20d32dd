"""Headers of requests."""

from __future__ import annotations

from collections.abc import Callable

from casbd.errors import Mistakes, Retry, sentence
from casbd.web.answers import RECHECK


def fits_header(text: str) -> bool:
    """Whether a header can hold it: else the error of who writes the header would quote it, secret or not."""
    return text.isascii() and text.isprintable()


def secret_now(read: Callable[[], str], name: str) -> str:
    """What a header is to hold, read for a request. Retry where that fails, or where no header can hold it. name: what it is called."""
    try:
        text = read()
    except Mistakes as error:  # a file that is being replaced
        raise Retry(sentence(error)) from None
    if not fits_header(text):
        raise Retry(f"the {name} has characters that no header can hold", after=RECHECK, lasting=True)
    return text
