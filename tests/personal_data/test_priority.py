"""What alerts add to somebody's investigation priority is personal data."""

import pytest
from builders import record

from casbd.alerting import handling
from casbd.personal_data import privacy
from casbd.personal_data.person import Person
from casbd.store.state import audit, personal, priority
from tests.personal_data.conftest import ANNA, everything, now

TABLES = ("priority_lessons", "priority_parts")


@pytest.fixture
def core(make_core):
    """Anna and Bert with an alert each, of whom something was taught."""
    core = make_core(rules={"failed": {}})
    core.feed_records(record(UserId=ANNA), record(UserId="bert@contoso.com"))
    with core.store.transaction() as connection:
        close = handling.closing("false_positive", None, "eva", core.now)
        handling.handle(connection, [alert.alert_id for alert in core.alerts()], close, {}, core.now)
        audit.add(connection, core.now, "users reset-priority", ANNA, {"alerts": 1}, "eva")
    return core


def rows(core, person=None):
    return [(table, row["who"]) for table, row in personal.rows_of(core.store, person) if table in TABLES]


def test_it_is_in_the_archive(core, tmp_path):
    assert rows(core, Person((ANNA,))) == [(table, ANNA) for table in TABLES]
    counts = privacy.export(core.store, ANNA, tmp_path / "anna.zip", now)
    assert (counts["priority_parts"], counts["priority_lessons"]) == (1, 1)


@pytest.mark.parametrize("keep", [False, True])
def test_it_is_forgotten(core, keep):
    other = privacy.forget(core.store, ANNA, keep=keep).pseudonym
    assert not [text for text in everything(core) if ANNA in text]
    assert sorted(rows(core)) == sorted((table, who) for table in TABLES for who in ("bert@contoso.com", *([other] * keep)))
    assert [lesson.alerts for lesson in priority.lessons(core.store.connection, other)] == [1] * keep
