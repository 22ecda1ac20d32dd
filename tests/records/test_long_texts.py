"""Whatever a record holds, what is kept of it by the thousand is short, and two that differ still do."""

from builders import record
from hypothesis import given
from hypothesis import strategies as st

from casbd.governance.accounts import no_person
from casbd.model.identity import is_address
from casbd.records.long_texts import _FIELDS, LONGEST, shortened

HALF_A_MEGABYTE = "x" * 500_000
LONG = {"UserId": HALF_A_MEGABYTE, "UserKey": HALF_A_MEGABYTE, "Operation": HALF_A_MEGABYTE, "OrganizationId": HALF_A_MEGABYTE}
RULES = {
    "single": {"filters": {"user": {"isset": True}}, "description": "x"},
    "by-user": {"filters": {"user": {"isset": True}}, "match": {"repeated": 2, "within": "5m", "by": ["user", "app_instance"]}},
    "by-object": {
        "filters": {"user": {"isset": True}},
        "match": {"repeated": 2, "within": "5m", "by": ["object_id"], "unique": "action_type"},
    },
}


@given(st.text(max_size=50), st.text(max_size=50))
def test_two_that_differ_still_do(one, other):
    assert (shortened(one, 10) == shortened(other, 10)) == (one == other)
    assert len(shortened(one, 10)) <= 40
    assert len(one) > 10 or shortened(one, 10) == one


def test_nobody_is_acted_on_by_a_name_that_was_shortened():
    name = shortened("anna@contoso.com" + "\u200b" * 2000)
    assert no_person(name)
    assert not is_address(name)


def test_what_is_kept_of_records_with_texts_of_half_a_megabyte(make_core):
    core = make_core(rules=RULES)
    records = [
        record(Id=f"{n}", at=n * 1000, **{field: f"{text}{n // 2}" for field, text in LONG.items()}, ObjectId=HALF_A_MEGABYTE + "o")
        for n in range(6)
    ]
    core.feed_records(*records)
    activities = core.activities()
    assert len(activities) == 6
    assert all(len(getattr(activity, field) or "") <= LONGEST for activity in activities for field in _FIELDS)
    assert len({activity.user for activity in activities}) == 3
    assert len({activity.app_instance for activity in activities}) == 3
    assert all(f"{HALF_A_MEGABYTE}{n // 2}" in activity.raw for n, activity in enumerate(activities))
    assert [activity.object_id for activity in activities] == [HALF_A_MEGABYTE + "o"] * 6, "filters find what is in it"
    connection = core.store.connection
    held = sum(
        sum(len(value) for value in row if isinstance(value, str | bytes))
        for table in ("alerts", "outbox", "window_pages", "window_journal", "governance", "held_back")
        for row in connection.execute(f"SELECT * FROM {table}")
    )
    assert len(core.alerts()) == 6 + 3 + 1
    assert held < 200_000
