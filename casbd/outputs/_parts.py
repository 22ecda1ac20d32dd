"""Messages that go together: as many as fit into a request or a write, and fewer where a receiver refuses one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from casbd.errors import Rejected, Retry

Messages = Sequence[bytes]


class NotTaken(Exception):
    """The receiver refuses a request as it is, for good: one of its messages, or its size. The text says why, in the receiver's words.

    place: of the message that it refuses, where it says which one.
    """

    def __init__(self, reason: str, place: int | None = None) -> None:
        super().__init__(reason)
        self.place = place


def in_parts(messages: Messages, most: int) -> Iterator[Messages]:
    """The messages in their order, together at most so many bytes; a longer one alone."""
    start = size = 0
    for place, message in enumerate(messages):
        if start < place and size + len(message) > most:
            yield messages[start:place]
            start, size = place, 0
        size += len(message)
    if start < len(messages):
        yield messages[start:]


def send_in_parts(messages: Messages, most: int, post: Callable[[Messages], None]) -> None:
    """Send all in their order. post: sends some, all or none; it may raise `NotTaken`, and Retry and Rejected with how many it has `sent`.

    Raises Retry, and Rejected where a message is refused although it is alone; with how many were sent before.
    What stood before the refused one in its request is sent again, as receivers do not say for certain whether they have taken it.
    """
    sent = 0
    for part in in_parts(messages, most):
        sent = _send(part, post, sent)


def _send(part: Messages, post: Callable[[Messages], None], sent: int) -> int:
    """Send some behind so many; how many are sent then."""
    try:
        post(part)
    except NotTaken as error:
        if len(part) == 1:
            raise Rejected(str(error), sent=sent) from None
        place = len(part) // 2 if error.place is None else max(error.place, 1)
        place = min(place, len(part) - 1)
        return _send(part[place:], post, _send(part[:place], post, sent))
    except (Retry, Rejected) as error:
        error.sent += sent
        raise
    return sent + len(part)
