"""What is not read is said once in the log, by how much it matters; files of which everything was rejected are among it."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
from builders import chunk, events, reject

from casbd.daemon import unread_news
from casbd.daemon.unread_news import UnreadNews
from casbd.model.unread import Unread
from casbd.pipeline.scan import Batch


def unread(path, why="it is locked", **fields):
    return Unread(input="in", path=path, why=why, **fields)


def batch(path, *, parsed=0, rejects=0):
    position = chunk([b"{}"], path=path).position
    return Batch("m365", position, parsed + rejects, parsed=parsed, rejects=[reject() for _ in range(rejects)])


def logged(caplog):
    return [(record.levelname, getattr(record, "path", None) or getattr(record, "number", None)) for record in caplog.records]


def test_each_file_and_reason_once(caplog):
    caplog.set_level(logging.INFO)
    news = UnreadNews()
    news.log([unread("/a"), unread("/b", kind="waiting"), unread("/c", kind="left_out")])
    assert logged(caplog) == [("WARNING", "/a"), ("INFO", "/b")]  # a writer's temporary files are hidden: only the status lists them
    news.log([unread("/a"), unread("/b", kind="waiting")])
    assert len(caplog.records) == 2
    news.log([unread("/a", "it is damaged")])
    news.log([])
    news.log([unread("/a")])
    assert logged(caplog)[2:] == [("WARNING", "/a"), ("WARNING", "/a")]


def test_many_are_not_logged_one_by_one(caplog):
    caplog.set_level(logging.INFO)
    UnreadNews().log([unread(f"/{n}") for n in range(500)])
    assert len(caplog.records) == 21
    assert events(caplog, "casbd.daemon")[-1] == ("WARNING", "more was not read; `casbd status` lists it", {"number": 480})


def test_twenty_are_logged_one_by_one(caplog):
    files = [unread(f"/{n}", advice="unlock it", size=7) for n in range(20)]
    UnreadNews().log(files)
    assert events(caplog, "casbd.daemon") == [("WARNING", "not read", msgspec.structs.asdict(one)) for one in files]


def test_files_that_gave_nothing_but_rejects(tmp_path):
    news = UnreadNews()
    bad, mixed, good = (str(tmp_path / name) for name in ("bad", "mixed", "good"))
    for path in (bad, mixed, good):
        Path(path).touch()
    inside = f"{bad}/in/an.archive"
    news.read([batch(bad, rejects=3), batch(mixed, rejects=2), batch(good, parsed=5), batch(mixed, parsed=1), batch(inside, rejects=1)])
    news.read([batch(bad, rejects=1), batch(good, rejects=4)])
    why, advice = (
        "none of its records could be read",
        "`casbd rejects list` tells why, `casbd inputs try FILE` what other formats make of them",
    )
    size = batch(bad).position.offset
    assert news.all([]) == [Unread(input="m365", path=path, why=why, advice=advice, size=size) for path in (bad, inside)]
    assert news.rejects == {"m365": 11}
    news.read([batch(bad, parsed=1)])
    assert [one.path for one in news.all([])] == [inside]
    Path(bad).unlink()
    assert news.all([]) == []


def test_what_records_hold_is_not_told(tmp_path):
    news = UnreadNews()
    (tmp_path / "bad").touch()
    bad = batch(str(tmp_path / "bad"), rejects=1)
    news.read([bad])
    assert not any(one.reason in news.all([])[0].why for one in bad.rejects)


def test_the_status_lists_what_matters_first_and_not_all():
    found = [*(unread(f"/{n}", kind="left_out") for n in range(150)), unread("/bad")]
    listed = unread_news.to_list(found)
    assert (listed[0].path, len(listed)) == ("/bad", 100)
