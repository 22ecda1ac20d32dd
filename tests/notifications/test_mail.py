"""What a mail says, and that nothing of a record is anything but text in it."""

import string
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import pytest
from builders import HOUR, NOON
from hypothesis import given
from hypothesis import strategies as st

from casbd.notifications.mail import mail
from casbd.notifications.wording import MOST_SHOWN, as_lines, as_text, compose
from tests.notifications.alerts import alert

SENDER, RECIPIENT = "casbd@example.com", "soc@example.com"
EVIL = '<script>alert(1)</script><img src=x onerror="x">\r\nBcc: evil@example.com\r\n\r\n\x1b[31m\u202e&amp;\x00"\'>'
TAGS = {"html", "head", "meta", "body", "div", "h3", "span", "p", "table", "tr", "td", "code"}


class Parts(HTMLParser):
    """The tags and the text of a document."""

    def __init__(self, document):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def sent(*alerts, more=False):
    """As it arrives."""
    message = compose(alerts, more=more)
    assert message is not None
    return message_from_bytes(mail(message, SENDER, RECIPIENT, NOON).as_bytes(), policy=default)


def parts(whole):
    text, html = (whole.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return text.replace("\r\n", "\n"), html


def test_one_alert():
    whole = sent(alert(evidence="11 failed log ons in 4 min 12 s from 3 addresses", activity_count=11, last_activity=NOON + HOUR))
    assert whole["Subject"] == "[casbd] Medium: Failed log ons (a@contoso.com)"
    assert whole["Date"].datetime.isoformat() == "2026-01-01T12:00:00+00:00"
    text, html = parts(whole)
    assert text == (
        "MEDIUM: Failed log ons\n"
        "11 failed log ons in 4 min 12 s from 3 addresses\n\n"
        "  User:       a@contoso.com\n"
        "  App:        Microsoft Entra ID\n"
        "  Address:    203.0.113.7 (NO)\n"
        "  When:       2026-01-01 12:00:00 UTC to 2026-01-01 13:00:00 UTC\n"
        "  Activities: 11\n"
        "  Next:       casbd alerts show 000000000000\n"
    )
    assert "11 failed log ons" in Parts(html).text


def test_of_many_the_worst_in_full_and_the_rest_by_number():
    alerts = [alert(n, title=f"low {n}", severity="low") for n in range(40)] + [alert(99, severity="high", title="the worst")]
    whole = sent(*alerts, more=True)
    assert whole["Subject"] == "[casbd] 41 more alerts, 1 high: the worst and others"
    text, html = parts(whole)
    assert text.index("HIGH: the worst") == 0
    assert text.count("Next:") == MOST_SHOWN
    assert "And 21 more, which `casbd alerts list` shows:\n  21 x Failed log ons\n" in text
    assert "low 18" in text
    assert "low 19" not in text
    assert "21Failed log ons" in Parts(html).text


def test_no_policy_of_thousands_makes_it_long():
    message = compose(alert(n, policy_name=f"policy {n}" * 100, description="x" * 5000) for n in range(2000))
    assert message is not None
    assert message.number == 2000
    assert sum(number for _, number in message.rest) == 2000 - MOST_SHOWN
    assert len(as_text(message)) < 30_000


@pytest.mark.parametrize("number", [1, 3, 100])
def test_a_chat_gets_a_few_lines(number):
    message = compose(alert(n) for n in range(number))
    assert message is not None
    lines = as_lines(message).splitlines()
    assert len(lines) == min(number, 6)
    assert lines[0].startswith("MEDIUM Failed log ons: Activity policy")
    assert number <= 5 or lines[-1] == f"and {number - 5} more"


def test_hostile_text_is_text():
    fields = ("title", "policy_name", "description", "user", "app", "app_instance", "ip_address", "country", "evidence")
    whole = sent(alert(**dict.fromkeys(fields, EVIL)), *(alert(n, policy_name=EVIL) for n in range(2, 40)))
    assert "Bcc" not in whole
    assert [*whole.keys()] == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
    ]
    text, html = parts(whole)
    assert Parts(html).tags <= TAGS
    assert Parts(html).attributes <= {"style", "charset"}
    assert "<script>alert(1)</script>" in Parts(html).text
    assert not {*map(ord, text)} & {*range(9), *range(11, 32), *range(0x7F, 0xA0), 0x202E}
    assert "\nBcc" not in text


@given(st.text(st.characters() | st.sampled_from(string.printable + "\u2028\ud800"), max_size=300))
def test_any_text_can_be_sent(text):
    whole = sent(alert(title=text, user=text, description=text, evidence=text, policy_name=text))
    assert {*map(type, whole.defects)} == set()
    assert whole["Subject"].startswith("[casbd] Medium:")
    assert Parts(parts(whole)[1]).tags <= TAGS


class TestIdentity:
    def test_the_same_again_is_the_same_mail(self):
        assert sent(alert(), alert(2))["Message-ID"] == sent(alert(), alert(2))["Message-ID"]

    def test_others_are_another_one(self):
        ids = [sent(alert()), sent(alert(2)), sent(alert(), alert(2)), sent(alert(severity="high", event="updated"))]
        assert len({whole["Message-ID"] for whole in ids}) == 4
        message = compose([alert()])
        assert message is not None
        assert mail(message, SENDER, RECIPIENT, 0)["Message-ID"] != mail(message, SENDER, "eva@example.com", 0)["Message-ID"]

    def test_an_incident_is_a_thread(self):
        first, second = (sent(alert(n, incident_id="i1")) for n in (1, 2))
        assert first["References"] == first["In-Reply-To"] == second["References"]
        assert sent(alert(incident_id="i2"))["References"] != first["References"]
        assert sent(alert(1, incident_id="i1"), alert(2, incident_id="i1"))["References"] == first["References"]

    def test_without_one_an_alert_is(self):
        assert sent(alert())["References"] == sent(alert(severity="high", event="updated"))["References"]
        assert sent(alert(), alert(2))["References"] is None
