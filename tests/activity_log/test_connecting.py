"""DuckDB reads the segments and nothing else, and leaves nothing behind."""

import os
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casbd.activity_log.connecting import connect


@pytest.fixture
def place(tmp_path):
    (tmp_path / "it's state").mkdir()
    for name in ("it's state/own.parquet", "other.parquet"):
        pq.write_table(pa.table({"a": [1, 2]}), tmp_path / name)
    return tmp_path


@pytest.fixture
def connection(place):
    return connect([place / "it's state"])


def rows(connection, file):
    return connection.execute("SELECT sum(a) FROM read_parquet(?)", [[str(file)]]).fetchall()


def test_reads_what_is_below_its_directories(connection, place):
    assert rows(connection, place / "it's state" / "own.parquet") == [(3,)]


def test_reads_an_open_file_that_was_removed(connection, place):
    file = place / "it's state" / "own.parquet"
    number = os.open(file, os.O_RDONLY)
    file.unlink()
    assert rows(connection, f"/proc/self/fd/{number}") == [(3,)]
    os.close(number)


def test_a_directory_that_is_a_link_is_read(place):
    (place / "link").symlink_to("it's state")
    assert rows(connect([place / "link"]), place / "link" / "own.parquet") == [(3,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_parquet('{place}/other.parquet')",
        "SELECT * FROM '{place}/other.parquet'",
        "SELECT * FROM read_parquet('{place}/it''s state/../other.parquet')",
        "SELECT * FROM read_parquet('{place}/it''s state/link.parquet')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_parquet('/proc/self/fd/{number}')",
        "SELECT * FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{place}/made.csv'",
        "ATTACH '{place}/made.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET temp_directory = '{place}'",
        "SELECT * FROM a_variable",
    ],
)
def test_nothing_else_can_be_reached(connection, place, query):
    a_variable = pa.table({"a": [1]})
    (place / "it's state" / "link.parquet").symlink_to(place / "other.parquet")
    number = os.open(place / "other.parquet", os.O_RDONLY)
    before = sorted(place.iterdir())
    try:
        found = connection.execute(query.format(place=place, number=number)).fetchall()
    except duckdb.Error:
        found = []
    os.close(number)
    assert (found, sorted(place.iterdir()), len(a_variable)) == ([], before, 1)


def test_what_does_not_fit_into_memory_is_in_a_private_directory_that_goes(place, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(place))
    connection = connect([place])
    ((spill,),) = connection.execute("SELECT current_setting('temp_directory')").fetchall()
    assert (Path(spill).parent, stat.S_IMODE(Path(spill).stat().st_mode)) == (place, 0o700)
    del connection
    assert not Path(spill).exists()
