"""At the end of `run --once` each process makes some of the segments; what one leaves undone this process does.

Else a process of its own makes them, which nobody waits for.
"""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest
from builders import NOON, chunk, record

from casbd.daemon.compacting import Compacting, compact
from casbd.daemon.engine import Engine
from casbd.daemon.workers import Worker
from casbd.store.log import blocks, segments

PATIENCE = 30.0


@pytest.fixture
def workers(tmp_path):
    path = tmp_path / "casbd.yaml"
    path.write_text("inputs: [{name: m365, path: in/*}]\n")
    engine = Engine(path)
    begun = [Worker(engine) for _ in range(2)]
    yield begun
    for worker in begun:
        worker.close()


@pytest.fixture
def core(workers, make_core, monkeypatch):
    """Opened after the processes have begun. It has seven blocks."""
    monkeypatch.setattr(segments, "AFTER_A_WHILE", 1)
    core = make_core()
    for n in range(7):
        core.feed(chunk([record(at=n * 1000 + k) for k in range(5)], path=f"/in/{n}"))
    return core


def spans(store):
    return [(one.first_block, one.last_block, one.activities) for one in segments.listed(store)]


def test_each_process_makes_some(core, workers, monkeypatch):
    before, write, here = core.activities(), segments.write, []

    def noted(store, plan):
        here.append(plan.blocks)
        return write(store, plan)

    monkeypatch.setattr(segments, "write", noted)
    assert compact(core.store, workers)
    assert here == [(1, 2)], "the rest the others have written"
    assert spans(core.store) == [(1, 2, 10), (3, 4, 10), (5, 7, 15)]
    assert blocks.listed(core.store.connection) == []
    assert core.activities() == before
    assert not compact(core.store, workers)


def test_fewer_blocks_than_processes(core, workers):
    compact(core.store, workers)
    core.feed(chunk([record()], path="/in/x"))
    assert compact(core.store, workers)
    assert spans(core.store)[3:] == [(8, 8, 1)]


def test_much_is_done_at_once_and_the_rest_later(core, workers, monkeypatch):
    monkeypatch.setattr(segments, "ACTIVITIES", 7)
    assert compact(core.store, workers)
    assert spans(core.store) == [(1, 1, 5), (2, 3, 10), (4, 5, 10)]
    assert compact(core.store, workers)
    assert spans(core.store)[3:] == [(6, 6, 5), (7, 7, 5)]


@pytest.mark.parametrize("number", [0, 1])
def test_what_a_dead_one_was_to_do_is_done_here(core, workers, number):
    before = core.activities()
    os.kill(workers[number].pid, signal.SIGKILL)
    assert workers[number].socket.poll(30)
    assert compact(core.store, workers)
    assert spans(core.store) == [(1, 2, 10), (3, 4, 10), (5, 7, 15)]
    assert core.activities() == before
    assert [worker.usable for worker in workers] == [number == 1, number == 0]


def test_one_that_is_killed_while_it_writes(core, workers, monkeypatch):
    write = segments.write

    def kills_the_other(store, plan):
        if workers[0].usable:
            os.kill(workers[0].pid, signal.SIGKILL)
        return write(store, plan)

    monkeypatch.setattr(segments, "write", kills_the_other)
    os.kill(workers[0].pid, signal.SIGSTOP)
    assert compact(core.store, workers)
    assert spans(core.store) == [(1, 2, 10), (3, 4, 10), (5, 7, 15)]
    assert not workers[0].usable


def test_what_one_cannot_write_is_tried_here(core, workers, monkeypatch):
    """So that it is told why."""
    sent = workers[0]._send
    monkeypatch.setattr(workers[0], "_send", lambda what: sent(what._replace(directory=core.directory / "elsewhere")))
    assert compact(core.store, workers)
    assert spans(core.store) == [(1, 2, 10), (3, 4, 10), (5, 7, 15)]
    assert workers[0].usable


def test_small_parts_of_a_day_are_one_process_s(core, workers):
    for _ in range(3):
        compact(core.store, workers)
        for n in range(3):
            core.feed(chunk([record()], path=f"/in/{n}"))
    assert len(spans(core.store)) == 9
    assert compact(core.store, workers)
    assert spans(core.store) == [(1, 13, 41)]


@pytest.fixture
def held_up(make_core, monkeypatch):
    """A core with some blocks, what compacts it, and the id of its process, which stands still."""
    monkeypatch.setattr(segments, "AT_LEAST", 1)
    core = make_core()
    core.feed_records(record(), record())
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM outbox")
    compacting = Compacting(core.store, lambda: NOON)
    compacting.go_on()
    (process,) = multiprocessing.active_children()
    os.kill(process.pid, signal.SIGSTOP)
    late = threading.Timer(PATIENCE, os.kill, (process.pid, signal.SIGCONT))  # so that who waits for it fails, and does not hang
    late.start()
    yield core, compacting, process.pid
    compacting.stop()
    late.cancel()


def test_the_loop_does_not_wait_for_the_process(held_up):
    core, compacting, pid = held_up
    compacting.go_on()
    assert blocks.listed(core.store.connection) == [1]
    assert [process.pid for process in multiprocessing.active_children()] == [pid]


def test_none_is_left_behind_when_casbd_stops(held_up):
    core, compacting, pid = held_up
    compacting.stop()
    assert not Path(f"/proc/{pid}").exists(), "nor is it left for somebody to wait for"
    assert not [path for path in (core.store.directory / segments.DIRECTORY).rglob("*") if path.is_file()]
