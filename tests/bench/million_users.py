"""What it takes to remember what is usual of a million users: memory while they act one after the other, twice, and the state on disk.

    million_users.py [--users 1000000] [--policies activity-from-infrequent-country,impossible-travel]

Activities are made as they are needed and go straight to what is remembered, as nothing else is measured here.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from casbd.alerting.watching import watching
from casbd.counting.subjects import different
from casbd.habits.anomaly import DAY
from casbd.habits.habits import Habits, Watching
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies import loading
from casbd.records.record_path import RawReader
from casbd.store.database import Store
from casbd.store.state.habits import StoredHabits

RULES = Path(__file__).parents[2] / "rules"
START = 20_454 * DAY
TOGETHER = 600
AGENTS = ("Mozilla/5.0 (Windows NT 10.0) Edge", "Mozilla/5.0 (Macintosh) Safari", "Mozilla/5.0 (X11; Linux) Firefox")
COUNTRIES = ("NO", "SE", "DK", "DE", "FR", "BR")


def activities(users: int) -> Iterator[Activity]:
    """Each user once, and once more; all of them within a day each time."""
    for number in count():
        times, user = divmod(number, users)
        if times == 2:
            return
        yield Activity(
            timestamp=START + times * DAY + user * DAY // users,
            activity_id=f"{number:032x}",
            user=f"user{user:07}@contoso.com",
            app="Office 365",
            country=COUNTRIES[user % 5 + (user % 997 == 0 and times)],  # few go abroad
            ip_address=f"203.{user % 40}.{user % 199}.7",
            asn=user % 300 + 1,
            user_agent=AGENTS[user % 3],
            device_type="PC",
            os="Windows",
            browser="Edge",
        )


def remember(store: Store, habits: Habits, watched: list[Watching], several: list[Activity]) -> None:
    """One commit."""
    reader = RawReader()
    with store.transaction():
        habits.begin()
        for activity in several:
            who = different("user", activity, reader)
            assert who is not None
            for one in watched:
                value = one.anomaly.value(activity, reader, ())
                habits.add(one, who, Entry(activity.timestamp, int(activity.activity_id, 16), activity.activity_id, value))
        for _ in habits.verdicts():
            pass
        habits.save()


def resident() -> float:
    """MB of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Remember, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--policies", default="activity-from-infrequent-country,impossible-travel")
    arguments = parser.parse_args()
    ids = arguments.policies.split(",")
    watched = [*watching(one for one in loading.load([RULES]) if one.id in ids).values()]
    with tempfile.TemporaryDirectory(prefix="users-") as directory, Store(Path(directory)) as store:
        store.connection.execute("PRAGMA synchronous = OFF")  # no measure pulls the plug
        habits = Habits(StoredHabits(store.connection), watched)
        begun, done = time.process_time(), 0
        print(f"{arguments.users} users, {len(watched)} policies; before anybody: {resident():.0f} MB")
        everything = activities(arguments.users)
        while several := [*islice(everything, TOGETHER)]:
            remember(store, habits, watched, several)
            done += len(several)
            if done * 10 // arguments.users != (done - len(several)) * 10 // arguments.users:
                each = (time.process_time() - begun) / done / len(watched) * 1e6
                print(f"  {done:>9} activities: {resident():4.0f} MB, {each:.0f} us of CPU an observation", flush=True)
        size = sum(path.stat().st_size for path in Path(directory).glob("*")) / 1e6
        (rows,) = store.connection.execute("SELECT count(*) FROM habits").fetchone()
        print(f"  on disk: {rows} memories, {size:.0f} MB with the journal")


if __name__ == "__main__":
    main()
