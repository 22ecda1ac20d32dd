"""Three outputs that catch up at a time, of one preset and of three, and one alone: `python three_outputs.py [NUMBER [TURNS]]`.

Each has so many messages for a TCP receiver of its own, a process, by a worker's thread as in the daemon. Prints messages a second of
one alone and of each of the three, and what a message costs.
"""

import gc
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from builders import Core, record, settings

from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_output import ToOutput
from casbd.outputs.syslog import Syslog, SyslogOptions

RULES = {"failed": {"filters": {"action_type": {"eq": "UserLoginFailed"}}}}
TOGETHER = 1000
ALIKE, DIFFERENT = ("generic",) * 3, ("sentinel", "qradar", "mcas")


def receive(listening: socket.socket, number: int, done: Connection) -> None:
    """Read as fast as it comes; say when there were so many lines."""
    while True:
        connection, _ = listening.accept()
        lines = 0
        with connection:
            while data := connection.recv(1 << 20):
                lines += data.count(b"\n")
                if lines == number:
                    done.send(time.monotonic())


def deliver(number: int, receivers: Sequence[tuple[int, Connection]], presets: Sequence[str]) -> tuple[list[float], float]:
    """Let so many alerts wait for a receiver of each preset, and deliver them: messages a second of each, and us of CPU that one cost."""
    names = [f"siem{place}" for place in range(len(presets))]
    receivers = receivers[: len(presets)]
    folder = Path(tempfile.mkdtemp())
    core = Core(folder / "state", rules=RULES, settings=settings({name: ["alerts"] for name in names}))
    for start in range(0, number, TOGETHER):
        core.feed_records(*(record(at=at) for at in range(start, start + TOGETHER)))
    dispatcher = Dispatcher(core.store, lambda: core.now)
    options = [SyslogOptions(host="127.0.0.1", port=port, preset=preset) for (port, _), preset in zip(receivers, presets, strict=True)]
    outputs = {name: Syslog(one) for name, one in zip(names, options, strict=True)}
    gc.freeze()  # as `casbd run` does: else Python looks through all that the bench has loaded again and again
    gc.set_threshold(100_000, 50, 50)
    begun, cpu = time.monotonic(), time.process_time()
    dispatcher.use({name: ToOutput(name, output, lambda: core.now) for name, output in outputs.items()})
    rates = [number / (done.recv() - begun) for _, done in receivers]
    each = (time.process_time() - cpu) / number / len(names) * 1e6
    dispatcher.stop(10)
    core.close()
    shutil.rmtree(folder)
    return rates, each


def main(number: int = 20_000, turns: int = 3) -> None:
    """One, three alike, three different, one ..."""
    receivers, processes = [], []
    for _ in range(3):
        listening, (done, tells) = socket.create_server(("127.0.0.1", 0)), Pipe(duplex=False)
        processes.append(Process(target=receive, args=(listening, number, tells), daemon=True))
        processes[-1].start()
        receivers.append((listening.getsockname()[1], done))
    for _ in range(turns):
        for name, presets in (("one", ALIKE[:1]), ("three alike", ALIKE), ("three different", DIFFERENT)):
            rates, cost = deliver(number, receivers, presets)
            print(f"{name}: {', '.join(f'{rate:,.0f}' for rate in rates)} a second, {cost:.1f} us of CPU each", end="; ", flush=True)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    for process in processes:
        process.kill()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
