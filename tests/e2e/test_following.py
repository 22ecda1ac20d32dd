"""What other followers lose lines in: nine ways of writing and rotating, with the real daemon. casbd loses none."""

import gzip
import os
import shutil

import m365_records
import pytest
from running import ids

LINES = m365_records.lines(120)


def expect(site, daemon, lines):
    """All of the lines are in the activity log, each once, and the daemon is well."""
    site.wait_for_records(len(lines))
    assert site.activity_ids() == ids(lines)
    assert site.counts()["rejects"] == 0
    if daemon:
        assert daemon.terminate() == 0


def test_append(site):
    daemon = site.start()
    for n in range(0, 60, 10):
        site.write("log", LINES[n : n + 10])
        site.wait_for_records(n + 10)
    expect(site, daemon, LINES[:60])
    assert site.counts()["duplicates"] == 0


def test_rename(site):
    daemon = site.start()
    path = site.write("log", LINES[:30])
    path.rename(site.inputs / "log.1")
    site.write("log", LINES[30:60])
    expect(site, daemon, LINES[:60])
    assert site.counts()["duplicates"] == 0


def test_rename_to_a_name_that_is_no_input(make_site):
    site = make_site(inputs=[])
    site.configure(inputs=[{"name": "m365", "path": f"{site.inputs}/*.log", "format": "m365"}])
    daemon = site.start()
    path = site.write("audit.log", LINES[:30])
    site.wait_for_records(30)
    with path.open("ab") as writer:
        writer.write(b"".join(line + b"\n" for line in LINES[30:40]))
        path.rename(site.inputs / "audit.log.1")
    site.write("audit.log", LINES[40:60])
    expect(site, daemon, LINES[:60])


def test_late_writer(site):
    daemon = site.start()
    path = site.write("log", LINES[:10])
    with path.open("ab", buffering=0) as writer:
        site.wait_for_records(10)
        path.rename(site.inputs / "log.1")
        site.write("log", LINES[10:20])
        site.wait_for_records(20)
        for line in LINES[20:70]:
            writer.write(line + b"\n")
        site.wait_for_records(70)
    expect(site, daemon, LINES[:70])


def test_copytruncate(site):
    daemon = site.start()
    path = site.write("log", LINES[:30])
    site.wait_for_records(30)
    copy_and_truncate(path, site.inputs / "log.1")
    site.write("log", LINES[30:50])
    expect(site, daemon, LINES[:50])


def test_copytruncate_and_regrow_at_once(site):
    daemon = site.start()
    path = site.write("log", LINES[:20])
    site.wait_for_records(20)
    site.write("log", LINES[20:30])
    copy_and_truncate(path, site.inputs / "log.1")
    site.write("log", LINES[30:100])  # larger than it was, before anybody can have looked
    expect(site, daemon, LINES[:100])


def test_torn_line(site):
    daemon = site.start()
    path = site.write("log", LINES[:5])
    half = len(LINES[5]) // 2
    for piece in (LINES[5][:half], LINES[5][half:], b"\n"):
        with path.open("ab") as writer:
            writer.write(piece)
        site.wait_for_records(5)
    site.write("log", LINES[6:10])
    expect(site, daemon, LINES[:10])


def test_stop_append_start(site):
    daemon = site.start()
    site.write("log", LINES[:20])
    site.wait_for_records(20)
    daemon.terminate()
    site.write("log", LINES[20:120])
    expect(site, site.start(), LINES[:120])
    assert site.counts()["duplicates"] == 0


@pytest.mark.parametrize("compressed", [False, True])
def test_append_stop_append_rotate_append_start(site, compressed):
    daemon = site.start()
    path = site.write("log", LINES[:30])
    site.wait_for_records(30)
    daemon.terminate()
    site.write("log", LINES[30:60])
    path.rename(site.inputs / "log.1")
    site.write("log", LINES[60:90])
    if compressed:
        compress(site.inputs / "log.1")
    expect(site, site.start(), LINES[:90])
    assert site.counts()["duplicates"] == 0


def test_kill(site):
    daemon = site.start()
    site.write("log", LINES[:10])
    site.wait_for_records(10)
    site.write("log", LINES[10:60])
    daemon.kill()
    site.write("log", LINES[60:70])
    expect(site, site.start(), LINES[:70])


def test_kill_in_the_middle_of_a_line(site):
    daemon = site.start()
    path = site.write("log", LINES[:10])
    with path.open("ab") as writer:
        writer.write(LINES[10][:100])
    site.wait_for_records(10)
    daemon.kill()
    with path.open("ab") as writer:
        writer.write(LINES[10][100:] + b"\n")
    expect(site, site.start(), LINES[:11])


def test_a_thousand_small_files(site):
    daemon = site.start()
    lines = m365_records.lines(1000, seed=7)
    for number, line in enumerate(lines):
        temporary = site.directory / "blob"
        temporary.write_bytes(line + b"\n")
        temporary.rename(site.inputs / f"{number}.json")
    expect(site, daemon, lines)


def copy_and_truncate(path, copy):
    """What logrotate's copytruncate does."""
    shutil.copyfile(path, copy)
    os.truncate(path, 0)


def compress(path):
    """What gzip does: another file, then the first one is gone; the time stays."""
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, ns=(path.stat().st_mtime_ns,) * 2)
    path.unlink()
