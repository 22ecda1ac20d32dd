"""Who is told of which alerts."""

import pytest
from builders import HOUR, NOON, load_rules, settings
from msgspec.structs import replace

from casbd.config.notifications import Notification, Sms
from casbd.documents.mail_server import MailServer
from casbd.notifications.recipients import Recipients, unreachable
from tests.notifications.alerts import alert

MAIL = MailServer.model_validate({"host": "smtp.example.com", "from": "casbd@example.com"})
SMS = Sms.model_validate({"url": {"env": "SMS_URL"}})


def person(name, **options):
    return Notification.model_validate({"name": name, "email": f"{name}@example.com"} | options)


def told(*people, directory, rules=None, mail=MAIL, sms=SMS):
    configured = replace(settings(), notifications=people, mail=mail, sms=sms)
    return Recipients(configured, load_rules(directory, rules or {"failed": {}}))


def test_all_from_a_severity_on(tmp_path):
    recipients = told(person("soc", min_severity="medium"), person("oncall", min_severity="high"), directory=tmp_path)
    assert recipients.queues(alert(severity="low"), NOON) == []
    assert recipients.queues(alert(severity="medium"), NOON) == ["notify:soc"]
    assert recipients.queues(alert(severity="high"), NOON) == ["notify:soc", "notify:oncall"]
    assert recipients.queues(alert(severity="high", policy_id="casbd.destination_down"), NOON) == ["notify:soc", "notify:oncall"]


def test_only_of_policies_that_name_it(tmp_path):
    rules = {"failed": {"alert": {"email": ["carla"], "sms": ["oncall"]}}, "other": {}}
    people = (person("carla", alerts="named"), person("oncall", alerts="named", min_severity="high"))
    recipients = told(*people, directory=tmp_path, rules=rules)
    assert recipients.queues(alert(), NOON) == ["notify:carla"]
    assert recipients.queues(alert(severity="high"), NOON) == ["notify:carla", "notify:oncall"]
    assert recipients.queues(alert(severity="high", policy_id="other"), NOON) == []


def test_addresses_and_numbers_of_rule_files(tmp_path):
    rules = {"failed": {"alert": {"email": ["eva@example.com", "SOC@Example.com"], "sms": ["+15550100"]}}, "other": {}}
    recipients = told(person("soc"), directory=tmp_path, rules=rules)
    assert recipients.queues(alert(), NOON) == ["notify:soc", "notify:eva@example.com", "notify:+15550100"]  # soc once
    assert recipients.queues(alert(policy_id="other"), NOON) == ["notify:soc"]


def test_of_a_policy_that_is_off_nobody_is_a_destination(tmp_path):
    rules = {"failed": {"enabled": False, "alert": {"email": ["eva@example.com"]}}}
    assert told(directory=tmp_path, rules=rules).people == {}


def test_without_a_way_nobody_is_told_and_that_is_known(tmp_path):
    rules = {"failed": {"alert": {"email": ["eva@example.com"], "sms": ["+15550100"]}}}
    recipients = told(directory=tmp_path, rules=rules, mail=None, sms=None)
    assert recipients.people == {}
    policies = load_rules(tmp_path, rules)
    assert [name for _, name in unreachable(settings(), policies)] == ["eva@example.com", "+15550100"]


@pytest.mark.parametrize(("before", "after", "queues"), [("low", "high", 1), ("high", "high", 0), ("high", "low", 0)])
def test_again_when_the_severity_has_risen(tmp_path, before, after, queues):
    recipients = told(person("soc"), directory=tmp_path)
    assert len(recipients.queues(alert(severity=after), NOON, alert(severity=before))) == queues


def test_of_what_is_history_only_who_wants_it(tmp_path):
    recipients = told(person("soc", max_activity_age="1h"), person("eva"), directory=tmp_path)
    assert recipients.queues(alert(), NOON + HOUR) == ["notify:soc", "notify:eva"]
    assert recipients.queues(alert(), NOON + HOUR + 1) == ["notify:eva"]
    assert recipients.queues(alert(category="system"), NOON + 3 * HOUR) == ["notify:soc", "notify:eva"]


def test_what_is_stored_only_is_told_to_nobody(tmp_path):
    assert told(person("soc"), directory=tmp_path).queues(alert(suppressed=True), NOON) == []
    assert told(person("soc"), directory=tmp_path).queues(alert(merged_into="another"), NOON) == []


@pytest.mark.parametrize(
    "options", [{}, {"email": "a@b.com", "url": {"env": "X"}}, {"email": "nobody"}, {"email": "a@b.com", "max_per_hour": 0}]
)
def test_what_is_no_recipient(options):
    with pytest.raises(ValueError, match=r"either|no e-mail|greater than"):
        Notification.model_validate({"name": "soc"} | options)
