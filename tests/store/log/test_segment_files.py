"""A segment's file: what is written of it is what is in it, however its rows came; who may read it; which day they are of."""

import hashlib
import resource
import stat

import pyarrow.parquet as pq
import pytest
from builders import NOON

from casbd.errors import StoreError
from casbd.model.activity import Activity, ActivityObject
from casbd.store.log import segment_files
from casbd.store.log.columns import BLOCK, PLACE
from casbd.store.log.columns import activities as of
from casbd.store.log.lots import of_activities
from casbd.store.log.segment_files import PartWriter, allow_open, by_day, digest_of, read, rows

DAY = 86_400_000


def activities(*times):
    objects = (ActivityObject("1", "a.txt", "file", "target"), ActivityObject(name="b"))
    return [Activity(time, f"{time}", user="a", objects=objects[: number % 3], ip_tags=("x",)) for number, time in enumerate(times)]


def writer(path, **options):
    return PartWriter(path, "2026-01-01", "name", **options)


def test_what_is_said_of_a_file_is_what_is_in_it(tmp_path):
    one = writer(tmp_path)
    one.add(rows(activities(50, 20, 70), 8))
    one.add(rows([], 1))
    one.add(rows(activities(10, 60), 3, first=5))
    waiting = one.waiting
    part = one.finish()
    path = tmp_path / "date=2026-01-01" / "name.parquet"
    assert (part.file, part.day, part.activities) == ("date=2026-01-01/name.parquet", "2026-01-01", 5)
    assert (part.first, part.last, part.first_block, part.last_block) == (10, 70, 3, 8)
    assert part.digest == hashlib.sha256(path.read_bytes()).digest() == digest_of(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["name.parquet"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o027 == 0
    (table,) = read(path)
    assert table["activity_id"].to_pylist() == ["50", "20", "70", "10", "60"]
    assert list(zip(table[BLOCK].to_pylist(), table[PLACE].to_pylist(), strict=True)) == [(8, 0), (8, 1), (8, 2), (3, 5), (3, 6)]
    assert table["objects"].to_pylist()[2] == [
        {"id": "1", "name": "a.txt", "type": "file", "role": "target"},
        {"id": None, "name": "b", "type": None, "role": None},
    ]
    assert waiting > 0


def test_what_repeats_is_in_a_dictionary_also_within_lists(tmp_path):
    one = writer(tmp_path)
    one.add(rows(activities(*range(20)), 1))
    one.finish()
    written = pq.ParquetFile(tmp_path / "date=2026-01-01" / "name.parquet").metadata.row_group(0)
    columns = [written.column(number) for number in range(written.num_columns)]
    without = {one.path_in_schema for one in columns if not one.has_dictionary_page and one.physical_type == "BYTE_ARRAY"}
    assert without == {"activity_id", "raw", "objects.list.element.id", "objects.list.element.name"}


def test_rows_are_written_in_groups_that_fit_into_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_files, "ROWS", 4)
    one = writer(tmp_path)
    for start in range(0, 10, 2):
        one.add(rows(activities(start, start + 1), 1))
    one.flush()
    assert one.waiting == 0
    one.finish()
    assert [table.num_rows for table in read(tmp_path / "date=2026-01-01" / "name.parquet")] == [4, 4, 2]


def test_what_a_person_did_is_in_one_row_group_of_many_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_files, "ROWS", 60)
    monkeypatch.setattr(segment_files, "FEW", 20)
    one = writer(tmp_path)
    several = [Activity(time, f"{time}", user=f"user{time % 10}", raw=f"record {time}") for time in range(145)]
    for start in range(0, 145, 13):
        one.add(rows(several[start : start + 13], 1, first=start))
    one.finish()
    tables = [*read(tmp_path / "date=2026-01-01" / "name.parquet")]
    batches = [batch for table in tables for batch in table.to_batches()]
    found = [row for batch in batches for row in zip(batch[PLACE].to_pylist(), of(batch), strict=True)]
    assert sorted(found, key=lambda row: row[0]) == [*enumerate(several)]
    lots = {one.user: lot for one, lot in zip(several, of_activities(several), strict=True)}
    groups = [{*table["user"].to_pylist()} for table in tables]
    number = len({*lots.values()})
    assert number > 1
    for some in (groups[:number], groups[number : 2 * number]):
        assert [{lots[user] for user in users} for users in some] == [{lot} for lot in sorted({*lots.values()})]
        assert set.union(*some) == {*lots}
    assert groups[2 * number :] == [{*lots}], "few rows are one"


def test_few_rows_of_many_bytes_are_a_group_each(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_files, "BYTES", 10_000)
    one = writer(tmp_path)
    one.add(rows([Activity(time, f"{time}", raw="x" * 20_000) for time in range(4)], 1))
    assert one.waiting == 0
    one.finish()
    assert [table.num_rows for table in read(tmp_path / "date=2026-01-01" / "name.parquet")] == [1] * 4


def test_what_recurs_is_in_a_dictionary_and_what_differs_in_each_row_is_not(tmp_path):
    import pyarrow.parquet as pq

    one = writer(tmp_path)
    one.add(rows([Activity(time, f"{time}", user="a", raw=f"record {time}") for time in range(100)], 1))
    one.finish()
    group = pq.read_metadata(tmp_path / "date=2026-01-01" / "name.parquet").row_group(0)
    found = {column.path_in_schema: column.has_dictionary_page for column in map(group.column, range(group.num_columns))}
    assert {name: found[name] for name in ("user", "raw", "activity_id")} == {"user": True, "raw": False, "activity_id": False}


def test_given_up_it_leaves_nothing(tmp_path):
    for finish in (False, True):
        one = writer(tmp_path)
        one.add(rows(activities(1), 1))
        if finish:
            one.finish()
        one.give_up()
        assert [*(tmp_path / "date=2026-01-01").iterdir()] == []


def test_where_it_cannot_be_written_the_file_is_named(tmp_path):
    (tmp_path / "date=2026-01-01").write_bytes(b"")
    with pytest.raises(StoreError, match=r"date=2026-01-01/name\.new: "):
        writer(tmp_path)


def test_rows_of_an_older_casbd_have_their_number_as_their_place(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_files, "ROWS", 2)
    one = writer(tmp_path)
    one.add(rows(activities(1, 2, 3), 7))
    one.finish()
    path = tmp_path / "date=2026-01-01" / "name.parquet"
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(path).drop_columns([PLACE]), path, row_group_size=2)
    assert [table[PLACE].to_pylist() for table in read(path)] == [[0, 1], [2]]


def test_rows_apart_by_the_day_of_their_time():
    several = rows(activities(NOON, NOON + DAY, NOON + 1, NOON - NOON % DAY, NOON - NOON % DAY - 1), 1)
    apart = {day: some.table["timestamp"].to_pylist() for day, some in by_day(several)}
    assert apart == {
        "2026-01-01": [NOON, NOON + 1, NOON - NOON % DAY],
        "2026-01-02": [NOON + DAY],
        "2025-12-31": [NOON - NOON % DAY - 1],
    }
    ((label, together),) = by_day(several, lambda day: "year")
    assert (label, together.table["timestamp"].to_pylist()) == ("year", several.table["timestamp"].to_pylist())


INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "allowed", "now"),
    [
        (1024, 4096, 1500, 1500),
        (1024, 1200, 1200, 1200),
        (1024, INFINITE, 1500, 1500),
        (1500, 4096, 1500, None),
        (INFINITE, INFINITE, 1500, None),
    ],
)
def test_so_many_files_may_be_open(monkeypatch, soft, hard, allowed, now):
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limit: limits.append(limit))
    assert allow_open(1000) == allowed
    assert limits == ([] if now is None else [(now, hard)])
