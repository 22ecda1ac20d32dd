"""What a message costs on its way from the outbox to a TCP receiver on loopback, as it catches up: `python catching_up.py [NUMBER]`.

Prints messages a second, and CPU time of the worker's thread for each; the transactions that write down what was sent are in it.
"""

import gc
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from builders import Core, record, settings

from casbd.outbox.to_output import ToOutput
from casbd.outputs.syslog import Syslog, SyslogOptions

RULES = {"failed": {"filters": {"action_type": {"eq": "UserLoginFailed"}}}}
TOGETHER = 1000


def receive(listening: socket.socket) -> None:
    """Read everything, as fast as it comes."""
    connection, _ = listening.accept()
    while connection.recv(1 << 20):
        pass


def main(number: int = 30_000) -> None:
    """Let so many alerts wait, and deliver them."""
    folder = Path(tempfile.mkdtemp())
    core = Core(folder / "state", rules=RULES, settings=settings({"siem": ["alerts"]}))
    for start in range(0, number, TOGETHER):
        core.feed_records(*(record(at=at) for at in range(start, start + TOGETHER)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=receive, args=(listening,), daemon=True).start()
        options = SyslogOptions(host="127.0.0.1", port=listening.getsockname()[1])
        delivering = ToOutput("siem", Syslog(options), lambda: core.now)
        gc.freeze()  # as `casbd run` does: else Python looks through all that the bench has loaded again and again
        gc.set_threshold(100_000, 50, 50)
        begun, cpu = time.monotonic(), time.thread_time()
        while delivering.deliver(core.store):
            if delivering.unwritten:
                with core.store.transaction() as connection:
                    delivering.write(connection)
                delivering.written()
        took, cpu = time.monotonic() - begun, time.thread_time() - cpu
        delivering.conclude()
        delivering.close()
    core.close()
    shutil.rmtree(folder)
    print(f"{number / took:,.0f} CEF messages a second, {cpu / number * 1e6:.1f} us of CPU each")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
