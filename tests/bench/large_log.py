"""An activity log of millions for `bench.py`, and the questions that it is asked, each by a command of its own."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import m365_records
import pyarrow.compute as pc
from running import Site

from casbd.store.database import Store
from casbd.store.log import blocks, columns, segment_files, segments
from casbd.store.log.packing import Packer

RULES = Path(__file__).resolve().parents[2] / "rules"
DAY = 86_400_000
BLOCK = 640
"""Activities in a block, about as many as of a chunk of records."""
LOOKING_BACK = {
    "backtest, an operation": ["policies", "backtest", "p0000-by-operation"],
    "backtest, the raw record": ["policies", "backtest", "raw.yaml"],
    "backtest, failed log ons": ["policies", "backtest", "p0055-repeated"],
    "backtest, a sequence": ["policies", "backtest", str(RULES / "push-notifications-until-one-is-accepted.yaml")],
}


def searches(site: Site) -> dict[str, list[str]]:
    """The questions about activities, by what they ask."""
    user, address = m365_records.USERS[5], m365_records.Tenant().addresses[7]
    latest = site.listed("activities", "search", "--limit", "1")[0]["timestamp"]
    month = ["--from", (datetime.fromisoformat(latest) - timedelta(days=30)).isoformat()]
    search, everything = ["activities", "search", "--json"], ["--limit", "0"]
    of_user, of_address = ["--filter", f"user eq {user}"], ["--filter", f"ip_address eq {address}"]
    return {
        "search, the newest 100": search,
        "search, a user's newest": [*search, *of_user],
        "search, a user's 30 days": [*search, *month, *of_user],
        "search, all of a user's 30 days": [*search, *everything, *month, *of_user],
        "search, all of a user": [*search, *everything, *of_user],
        "search, an address's 30 days": [*search, *month, *of_address],
        "search, all of an address": [*search, *everything, *of_address],
        "search, part of a name": [*search, "--filter", "object_name substring merger-77"],
        "histogram by operation": ["activities", "histogram", "--by", "activity_type"],
        "histogram, a user's 30 days": ["activities", "histogram", "--by", "activity_type", *month, *of_user],
        "users show": ["users", "show", user, "--as-of", latest],
        "ips show": ["ips", "show", address, "--as-of", latest],
        "users list": ["users", "list", "--as-of", latest],
        "policies list": ["policies", "list"],
        "policies coverage": ["policies", "coverage", "--as-of", latest],
    }


def ask(site: Site, questions: dict[str, list[str]]) -> None:
    """Ask each, and tell the wall time, the CPU time and the peak memory of the command."""
    (site.directory / "raw.yaml").write_text(
        "name: Raw\nfilters: {action_type: {eq: New-InboxRule}, raw.Parameters.ForwardTo: {endswith: example.com}}\n"
    )
    for told, arguments in questions.items():
        begun = time.monotonic()
        finished = site.run(*(str(site.directory / one) if one == "raw.yaml" else one for one in arguments))
        took = time.monotonic() - begun
        rows = f"{finished.out.count(chr(10))} lines"
        print(f"{told:<31} {took:.2f} s, {finished.seconds:.2f} s of CPU, {finished.peak / 1e6:.0f} MB, {rows} {finished.err.strip()[:60]}")


def put_back(state: Path, number: int) -> int:
    """Have about so many of the newest activities wait in blocks again, whole segments of them; how many."""
    packer, waiting = Packer(), 0
    with Store(state) as store:
        for segment in sorted(segments.listed(store), key=lambda one: -one.last):
            if waiting and waiting + segment.activities > number:
                break
            rows = [one for table in segment_files.read(segment.path) for some in table.to_batches() for one in columns.activities(some)]
            with store.transaction() as connection:
                for start in range(0, len(rows), BLOCK):
                    packer.begin()
                    packer.add(rows[start : start + BLOCK])
                    blocks.add(connection, packer, [packer.part(range(len(rows[start : start + BLOCK])))], segment.stored)
                gone = segments.remove(store, [segment.segment_id])
            segments.unlink(store, gone)
            waiting += len(rows)
    return waiting


def copied(state: Path, total: int) -> float:
    """Make segments of the store, and copies of each, days apart, until there are so many activities.

    CPU seconds of making one, for each activity.
    """
    with Store(state) as store:
        begun = time.process_time()
        while segments.compact(store, at_least=1):
            pass
        took = time.process_time() - begun
        made = segments.listed(store)
        days, blocks = len({one.day for one in made}), max(one.last_block for one in made) + 1
        for copy in range(1, round(total / sum(one.activities for one in made))):
            for segment in made:

                def moved(copy: int = copy, segment: segments.Segment = segment) -> Iterator[segment_files.Rows]:
                    for table in segment_files.read(segment.path):
                        later = pc.add(table["timestamp"], copy * days * DAY)
                        table = table.set_column(table.schema.get_field_index("timestamp"), "timestamp", later)
                        behind = pc.add(table[columns.BLOCK], copy * blocks)
                        yield segment_files.Rows(table.set_column(table.schema.get_field_index(columns.BLOCK), columns.BLOCK, behind))

                parts = segments.write_parts(state / segments.DIRECTORY, f"copy{copy}-{segment.segment_id}", moved())
                with store.transaction():
                    segments.add(store, parts, segment.stored)
        return took / sum(segment.activities for segment in made)
