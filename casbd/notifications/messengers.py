"""The two ways to people: mail, and the services of Apprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from casbd.config.notifications import Notification
from casbd.config.settings import Settings
from casbd.documents.mail_server import MailServer
from casbd.documents.secrets import Secret
from casbd.errors import DeliveryError, Mistake, Mistakes, Retry, sentence
from casbd.notifications.mail import mail
from casbd.notifications.wording import Message, Story, as_lines

NUMBER = "{number}"
"""In the URL of `sms`, where a telephone number goes."""


class Messenger(Protocol):
    """One way to one recipient."""

    def send(self, message: Message, at: int) -> None:
        """Returning means that the server or the service has it. at: when it was put together (ms). Raises Retry or Rejected."""


class ByMail(msgspec.Struct, frozen=True):
    """Over the configured mail server."""

    server: MailServer
    address: str

    def send(self, message: Message, at: int) -> None:
        """The mail is the same however often it is sent."""
        from casbd.wire import smtp

        smtp.send(self.server, mail(message, self.server.sender, self.address, at), [self.address])


class ByService(msgspec.Struct, frozen=True):
    """Over a service of Apprise. number: what stands for `{number}` in the URL."""

    url: Secret
    number: str = ""

    def send(self, message: Message, at: int) -> None:  # noqa: ARG002  services have a time of their own
        """A few lines: what a telephone shows."""
        from casbd.wire import apprise_service

        try:
            apprise_service.send(self.revealed(), message.subject, as_lines(message))
        except Mistakes as error:
            raise Retry(sentence(error)) from None

    def revealed(self) -> str:
        """The URL with its secrets. Mistakes where it cannot be read."""
        return self.url.reveal().replace(NUMBER, self.number)


def messenger(person: Notification, settings: Settings) -> Messenger:
    """How a recipient is reached."""
    if person.url is not None:
        return ByService(person.url, person.name if person.name.startswith("+") else "")
    assert settings.mail is not None  # else it is no recipient
    assert person.email is not None
    return ByMail(settings.mail, person.email)


def check(settings: Settings) -> list[Mistake]:
    """What is wrong in the files with passwords and URLs, and in those URLs. A credential that nobody can read here passes."""
    mistakes: list[Mistake] = []
    urls = [person.url for person in settings.notifications if person.url is not None]
    urls += [settings.sms.url] if settings.sms is not None else []
    for attempt in (*((settings.mail.check,) if settings.mail else ()), *(partial(_check_url, url) for url in urls)):
        try:
            attempt()
        except Mistakes as error:
            mistakes += error.mistakes
    return mistakes


def _check_url(url: Secret) -> None:
    url.check()
    try:
        revealed = url.reveal().replace(NUMBER, "+15550100")
    except Mistakes:  # a credential, outside systemd
        return
    from casbd.wire import apprise_service  # takes a second and 40 MB, which who names no URL does not pay

    if not apprise_service.is_known(revealed):
        raise Mistakes([Mistake(str(url), 0, 0, "holds no URL of a service that Apprise knows", "https://github.com/caronc/apprise/wiki")])


class Outcome(NamedTuple):
    """What became of a test message. error: why it did not go; empty where it did."""

    name: str
    error: str


def try_out(people: Iterable[tuple[str, Messenger]], now: int) -> Iterator[Outcome]:
    """Send one marked message to each, by name."""
    for name, way in people:
        try:
            way.send(_marked(name, now), now)
        except DeliveryError as error:
            yield Outcome(name, str(error) or type(error).__name__)
        else:
            yield Outcome(name, "")


def _marked(name: str, now: int) -> Message:
    said = "This is a test: nothing happened. Alerts of casbd come to this recipient."
    only = Story("informational", "Test message", said, (("Recipient", name),), "casbd status")
    return Message(f"test {now}", None, "[casbd] Test message", "informational", 1, (only,), ())
