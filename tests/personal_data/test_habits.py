"""What anomaly policies remember of a person is shown, and forgotten; what they remember of others stays."""

import json
import zipfile

import msgspec
import pytest
from builders import HOUR, Core, record

from casbd.personal_data import privacy
from casbd.store.state import personal
from tests.personal_data.conftest import ANNA, everything, now

RULES = {"new": {"match": {"new": "ip_address", "history": "7d", "unless_common": 2}}, "rules": {"match": {"new": "object_id"}}}


@pytest.fixture
def core(tmp_path):
    """Anna and Bert, with memories on the shelf and, of the last days, in the journal."""
    core = Core(tmp_path / "core", rules=RULES)
    for day in range(4):
        core.now += 24 * HOUR
        for number, user in enumerate((ANNA, "bert@contoso.com")):
            address = f"203.0.113.{day * 2 + number}"
            core.feed_records(
                record(at=day * 24 * HOUR, UserId=user, Id=f"{user[:4]}-{day}", ClientIP=address, ObjectId=f"/{ANNA}/{number}")
            )
        if day == 2:
            core.pipeline._memory.habits.begin()
            core.pipeline._memory.habits.put()
    yield core
    core.close()


def remembered(core):
    return {table: [row for name, row in personal.rows_of(core.store) if name == table] for table in ("habits", "habits_journal")}


def test_what_is_remembered_is_exported(core, tmp_path):
    counts = privacy.export(core.store, ANNA, tmp_path / "anna.zip", now)
    assert counts["habits"] == 5  # two of her own, two of all together, and of Bert what has her name
    with zipfile.ZipFile(tmp_path / "anna.zip") as archive:
        rows = [json.loads(line) for line in archive.read("habits.ndjson").splitlines()]
        journal = [json.loads(line) for line in archive.read("habits_journal.ndjson").splitlines()]
    assert sum(row["who"] == ANNA for row in rows) == 2
    assert "203.0.113.0" in str([row for row in rows if row["who"] == ANNA])
    others = [row for row in rows if row["who"] != ANNA]
    assert "203.0.113.1" not in str([row["memory"] for row in others])
    assert {who for row in journal for _, who, _ in row["observed"]} <= {ANNA, "bert@contoso.com"}


@pytest.mark.parametrize("keep", [False, True])
def test_nothing_is_left_of_who_is_forgotten(core, keep):
    before = remembered(core)
    assert any(ANNA in str(row) for row in before["habits"])
    assert any(ANNA in str(row) for row in before["habits_journal"])
    privacy.forget(core.store, ANNA, keep=keep)
    assert ANNA not in "\n".join(everything(core))
    after = remembered(core)
    assert {row["who"] for row in after["habits"]} == {"", "bert@contoso.com"}
    assert {who for row in after["habits_journal"] for _, who, _ in row["observed"]} == {"bert@contoso.com"}
    core.reopen()
    core.now += 10 * 24 * HOUR
    core.feed_records(record(at=10 * 24 * HOUR, UserId="bert@contoso.com", ClientIP="198.51.100.1"))
    assert any("198.51.100.1" in str(one) for one in msgspec.to_builtins(remembered(core)["habits_journal"]))
