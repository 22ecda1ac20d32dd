"""The column of records: what blocks have compressed is in the file as it is, and who reads Parquet reads the records."""

import itertools
import random
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from builders import NOON, part
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import StoreError
from casbd.model.activity import Activity, ActivityObject
from casbd.store.database import Store
from casbd.store.log import block_rows, blocks, columns, packing, record_pages, segment_files, segments
from casbd.store.log.blocks import Block
from casbd.store.log.packing import Packer
from casbd.store.log.segment_files import PartWriter, Rows

DAY = 86_400_000
TEXTS = st.lists(st.text(max_size=9) | st.sampled_from(["ä" * 200, "\x00", "€" * 70_000, "x" * (1 << 20)]), min_size=1, max_size=20)


def activities(number, first=NOON, step=1, size=400, name="a"):
    """So many that differ, with records of about so many bytes."""
    chance = random.Random(f"{number} {first} {name}")
    things = (ActivityObject("1", "a.txt", "file", "target"), ActivityObject(name="b"))
    return [
        Activity(
            first + n * step, f"{name}{n}", user=f"u{n % 7}", objects=things[: n % 3], raw=f"ä {n} {chance.randbytes(size // 2).hex()}"
        )
        for n in range(number)
    ]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state") as one:
        yield one


def stored(store, *several):
    """Blocks of activities; all of these."""
    with store.transaction() as connection:
        for some in several:
            blocks.add(connection, Packer(), [part(some)], 1)
    return [one for some in several for one in some]


def read_back(store):
    """All that is in segments, in the order of its storing, with its blocks and places."""
    rows = [
        (row["block_id"], row["place"], one)
        for segment in segments.listed(store)
        for table in segment_files.read(segment.path)
        for batch in table.to_batches()
        for row, one in zip(batch.select(["block_id", "place"]).to_pylist(), columns.activities(batch), strict=True)
    ]
    return [one for *_, one in sorted(rows, key=lambda row: row[:2])]


def old_body(several):
    """As an older casbd has stored them: with their records, in one frame."""
    import msgspec

    return zstandard.ZstdCompressor(write_checksum=True).compress(b"".join(map(msgspec.msgpack.encode, several)))


@given(TEXTS)
def test_texts_that_are_not_compressed_yet(texts):
    several = pa.chunked_array([texts[:3], texts[3:]], pa.string())
    pages = [*record_pages.of_texts(several)]
    assert [text for page in pages for text in page.texts().to_pylist()] == texts
    assert sum(page.records for page in pages) == len(texts)
    assert all(len(zstandard.decompress(page.frame)) == page.size for page in pages)


def test_pages_are_of_a_size_that_readers_take():
    texts = pa.chunked_array([["x" * 10_000] * 500])
    pages = [*record_pages.of_texts(texts)]
    assert len(pages) > 3
    assert max(page.size for page in pages) <= 2 * record_pages.BYTES


@pytest.mark.parametrize("rows", [500, 1_000, 20_000])
def test_a_segment_takes_over_what_blocks_have_compressed(store, monkeypatch, rows):
    monkeypatch.setattr(segment_files, "ROWS", rows)
    expected = stored(store, *(activities(700, name=f"{n}-") for n in range(5)))
    frames = [bytes(page.frame) for block in blocks.waiting(store.connection) for page in block.records().pages.values()]
    assert segments.compact(store, at_least=1)
    (segment,) = segments.listed(store)
    whole = segment.path.read_bytes()
    assert len(frames) > 5
    assert all(frame in whole for frame in frames), "they were compressed again"
    assert read_back(store) == expected
    assert not whole.count(b"PAR1", 4, -4)


def test_the_file_says_what_is_in_it(store, monkeypatch):
    """Readers may trust the sizes that a row group tells, and go where it says."""
    monkeypatch.setattr(block_rows, "ROWS", 1_000)
    monkeypatch.setattr(segment_files, "ROWS", 1_000)
    stored(store, *(activities(700, name=f"{n}-") for n in range(4)))
    segments.compact(store, at_least=1)
    (segment,) = segments.listed(store)
    metadata = pq.read_metadata(segment.path)
    assert metadata.num_row_groups == 2
    for group in map(metadata.row_group, range(2)):
        parts = [group.column(number) for number in range(group.num_columns)]
        (records,) = (one for one in parts if one.path_in_schema == "raw")
        assert (records.num_values, records.compression, records.physical_type) == (group.num_rows, "ZSTD", "BYTE_ARRAY")
        assert group.total_byte_size == sum(one.total_uncompressed_size for one in parts)
        ends = sorted((one.dictionary_page_offset or one.data_page_offset, one.total_compressed_size) for one in parts)
        assert all(start + size <= other for (start, size), (other, _) in itertools.pairwise(ends)), "they overlap"
        assert ends[-1] == (records.data_page_offset, records.total_compressed_size)
    with pq.ParquetFile(segment.path) as file:
        assert file.schema_arrow.equals(columns.schema())


def test_duckdb_reads_them_like_any_column(store):
    expected = stored(store, activities(900), activities(900, name="b"))
    segments.compact(store, at_least=1)
    (segment,) = segments.listed(store)
    with duckdb.connect() as connection:
        ask = lambda text: connection.execute(text.format(f"'{segment.path}'")).fetchall()  # noqa: E731
        assert ask("SELECT raw FROM {} ORDER BY block_id, place") == [(one.raw,) for one in expected]
        assert ask("SELECT count(*) FROM {} WHERE contains(raw, ' 77 ')") == [(2,)]
        assert ask("SELECT activity_id FROM {} WHERE raw = (SELECT max(raw) FROM {})".replace("{}", "{0}")) == [
            (max(expected, key=lambda one: one.raw.encode()).activity_id,)
        ]
        assert ask("SELECT count(*) FROM {} WHERE raw IS NULL") == [(0,)]


def test_blocks_of_all_kinds_become_one_segment_each_day(store):
    """With records enough for a page, and with few; over midnight; of an older casbd."""
    expected = stored(
        store,
        activities(900),
        activities(3, name="few"),
        activities(900, NOON + DAY // 2 - 450, name="midnight"),
        activities(2, NOON + DAY // 2 - 1, name="few at midnight"),
        activities(700, name="old"),
        activities(900, NOON + DAY, name="later"),
        activities(1, name="last"),
    )
    store.connection.execute("UPDATE blocks SET body = ? WHERE block_id = 5", (old_body(expected[1805:2505]),))
    assert [one.activity_id for one in blocks.read_block(store.connection, 5)][:2] == ["old0", "old1"]
    assert segments.compact(store, at_least=1)
    assert len(segments.listed(store)) == 2
    assert read_back(store) == expected


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3), st.sampled_from([3, 50, 9_000])), min_size=1, max_size=6),
    st.sampled_from([0, 9_000, packing.DEALT]),
    st.sampled_from([0, 30, segment_files.FEW]),
)
def test_whatever_blocks_there_are_all_of_it_is_in_segments(tmp_path_factory, several, dealt, few):
    few = patch.multiple(segment_files, FEW=few, ROWS=2 * few + 1)
    with Store(tmp_path_factory.mktemp("state")) as store, patch.object(packing, "DEALT", dealt), few:
        expected = stored(
            store,
            *(activities(count, NOON + day * DAY // 2, 1000, size, name=f"{number}-") for number, (count, day, size) in enumerate(several)),
        )
        while segments.compact(store, at_least=1):
            pass
        assert read_back(store) == expected


def test_records_that_have_changed_do_not_become_a_part_of_a_segment(store):
    """They are not decompressed on the way; nobody would know afterwards which of two hundred thousand activities it was."""
    stored(store, activities(900), activities(900, name="b"))
    (body,) = store.connection.execute("SELECT body FROM blocks WHERE block_id = 2").fetchone()
    changed = bytearray(body)
    changed[-100] ^= 1
    store.connection.execute("UPDATE blocks SET body = ? WHERE block_id = 2", (bytes(changed),))
    with pytest.raises(StoreError, match="block 2 of the activity log is damaged"):
        segments.compact(store, at_least=1)
    assert segments.listed(store) == []
    assert next(blocks.damaged(store.connection))[0] == 2


def test_damage_in_the_file_is_seen(store):
    stored(store, activities(900))
    segments.compact(store, at_least=1)
    (segment,) = segments.listed(store)
    group = pq.read_metadata(segment.path).row_group(0)
    place = next(one.data_page_offset for one in map(group.column, range(group.num_columns)) if one.path_in_schema == "raw")
    with segment.path.open("r+b") as file:
        file.seek(place + 3_000)
        file.write(b"\x00\xff\x00")
    with pytest.raises((OSError, pa.ArrowException)):
        [*segment_files.read(segment.path)]


def test_parts_that_become_one_keep_their_records(store, monkeypatch):
    monkeypatch.setattr(segments, "PARTS", 3)
    expected = []
    for number in range(3):
        expected += stored(store, activities(900, NOON + number, name=f"{number}-"))
        segments.compact(store, at_least=1)
    assert len(segments.listed(store)) == 3
    assert segments.compact(store, at_least=10_000)
    assert len(segments.listed(store)) == 1
    assert read_back(store) == expected


def test_a_full_disk_leaves_nothing(store, tmp_path, monkeypatch):
    one = PartWriter(tmp_path, "2026-01-01", "name")
    several = activities(900)
    records = Block(1, 900, NOON, NOON, part(several).body).records()
    table = segment_files.rows(several, 1).table

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_pages, "write", full)
    one.add(Rows(table.drop_columns(["raw"]), [records]))
    with pytest.raises(StoreError, match="No space left"):
        one.finish()
    one.give_up()
    assert [path for path in tmp_path.rglob("*.*") if "state" not in str(path) and path.is_file()] == []
