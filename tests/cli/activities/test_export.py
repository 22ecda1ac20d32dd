"""`casbd activities export` on a prepared store: files, mistakes, exit codes, signals, a terminal."""

import csv
import errno
import json
import os
import pty
import resource
import signal
import subprocess
import sys
from contextlib import suppress

import pyarrow.parquet as pq
import pytest
from builders import MINUTE, Core, record
from click.testing import CliRunner

from casbd import cli
from casbd.cli._exporting import _ended_by_signals
from casbd.model.activity import FIELDS
from casbd.store.log import segments

IDS = [f"fail-{n}" for n in range(6)]


@pytest.fixture(scope="module")
def configuration(tmp_path_factory):
    """Six activities, four of them in a segment."""
    directory = tmp_path_factory.mktemp("place")
    core = Core(directory / "core")
    core.feed_records(*(record(at=n * MINUTE, Id=IDS[n], UserId=f"{'ab'[n % 2]}@contoso.com", Note="x" * 10_000) for n in range(4)))
    assert segments.compact(core.store, at_least=1)
    core.feed_records(*(record(at=n * MINUTE, Id=IDS[n], UserId="=a@contoso.com") for n in (4, 5)))
    core.close()
    (directory / "casbd.yaml").write_text("state_dir: core/state\ninputs: []\n")
    return directory / "casbd.yaml"


@pytest.fixture
def run(configuration):
    def run(*arguments, code=0):
        result = CliRunner().invoke(cli.casbd, ["-c", str(configuration), "activities", *map(str, arguments)])
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.reader(file, strict=True)]


def test_each_kind_of_file(run, tmp_path):
    told = run("export", tmp_path / "a.csv")
    assert told.stdout == ""
    assert told.stderr == f"casbd: 6 activities, {(tmp_path / 'a.csv').stat().st_size:,} bytes in {tmp_path / 'a.csv'}\n"
    header, *cells = rows(tmp_path / "a.csv")
    assert header == [*FIELDS]
    assert [row[header.index("activity_id")] for row in cells] == IDS
    assert [row[header.index("user")] for row in cells][3:] == ["b@contoso.com", "'=a@contoso.com", "'=a@contoso.com"]
    run("export", tmp_path / "a.ndjson")
    searched = run("search", "--json", "--limit", "0", "--sort", "timestamp").stdout
    assert (tmp_path / "a.ndjson").read_text() == searched
    run("export", tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet")["activity_id"].to_pylist() == IDS


def test_filters_span_columns_and_mark(run, tmp_path):
    span = ["--from", "2026-01-01T12:01:00Z", "--to", "2026-01-01T12:04:00Z"]
    run("export", tmp_path / "a.csv", "--filter", "user neq b@contoso.com", *span, "--columns", "user, activity_id", "--bom")
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfuser,activity_id\r\n")
    assert rows(tmp_path / "a.csv")[1:] == [["a@contoso.com", "fail-2"], ["'=a@contoso.com", "fail-4"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["a.xlsx"], "a.xlsx does not end with .csv, .csv.gz, .csv.zst, .ndjson, .ndjson.gz, .ndjson.zst, .parquet"),
        (["-"], "does not end with"),
        (["\x1b[31m.txt"], "FILE: [31m.txt does not end"),
        (["a.csv", "--columns", "user,when"], "no such field: when; fields: timestamp, activity_id"),
        (["a.csv", "--columns", "user,city,user"], "more than once: user"),
        (["a.csv", "--columns", "user,"], "no such field: ; fields"),
        (["a.csv", "--columns", "\x1b[31m"], "no such field: [31m; fields"),
        (["a.csv", "--filter", "user is a"], "--filter"),
        (["a.csv", "--from", "noon"], "is no time"),
        (["a.parquet", "--bom"], "only CSV"),
        (["there.csv"], "there.csv is there already; --force writes over it"),
        (["half.csv"], "half.csv.part another export writes it, or was killed; then remove it"),
        (["half.csv", "--force"], "half.csv.part another export writes it, or was killed; then remove it"),
        (["no/a.csv"], "no/a.csv.part: No such file or directory"),
        (["there.csv/a.csv"], "Not a directory"),
        (["directory.csv"], "is a directory"),
    ],
    ids=lambda value: " ".join(value).replace("\x1b", "ESC") if isinstance(value, list) else "",
)
def test_wrong_use(run, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("precious")
    (tmp_path / "half.csv.part").write_text("half")
    (tmp_path / "directory.csv").mkdir()
    error = " ".join(run("export", *arguments, code=2).stderr.split("\n"))
    assert told in error
    assert "\x1b" not in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory.csv", "half.csv.part", "there.csv"]
    assert (tmp_path / "there.csv").read_text() == "precious"


def test_force(run, tmp_path):
    (tmp_path / "a.csv").write_text("old")
    run("export", tmp_path / "a.csv", "--columns", "activity_id", "--force")
    assert rows(tmp_path / "a.csv") == [["activity_id"], *([one] for one in IDS)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_may_not_be_written_to(run, tmp_path):
    tmp_path.chmod(0o500)
    assert "Permission denied" in run("export", tmp_path / "a.csv", code=2).stderr


def test_a_full_disk_is_worth_another_try(run, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
        told = run("export", tmp_path / "a.csv", code=75).stderr
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told == f"Error: {tmp_path / 'a.csv'}: {os.strerror(errno.EFBIG)}; nothing is left of it\n"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_end_a_program_are_interrupts_meanwhile(number):
    before = signal.signal(number, signal.SIG_DFL)  # nohup, around the tests, has SIGHUP ignored
    try:
        with pytest.raises(KeyboardInterrupt), _ended_by_signals():
            signal.raise_signal(number)
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_nohup_is_heeded():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("filters", "left"), [([], True), (["--filter", "app isset true"], False)])
def test_progress_on_a_terminal_alone(configuration, tmp_path, filters, left):
    ours, theirs = pty.openpty()
    main = "from casbd.cli import main; main()"
    arguments = ["-c", str(configuration), "activities", "export", str(tmp_path / "a.ndjson"), *filters]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run([sys.executable, "-c", main, *arguments], stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    shown = b""
    with suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:  # the end of a terminal is an error
        while some := terminal.read(4096):
            shown += some
    assert done.stdout == b""
    assert b"6 activities" in shown
    assert (b"left" in shown) == left
    assert shown.endswith(b"\r\n")
    assert len((tmp_path / "a.ndjson").read_text().splitlines()) == 6
    assert json.loads((tmp_path / "a.ndjson").read_text().splitlines()[0])["activity_id"] == "fail-0"
