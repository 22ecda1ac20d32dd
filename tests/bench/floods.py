"""What a flood costs: failed log ons of one account within an hour, in four orders, against as many of a thousand accounts.

    python tests/bench/floods.py [--records N] [--directory DIR]

The shipped policies; each run is a fresh process from nothing. Prints the CPU time a record, and the peak memory.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from running import Site  # noqa: E402

RULES = HERE.parents[1] / "rules"
SECONDS = 3600
ORDERS = ("a thousand accounts", "in order", "newest first", "shuffled", "one second")


def failure(number: int, user: str, second: int) -> str:
    """A failed log on, as the audit log exports it."""
    return json.dumps(
        {
            "CreationTime": f"2026-11-20T10:{second // 60:02d}:{second % 60:02d}",
            "Id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{user}{number}")),
            "Operation": "UserLoginFailed",
            "RecordType": 15,
            "Workload": "AzureActiveDirectory",
            "UserId": user,
            "ClientIP": "203.0.113.7",
            "ActorIpAddress": "203.0.113.7",
            "LogonError": "InvalidUserNameOrPassword",
            "ErrorNumber": "50126",
        }
    )


def places(order: str, records: int) -> Sequence[int]:
    """Which record comes when."""
    if order == "shuffled":
        return random.Random(5).sample(range(records), records)
    return range(records - 1, -1, -1) if order == "newest first" else range(records)


def lines(order: str, records: int) -> Iterator[str]:
    """The file, record by record."""
    for number in places(order, records):
        user = f"user{number % 1000}" if order == ORDERS[0] else "victim"
        yield failure(number, f"{user}@contoso.example", SECONDS // 2 if order == "one second" else SECONDS * number // records)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--directory", type=Path)
    arguments = parser.parse_args()
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="casbd-floods-"))
    ordinary = 0.0
    for order in ORDERS:
        site = Site(directory / order.replace(" ", "-"), rules={})
        site.configure(rules=[str(RULES)])
        with (site.inputs / "audit.ndjson").open("w") as file:
            file.writelines(f"{line}\n" for line in lines(order, arguments.records))
        found = site.run("run", "--once", within=3600)
        ordinary = ordinary or found.seconds
        cost = found.seconds / arguments.records * 1e6
        print(
            f"{order:20} {cost:5.0f} µs a record, {found.seconds / ordinary:.2f} x; peak {found.peak / 1e6:.0f} MB; exit {found.code}",
            flush=True,
        )
        site.close()
        shutil.rmtree(site.directory)


if __name__ == "__main__":
    main()
