"""Chunks are scanned by this process and others, with the same batches in the same order, whatever becomes of the others."""

import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack
from itertools import chain, count, repeat

import pytest
from builders import NOON, chunk, events, record, reject

from casbd.daemon import boot, task_memory, workers
from casbd.daemon import scanning as module
from casbd.daemon.engine import Engine
from casbd.daemon.scanning import Scanning
from casbd.daemon.service import start
from casbd.daemon.task_memory import Task
from casbd.daemon.workers import Worker
from casbd.model.costly import Costly

RULE = "name: {name}\nfilters: {{activity_type: {{eq: Failed log on}}}}\n"
PATIENCE = 30.0


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/failed.yaml").write_text(RULE.format(name="failed"))
    path = tmp_path / "casbd.yaml"
    path.write_text("rules: [rules]\ninputs: [{name: m365, path: in/*}]\n")
    return path


@pytest.fixture
def engine(configuration):
    return Engine(configuration)


@pytest.fixture
def begin(engine):
    """Scans with so many processes, this one among them; ends them after the test."""
    begun = []

    def make(processes):
        several = [Worker(engine) for _ in range(processes - 1)]
        begun.extend(several)
        scanning = Scanning(engine, b"salt", several)
        for worker in several:
            ready(worker)
        return scanning

    yield make
    for worker in begun:
        worker.close()


def ready(worker):
    """Wait until a worker has loaded what it was told to."""
    while worker._loading:
        answered(worker)
        worker.take()


def chunks(number, records=5):
    again = record()
    return [
        chunk([again, *(record(at=n * 7 + k) for k in range(records)), b"{"], path=f"/in/{n}", rejects=[reject()]) for n in range(number)
    ]


def everything(scanning, given):
    """All batches of some chunks."""
    left, found = chain(given, repeat(None)), []
    while batches := scanning.batches(left.__next__):
        found += batches
    return found


def answered(worker):
    """Wait until a worker has said something, or has died."""
    assert worker.socket.poll(PATIENCE)


class TestInSeveralProcesses:
    def test_comes_to_the_same(self, begin, engine, make_core, monkeypatch):
        monkeypatch.setattr(module, "COMMIT_BYTES", 4000)
        monkeypatch.setattr(module, "TASK_BYTES", 1000)
        given = chunks(12)
        cores = [make_core(name) for name in ("one", "three")]
        for core, scanning in zip(cores, (begin(1), begin(3)), strict=True):
            core.use(engine.policies)
            left = chain(given, repeat(None))
            while batches := scanning.batches(left.__next__):
                core.pipeline.commit(batches)
        one, other = cores
        assert one.activities() == other.activities()
        assert one.alerts() == other.alerts()
        assert one.counts() == other.counts() == {"m365": (96, 61, 61, 11, 24)}
        assert [row.alert() for row in one.waiting()] == [row.alert() for row in other.waiting()]

    @pytest.mark.parametrize("processes", [1, 2])
    def test_one_commit_takes_some_chunks_and_not_all(self, begin, monkeypatch, processes):
        monkeypatch.setattr(module, "COMMIT_BYTES", 1_000_000)
        monkeypatch.setattr(module, "COMMIT_CHUNKS", 20)
        monkeypatch.setattr(module, "TASK_CHUNKS", 4)
        many = iter([chunk([record()], path=f"/in/{n}") for n in range(30)])
        assert [len(begin(processes).batches(lambda: next(many, None)))] == [20]
        large = iter([chunk([record(Filler="x" * 600_000)]) for _ in range(5)])
        assert [len(begin(processes).batches(lambda: next(large, None)))] == [2]

    @pytest.mark.parametrize("processes", [1, 2])
    def test_nothing_to_read(self, begin, processes):
        assert begin(processes).batches(lambda: None) == []

    def test_what_comes_alone_is_scanned_here(self, begin):
        scanning = begin(2)
        assert len(everything(scanning, chunks(1))) == 1
        assert not scanning.workers[0].given

    def test_a_turn_that_is_over_is_left_to_the_loop(self, begin):
        first, second = chunks(2)
        left = iter([first, None, second, None])
        scanning = begin(1)
        found = [scanning.batches(left.__next__) for _ in range(2)]
        assert [[batch.position for batch in batches] for batches in found] == [[first.position], [second.position]]

    def test_what_takes_long_is_committed_in_between(self, begin, monkeypatch):
        scanning, given = begin(1), chunks(30)
        monkeypatch.setattr(module, "monotonic", count(0, 0.1).__next__)
        left = chain(given, repeat(None))
        assert len(scanning.batches(left.__next__)) == 1, "reading took all the time that there is"

    def test_all_of_them_scan(self, begin, monkeypatch):
        monkeypatch.setattr(module, "TASK_BYTES", 1)
        scanning = begin(3)
        scanning._read_ahead(iter(chunks(30)))
        assert [worker.given for worker in scanning.workers] == [workers.AHEAD, workers.AHEAD]
        assert [bool(task.chunks) for task in scanning._tasks] == [True] + [False] * 2 * workers.AHEAD

    def test_few_are_read_ahead_of_one_that_takes_long(self, begin, monkeypatch):
        monkeypatch.setattr(module, "TASK_BYTES", 1)
        scanning = begin(2)
        left = iter(chunks(30))
        scanning._read_ahead(left)
        scanning._tasks.rotate(-1)  # the oldest is a worker's
        os.kill(scanning.workers[0].pid, signal.SIGSTOP)
        for _ in range(20):
            scanning._read_ahead(left)
            scanning._scan()
        assert len(scanning._tasks) == scanning._most == len(chunks(30)) - len([*left])


class TestMemoryThatBothSee:
    def test_what_is_too_large_for_it_is_scanned_here(self, begin, monkeypatch):
        monkeypatch.setattr(module, "TASK_BYTES", 1)
        monkeypatch.setattr(task_memory, "SLOT_BYTES", 4000)
        large = [chunk([record(Filler="x" * 4000)], path=f"/in/{n}") for n in range(9)]
        scanning = begin(2)
        scanning._read_ahead(iter(large))
        assert [bool(task.chunks) for task in scanning._tasks] == [True, True], "none is a worker's, and few fill the memory"
        assert [batch.position.path for batch in everything(begin(2), large)] == [one.path for one in large]

    def test_what_came_of_it_may_be_too_large(self, begin, monkeypatch):
        """So the rest is scanned here."""
        monkeypatch.setattr(module, "TASK_BYTES", 4000)
        given = chunks(20)
        size = sum(map(len, given[0].records))
        monkeypatch.setattr(task_memory, "SLOT_BYTES", 5 * size)
        scanning = begin(2)
        assert everything(scanning, given) == everything(begin(1), given)
        assert scanning.workers[0].usable

    def test_what_takes_long_is_given_back(self, begin, monkeypatch):
        monkeypatch.setattr(workers, "TASK_SECONDS", -1.0)
        given = chunks(20)
        scanning = begin(2)
        [worker] = scanning.workers
        task = Task([*given])
        worker.give(task, frozenset())
        answered(worker)
        worker.take()
        assert (len(task.batches), task.chunks) == (1, given[1:])
        assert everything(scanning, given) == everything(begin(1), given)


class TestWorker:
    def test_begins_before_the_store_is_opened(self, configuration, monkeypatch):
        """SQLite must not be taken into another process, and the lock is the main process's alone."""
        begun = []

        def begins(engine):
            begun.append([*engine.settings.state_dir.glob("*")])
            return Worker(engine)

        monkeypatch.setattr(boot, "Worker", begins)
        configuration.write_text(configuration.read_text() + "state_dir: state\nworkers: 3\n")
        with ExitStack() as undo:
            running = start(configuration, undo, once=True)
            pids = [worker.pid for worker in running.parts.scanning.workers]
            assert begun == [[], []]
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    def test_holds_no_file_of_the_main_process(self, begin):
        ours, theirs = os.pipe()
        begin(2)
        os.close(theirs)
        assert select.select([ours], [], [], PATIENCE)[0], "the other end is open in the worker"
        os.close(ours)

    def test_dies_with_the_main_process(self, configuration):
        program = (
            "import sys, time; from pathlib import Path\n"
            "from casbd.daemon.engine import Engine; from casbd.daemon.workers import Worker\n"
            "engine = Engine(Path(sys.argv[1]))\n"
            "print(Worker(engine).pid, Worker(engine).pid, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", program, configuration], stdout=subprocess.PIPE) as process:
            assert len(process.stdout.readline().split()) == 2
            process.kill()
            assert select.select([process.stdout], [], [], PATIENCE)[0], "it ends when the last of them has"
            assert process.stdout.read() == b""

    def test_signals_are_for_the_main_process(self, begin):
        scanning = begin(2)
        [worker] = scanning.workers
        assert len(everything(scanning, chunks(200, records=1))) == 200  # so it has begun to work
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(worker.pid, number)
        assert len(everything(scanning, chunks(200, records=1))) == 200
        assert worker.usable

    def test_one_that_breaks_is_told_and_done_without(self, engine, begin, monkeypatch, caplog):
        monkeypatch.setattr(module, "TASK_BYTES", 1)
        format_of, here = engine.format_of, os.getpid()

        def breaks_elsewhere(*names):
            if os.getpid() != here:
                raise SystemExit
            return format_of(*names)

        engine.format_of = breaks_elsewhere
        given = chunks(9)
        found = everything(begin(2), given)
        assert found == everything(begin(1), given)
        assert events(caplog, "casbd.daemon.workers") == [
            ("ERROR", "a process that scans has ended; casbd goes on without it", {"exit code": 1})
        ]

    def test_one_that_is_killed_while_it_has_nothing_to_do(self, begin, caplog):
        scanning = begin(2)
        os.kill(scanning.workers[0].pid, signal.SIGKILL)
        answered(scanning.workers[0])
        given = chunks(100)
        assert everything(scanning, given) == everything(begin(1), given)
        assert [extra for *_, extra in events(caplog, "casbd.daemon.workers")] == [{"exit code": -signal.SIGKILL}]


class TestPoliciesThatCostTooMuch:
    @pytest.fixture(autouse=True)
    def small_tasks(self, monkeypatch):
        monkeypatch.setattr(module, "TASK_BYTES", 1)

    @staticmethod
    def matched(batches):
        return {activity.matched_policies for batch in batches for activity in batch.activities}

    def test_none_asks_them(self, begin):
        scanning = begin(2)
        scanning.do_without(["failed"])
        assert self.matched(everything(scanning, chunks(9))) == {()}

    def test_what_one_has_found_out_the_others_do_without(self, begin, monkeypatch):
        scanning = begin(2)
        scan = scanning._scanner.scan

        def finds_out(chunk):
            scanning._scanner.scan = scan
            batch = scan(chunk)
            batch.costly.append(Costly("failed", 1.0, 1, 1, NOON, "/in/0, byte 0"))
            return batch

        scanning._scanner.scan = finds_out
        assert self.matched(everything(scanning, chunks(1))) == {("failed",)}
        assert self.matched(everything(scanning, chunks(9))) == {()}

    def test_a_reload_asks_them_again(self, configuration, begin):
        scanning = begin(2)
        scanning.do_without(["failed"])
        scanning.use(Engine(configuration))
        ready(scanning.workers[0])
        assert self.matched(everything(scanning, chunks(9))) == {("failed",)}


class TestReload:
    @pytest.fixture
    def scanning(self, begin, monkeypatch):
        monkeypatch.setattr(module, "TASK_BYTES", 1)
        return begin(2)

    def test_all_scan_by_the_new_rules(self, configuration, scanning):
        [worker] = scanning.workers
        (configuration.parent / "rules/second.yaml").write_text(RULE.format(name="second"))
        scanning.use(Engine(configuration))
        assert not worker.has_room, "it has not loaded them yet"
        answered(worker)
        worker.take()
        assert worker.has_room
        found = everything(scanning, chunks(9))
        assert {activity.matched_policies for batch in found for activity in batch.activities} == {("failed", "second")}

    @pytest.mark.parametrize("text", [RULE.format(name="changed").replace("Failed log on", "Log on"), "a mistake"])
    def test_one_that_found_other_files_waits_for_the_next(self, configuration, scanning, text, caplog):
        [worker] = scanning.workers
        path = configuration.parent / "rules/failed.yaml"
        engine = Engine(configuration)
        path.write_text(text)
        scanning.use(engine)
        answered(worker)
        found = everything(scanning, chunks(9))
        assert {activity.matched_policies for batch in found for activity in batch.activities} == {("failed",)}
        assert not worker.has_room
        told = ("WARNING", "a file was changed while it was read; a process that scans waits until it is read again", {})
        assert events(caplog, "casbd.daemon.workers") == [told]
        path.write_text(RULE.format(name="failed"))
        scanning.use(Engine(configuration))
        answered(worker)
        worker.take()
        assert worker.has_room

    def test_two_at_once(self, configuration, scanning):
        """The last one counts."""
        [worker] = scanning.workers
        first = Engine(configuration)
        (configuration.parent / "rules/second.yaml").write_text(RULE.format(name="second"))
        scanning.use(first)
        scanning.use(Engine(configuration))
        ready(worker)
        assert worker.has_room
        found = everything(scanning, chunks(9))
        assert {activity.matched_policies for batch in found for activity in batch.activities} == {("failed", "second")}

    def test_a_dead_one_is_not_asked(self, configuration, scanning):
        [worker] = scanning.workers
        os.kill(worker.pid, signal.SIGKILL)
        answered(worker)
        scanning.use(Engine(configuration))
        scanning.use(Engine(configuration))
        assert len(everything(scanning, chunks(9))) == 9


def test_without_room_for_another_process_casbd_goes_on_and_says_so(configuration, monkeypatch, caplog):
    configuration.write_text(configuration.read_text() + "workers: 3\nstate_dir: state\n")
    monkeypatch.setattr(os, "fork", fail_with(OSError(11, "Resource temporarily unavailable")))
    with ExitStack() as undo:
        running = start(configuration, undo, once=True)
        assert running.parts.scanning.workers == []
    said = [entry.message for entry in caplog.records if entry.levelname == "WARNING"]
    assert "a process that scans could not be started; casbd goes on without it" in said


def fail_with(error):
    def fail():
        raise error

    return fail
