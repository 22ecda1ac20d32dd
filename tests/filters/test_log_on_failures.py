"""What the reasons of failed log ons mean, in each vendor's words."""

import pytest
from verdicts import holds

from casbd.documents import Document
from casbd.filters.condition_text import parse_condition
from casbd.filters.log_on_failures import MEANINGS, OTHER, TABLE, WRONG_PASSWORD, failures, meaning_of
from casbd.filters.tree import fields
from casbd.model.activity import Activity
from casbd.plugins import registry


@pytest.mark.parametrize(
    ("reason", "source", "meaning"),
    [
        ("50126", "entra", WRONG_PASSWORD),
        ("InvalidUserNameOrPassword", "m365", WRONG_PASSWORD),
        ("invalidusernameorpassword", None, WRONG_PASSWORD),
        ("InvalidReplyTo", "m365", OTHER),
        ("InvalidReplyTo", "json", WRONG_PASSWORD),  # nobody has sorted that vendor's words
        ("UserAccountNotFound", "m365", "no such user"),
        ("InvalidPasswordExpiredPassword", "m365", "expired password"),
        ("UserStrongAuthClientAuthNRequiredInterrupt", None, "further step"),
        ("INVALID_CREDENTIALS", "okta", WRONG_PASSWORD),
        ("LOCKED_OUT", "okta", "locked out"),
        ("Failed authentication", "aws_cloudtrail", WRONG_PASSWORD),
        ("wrong password (0xC000006A), network", "windows_security", WRONG_PASSWORD),
        ("account locked out (0xC0000234), network", "windows_security", "locked out"),
        ("clock skew too great (0x25)", "windows_security", OTHER),
        ("OldPassword, Ntlm", "defender_for_identity", WRONG_PASSWORD),
        (None, "m365", WRONG_PASSWORD),
        ("x" * 1_000_000, "okta", OTHER),
    ],
)
def test_a_reason(reason, source, meaning):
    assert meaning_of(reason, source) == meaning
    activity = Activity(result_detail=reason, source=source)
    assert holds(f"{{result_detail: {{means: {meaning}}}}}", activity)
    assert not holds(f"{{result_detail: {{nmeans: [{meaning}, locked out]}}}}", activity)


def test_a_policy_that_asks_for_it_looks_at_the_format_too():
    """What is read of the stored log to try a policy on it are the fields that it looks at."""
    assert fields(parse_condition("result_detail means wrong password")) == {"result_detail", "source"}


def test_the_table_names_formats_that_there_are_and_each_word_once():
    vendors = Document(TABLE).data
    assert failures().formats <= {*registry.names("formats")}
    words = [word.casefold() for vendor in vendors.values() for several in vendor["meanings"].values() for word in several]
    assert len(words) == len(set(words))
    assert {meaning for vendor in vendors.values() for meaning in vendor["meanings"]} <= {*MEANINGS}
    assert all(vendor["source"].startswith("https://") for vendor in vendors.values())
