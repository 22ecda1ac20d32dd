"""Receivers that behave badly, again and again: `python tests/bench/receivers.py [ROUNDS [TOGETHER]]`.

Every kind of connection with every kind of trouble, with and without a SIGKILL of casbd in between; some at a time. Prints a line for
each, and how many messages were lost or out of order: none, or it ends with 1.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "e2e")]

from certificates import Authority  # noqa: E402
from receivers import Receiving, connect, misbehave  # noqa: E402
from running import Site, free_port  # noqa: E402

KINDS = ("tcp", "tls", "relp")
TROUBLES = ("hangs", "mute", "resets", "slow", "leaves")


def one(folder: Path, authority: Authority, kind: str, how: str, *, kill_casbd: bool) -> str:
    """What went wrong; empty where nothing did."""
    site = Site(folder / "site")
    receiver = Receiving(folder / "received", free_port(), kind, (authority.certificate, *authority.issue("localhost")))
    connect(site, receiver)
    try:
        misbehave(site, receiver, how, kill_casbd=kill_casbd)
    except AssertionError as error:
        return str(error)
    finally:
        receiver.kill()
        site.close()
    return ""


def main(rounds: int = 20, together: int = 4) -> None:
    cases = list(itertools.product(KINDS, TROUBLES, (False, True)))
    begun, failures = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(together) as pool:
        futures = {}
        for number, (turn, case) in enumerate(itertools.product(range(rounds), cases)):
            folder = Path(directory) / str(number)
            folder.mkdir()
            authority = Authority(folder, "ca")
            futures[turn, case] = pool.submit(one, folder, authority, *case[:2], kill_casbd=case[2])
        for case in cases:
            wrong = [found for turn in range(rounds) if (found := futures[turn, case].result())]
            failures += len(wrong)
            kind, how, kill = case
            print(f"{kind:5} {how:7} {'casbd killed' if kill else '':13} {rounds - len(wrong)} of {rounds}", *wrong[:1], flush=True)
    print(f"{failures} of {rounds * len(cases)} runs with a loss or another order; {time.monotonic() - begun:.0f} s")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
