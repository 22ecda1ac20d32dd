"""The two ways to people, as far as they are not those of `wire`: secrets, numbers, and how one recipient is reached."""

import pytest
from builders import NOON, settings
from chat_service import ChatService
from msgspec.structs import replace

from casbd.config.notifications import Notification, Sms
from casbd.documents.mail_server import MailServer
from casbd.documents.secrets import Secret
from casbd.errors import Rejected, Retry
from casbd.notifications.messengers import ByMail, ByService, messenger, try_out
from casbd.notifications.wording import compose
from tests.notifications.alerts import alert

MAIL = MailServer.model_validate({"host": "localhost", "from": "casbd@example.com"})
URL = Secret(env="CASBD_TEST_URL")


@pytest.fixture
def service():
    with ChatService() as service:
        yield service


def test_a_number_stands_in_the_url(service, monkeypatch):
    monkeypatch.setenv("CASBD_TEST_URL", f"json://{service.place}/{{number}}")
    ByService(URL, "+15550100").send(compose([alert()]), NOON)
    said = "Activity policy 'Failed log ons' was triggered by 'a@contoso.com'"
    subject = "(casbd) Medium: Failed log ons (a@contoso.com)"
    assert service.got == [("/+15550100", subject, f"MEDIUM Failed log ons: {said} (casbd alerts show 000000000000)")]


def test_a_url_that_cannot_be_read_is_tried_again(monkeypatch):
    monkeypatch.delenv("CASBD_TEST_URL", raising=False)
    with pytest.raises(Retry, match="CASBD_TEST_URL: the secret is empty or not set"):
        ByService(URL).send(compose([alert()]), NOON)


def test_each_is_reached_as_it_is_written():
    configured = replace(settings(), mail=MAIL, sms=Sms(url=URL))
    assert messenger(Notification(name="soc", email="soc@example.com"), configured) == ByMail(MAIL, "soc@example.com")
    assert messenger(Notification(name="oncall", url=URL), configured) == ByService(URL)
    number = Notification.model_construct(name="+15550100", url=URL)
    assert messenger(number, configured) == ByService(URL, "+15550100")


class Way:
    def __init__(self, error=None):
        self.error = error

    def send(self, message, at):
        assert message.subject == "[casbd] Test message"
        if self.error:
            raise self.error


def test_a_test_tells_of_each_what_became_of_it():
    outcomes = try_out([("a", Way()), ("b", Way(Rejected("550 no"))), ("c", Way(Retry("")))], NOON)
    assert [*outcomes] == [("a", ""), ("b", "550 no"), ("c", "Retry")]
