"""Exports: what is read back is what was stored, harmless in a spreadsheet, and whole or not there."""

import gzip
import io
import json
from datetime import UTC, datetime

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from builders import MINUTE, NOON, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casbd.activity_log import Wanted
from casbd.activity_log import export as module
from casbd.activity_log.export import at_most, ending
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records.timestamps import NEWEST, OLDEST, iso
from casbd.store.log import segments
from casbd.wire import json_lines
from tests.activity_log.conftest import EVERYTHING, exported, put, rows

DANGEROUS = [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\r\n"]


@pytest.fixture
def core(make_core):
    return make_core()


def in_csv(name, value):
    """What a cell should hold: told once more, without haste."""
    kind = FIELDS[name].kind
    if value is None:
        return ""
    if kind == "time":
        return iso(value)
    if kind == "objects":
        return json.loads(json.dumps([msgspec.structs.asdict(thing) for thing in value])) if value else ""
    if kind == "flag":
        return "true" if value else "false"
    if kind in ("integer", "number"):
        return value
    text = "; ".join(value) if kind == "list" else value
    text = "".join("\ufffd" if letter in CONTROLS else letter for letter in text)
    return "'" + text if text.startswith(tuple(DANGEROUS)) else text


def read_cell(name, text):
    kind = FIELDS[name].kind
    if not text or kind not in ("objects", "integer", "number"):
        return text
    return {"objects": json.loads, "integer": int, "number": float}[kind](text)


letters = st.one_of(
    st.characters(exclude_categories=("Cs",)), st.sampled_from([*DANGEROUS, *CONTROLS, *"\",;'\\{", "\u2028", "\U0001f600"])
)
texts = st.text(letters, max_size=6)
things = st.builds(ActivityObject, *[st.none() | texts] * 4)
one = st.builds(
    Activity,
    timestamp=st.integers(OLDEST, NEWEST),
    activity_id=texts,
    activity_type=texts,
    user=st.none() | texts,
    result=st.none() | texts,
    user_groups=st.lists(texts, max_size=3).map(tuple),
    objects=st.lists(things, max_size=2).map(tuple),
    is_impersonated=st.none() | st.booleans(),
    ip_port=st.none() | st.integers(-(2**63), 2**63 - 1),
    latitude=st.none() | st.floats(-180, 180),
    raw=texts,
)
"""One field of each kind: the others are treated as these are."""
some_blocks = st.lists(st.tuples(st.lists(one, min_size=1, max_size=4), st.booleans()), max_size=3)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(some_blocks)
def test_what_is_read_back_is_what_was_stored(store, tmp_path, made):
    stored = put(store, *made)

    header, *cells = rows(exported(store, tmp_path / "a.csv", force=True))
    assert header == [*FIELDS]
    found = [{name: read_cell(name, text) for name, text in zip(header, row, strict=True)} for row in cells]
    assert found == [{name: in_csv(name, getattr(activity, name)) for name in FIELDS} for activity in stored]

    lines = exported(store, tmp_path / "a.ndjson", force=True).read_bytes()
    assert lines == b"".join(json_lines.activity(activity) + b"\n" for activity in stored)

    table = pq.read_table(exported(store, tmp_path / "a.parquet", force=True))
    assert table.column_names == [*FIELDS]
    values = [column.to_pylist() for column in table.columns]
    back = [
        Activity(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in zip(FIELDS, row, strict=True)}
            | {"timestamp": round(row[0].timestamp() * 1000), "objects": tuple(ActivityObject(**thing) for thing in row[objects])}
        )
        for objects in [[*FIELDS].index("objects")]
        for row in zip(*values, strict=True)
    ]
    assert back == stored


@pytest.mark.parametrize("compacted", [False, True], ids=["blocks", "segments"])
@pytest.mark.parametrize("first", DANGEROUS, ids=ascii)
def test_no_cell_begins_like_a_formula(store, tmp_path, first, compacted):
    text = f"{first}cmd|' /C calc'!A0"
    harmless = Activity(OLDEST, "x", user="a=b", user_groups=("a", text))
    put(store, ([harmless, Activity(OLDEST, text, user=text, user_groups=(text, "a"), latitude=-3.1, asn=-5, raw=text)], compacted))
    columns = ["activity_id", "user", "user_groups", "latitude", "asn", "raw"]
    _, clean, row = rows(exported(store, tmp_path / "a.csv", columns))
    assert row == [f"'{text}", f"'{text}", f"'{text}; a", "-3.1", "-5", f"'{text}"]
    assert clean == ["x", "a=b", f"a; {text}", "", "", ""]


@pytest.mark.parametrize("first", ["a", "'", '"', " ", "ä", "\U0001f600", "|", "%", "0"])
def test_other_beginnings_stay(store, tmp_path, first):
    put(store, ([Activity(OLDEST, "x", user=f"{first}=1+1")], False))
    assert rows(exported(store, tmp_path / "a.csv", ["user"])) == [["user"], [f"{first}=1+1"]]


def test_csv_is_that_of_the_standard(store, tmp_path):
    put(store, ([Activity(NOON, "x", user='say "hi", you\r\nthere\n', country="NO", is_external_user=False, ip_port=443)], True))
    path = exported(store, tmp_path / "a.csv", ["timestamp", "user", "city", "country", "is_external_user", "ip_port"])
    assert path.read_bytes() == (
        b"timestamp,user,city,country,is_external_user,ip_port\r\n"
        b'"2026-01-01T12:00:00.000Z","say ""hi"", you\r\nthere\n",,"NO",false,443\r\n'
    )


@pytest.mark.parametrize("letter", CONTROLS, ids=ascii)
def test_no_control_character_is_left_in_csv(store, tmp_path, letter):
    put(store, ([Activity(OLDEST, "x", user=f"ä{letter}b", raw=letter)], False))
    assert rows(exported(store, tmp_path / "a.csv", ["user", "raw"]))[1] == ["ä\ufffdb", "\ufffd"]


def test_half_a_surrogate_pair_in_a_record_is_six_characters(core, tmp_path):
    core.feed_records(
        record(Id="half", ObjectId="x", Workload="\U0001f600").replace(b'"x"', b'"\\ud800"'), record(Id="whole", ObjectId="x")
    )
    raws = [activity.raw for activity in core.activities()]
    assert [raw for raw in raws if "\\ud800" in raw] == raws[:-1]
    assert [raw for (raw,) in rows(exported(core.store, tmp_path / "a.csv", ["raw"]))[1:]] == raws
    assert pq.read_table(exported(core.store, tmp_path / "a.parquet", ["raw"]))["raw"].to_pylist() == raws
    assert [json.loads(line)["raw"] for line in exported(core.store, tmp_path / "a.ndjson").read_text().splitlines()] == raws


def test_parquet_has_types_of_its_own(store, tmp_path):
    put(store, ([Activity(NOON, "x", user_groups=("a",), objects=(ActivityObject("1", "ä", None, "target"),), latitude=-3.1)], True))
    path = exported(store, tmp_path / "a.parquet")
    assert pq.read_schema(path).field("timestamp").type == pa.timestamp("ms", tz="UTC")
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    with duckdb.connect() as connection:
        given = "epoch_ms(timestamp), user_groups[1], objects[1].name, objects[1].type, latitude"
        assert connection.execute(f"SELECT {given} FROM read_parquet(?)", [str(path)]).fetchall() == [(NOON, "a", "ä", None, -3.1)]
    assert pq.read_table(path)["timestamp"][0].as_py() == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_thousands_of_rows(store, tmp_path, monkeypatch):
    made = [Activity(NOON + n, f"id-{n}", raw="x" * 200) for n in range(5_000)]
    put(store, (made[:3_000], True), (made[3_000:], False))
    monkeypatch.setattr(module, "_ROW_GROUP", 400_000)
    told = []
    path = exported(store, tmp_path / "a.parquet", ["activity_id", "raw"], progress=told.append)
    assert pq.read_table(path)["activity_id"].to_pylist() == [activity.activity_id for activity in made]
    assert 1 < pq.ParquetFile(path).num_row_groups < 5
    assert told == sorted(told)
    assert told[-1] == 5_000
    assert [row[0] for row in rows(exported(store, tmp_path / "a.csv", ["activity_id"]))[1:]] == [a.activity_id for a in made]
    lines = exported(store, tmp_path / "a.ndjson").read_bytes().splitlines()
    assert lines == [json_lines.activity(activity) for activity in made]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_compressed(store, tmp_path, kind):
    put(store, ([Activity(NOON + n, f"id-{n}") for n in range(1_000)], True))
    plain = exported(store, tmp_path / f"a.{kind}").read_bytes()
    assert gzip.decompress(exported(store, tmp_path / f"a.{kind}.gz").read_bytes()) == plain
    packed = exported(store, tmp_path / f"a.{kind}.ZST").read_bytes()
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)) as reader:
        assert reader.read() == plain
    assert len(packed) < len(plain) / 10


@pytest.mark.parametrize("wanted", [Wanted(["user eq nobody"], lambda: 0), EVERYTHING], ids=["filtered", "no log"])
def test_nothing(store, tmp_path, wanted):
    put(store, *[([Activity(NOON, "x", user="a")], True), ([Activity(NOON, "y", user="a")], False)][: 2 * (wanted is not EVERYTHING)])
    assert exported(store, tmp_path / "a.csv", ["user", "raw"], wanted=wanted).read_bytes() == b"user,raw\r\n"
    assert exported(store, tmp_path / "a.ndjson", wanted=wanted).read_bytes() == b""
    table = pq.read_table(exported(store, tmp_path / "a.parquet", wanted=wanted))
    assert (table.num_rows, table.column_names) == (0, [*FIELDS])
    assert gzip.decompress(exported(store, tmp_path / "a.ndjson.gz", wanted=wanted).read_bytes()) == b""


def test_filters_span_and_order_of_columns(core, tmp_path):
    core.feed_records(*(record(at=n * MINUTE, Id=f"{n}", UserId=f"{'ab'[n % 2]}@contoso.com") for n in range(6)))
    segments.compact(core.store, at_least=1)
    core.feed_records(*(record(at=n * MINUTE, Id=f"{n}", UserId="b@contoso.com") for n in (7, 6)))
    wanted = Wanted(["user eq B@contoso.com"], lambda: NOON)
    path = exported(core.store, tmp_path / "a.ndjson", ["user", "activity_id"], NOON + MINUTE + 1, NOON + 7 * MINUTE, wanted=wanted)
    assert path.read_text() == "".join(f'{{"user":"b@contoso.com","activity_id":"{n}"}}\n' for n in (3, 5, 7, 6)), "as they were stored"


def test_byte_order_mark(store, tmp_path):
    put(store, ([Activity(NOON, "ä")], False))
    assert exported(store, tmp_path / "a.csv", ["activity_id"], bom=True).read_text("utf-8-sig") == 'activity_id\n"ä"\n'
    assert exported(store, tmp_path / "b.csv", ["activity_id"], bom=True).read_bytes().startswith(b"\xef\xbb\xbfactivity_id\r\n")
    with pytest.raises(ValueError, match="only CSV"):
        exported(store, tmp_path / "a.ndjson", bom=True)


@pytest.mark.parametrize("name", ["a", "a.json", "a.parquet.gz", "a.csv.bz2", "csv", "a.gz", "a.csv.part"])
def test_other_endings(store, tmp_path, name):
    with pytest.raises(ValueError, match=r"\.csv, \.csv\.gz.*\.parquet"):
        exported(store, tmp_path / name)
    assert [*tmp_path.iterdir()] == []


def test_endings():
    assert [ending(module.Path(name)) for name in ("A.CSV", "x.y.csv.gz", "a.ndjson.zst")] == [".csv", ".csv.gz", ".ndjson.zst"]


def test_at_most(store):
    put(store, ([Activity(NOON + n, f"{n}") for n in range(4)], True), ([Activity(NOON + n, f"{n}") for n in range(8, 11)], False))
    assert (at_most(store), at_most(store, NOON + 2), at_most(store, None, NOON), at_most(store, NOON + 4, NOON + 7)) == (7, 7, 4, 0)
