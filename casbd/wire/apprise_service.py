"""One message to a service of Apprise (https://github.com/caronc/apprise/wiki), and all that is peculiar to it.

Tried with 1.13: it says by a boolean whether it went, and why not in its log alone, where addresses and tokens may stand too; it sleeps
between two messages of one object; and it hands plain text to services that read marks and mentions in it.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from typing import TYPE_CHECKING

from casbd.errors import Rejected, Retry

if TYPE_CHECKING:
    from apprise import NotifyBase

_ANSWER = re.compile(r"\berror=(\d{3})\b")
_PASSING = frozenset({401, 403, 407, 408, 425, 429})
"""Below 500: what may go later, or once the operator has mended the URL's token."""
_SECONDS = 15.0
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all|team)\b)", re.IGNORECASE)
_MARKS = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'"})
"""What makes links, mentions and code of a record's text."""


def is_known(url: str) -> bool:
    """Whether it is the URL of a service."""
    return _service(url) is not None


def send(url: str, title: str, body: str) -> None:
    """Send it. url: with its secrets, of which none is in an error. Retry where it may go later, Rejected where it never will."""
    service = _service(url)
    if service is None:
        raise Retry("the URL is of no service that Apprise knows")
    from apprise import NotifyFormat, NotifyType

    with _Heard() as heard:
        try:
            went = service.notify(
                body=_harmless(body), title=_harmless(title), notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT
            )
        except Exception as error:  # noqa: BLE001  one of a hundred services breaks over a message; what it says may hold the URL
            raise Retry(f"Apprise broke: {type(error).__name__}") from None
    if not went:
        raise heard.reason()


def _service(url: str) -> NotifyBase | None:
    """What sends to the URL; None where none can."""
    warnings.filterwarnings("ignore", module=r"apprise\b|urllib3\b")  # of old modules, and of `verify=no`: who wrote that knows it
    with _Heard():
        from apprise import Apprise, AppriseAsset  # a second and 40 MB, with all its services

        asset = AppriseAsset(app_id="casbd", app_desc="casbd", async_mode=False, http_redirects=False, storage_mode="memory")
        service = Apprise.instantiate(url, asset=asset)
    if service is not None:
        service.socket_connect_timeout = service.socket_read_timeout = _SECONDS
    return service


class _Heard(logging.Handler):
    """What Apprise logs of this thread's message while it is open. Nothing of it, nor of the requests, goes into casbd's own log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self._statuses: list[int] = []

    def __enter__(self) -> _Heard:
        logger = logging.getLogger("apprise")
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # below, it logs each request's path, which may be the secret
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the status of an HTTP answer."""
        if record.thread == self._thread:
            self._statuses += map(int, _ANSWER.findall(record.getMessage()))

    def reason(self) -> Retry | Rejected:
        """Why it did not go."""
        if not self._statuses:
            return Retry("the service could not be reached")
        status = self._statuses[-1]
        refused = 300 <= status < 500 and status not in _PASSING
        return (Rejected if refused else Retry)(f"the service answered {status}")


def _harmless(text: str) -> str:
    return _MENTION.sub("@ ", text.translate(_MARKS))
