"""What is usual is known the same by a daemon that is killed at random moments."""

import random
import sqlite3
import subprocess
import time
from contextlib import closing

import m365_records
import pytest
from running import CASBD

from casbd.store.database import FILE

KILLS = 5
DAY = 86_400_000
RULE = """name: New address
filters: {activity_type: {eq: Failed log on}}
match: {new: ip_address, history: 7d, learning: 3d, sensitivity: high}
"""


def records():
    """Thirty people who log on from where they always do, over twelve days, and some of them then from elsewhere; all as it happened."""
    start = m365_records.stream(1)[0][0]
    found = []
    for number, user in enumerate(m365_records.USERS[:30]):
        for day in range(12):
            moment = start + day * DAY + number * 60_000
            address = f"198.51.100.{number}" if day < 10 or number % 2 else f"192.0.2.{number}"
            several = m365_records.failed_log_ons(user, moment, number=3, seed=100 * number + day)
            found += [(at, line.replace(b"203.0.113.9", address.encode())) for at, line in several]
    return [line for _, line in sorted(found)]


def left(site):
    """The alerts that are open, without what depends on when they were raised."""
    names = ("policy_id", "user", "first_activity", "last_activity", "activity_count", "activity_ids", "evidence")
    return sorted([alert[name] for name in names] for alert in site.listed("alerts", "list") if alert["status"] == "open")


def test_killed_while_what_came_late_is_judged_from_the_log(make_site):
    """The last days are read first, then all before them, again and again with a part of today."""
    site, calm = (make_site(name, rules={"new": RULE}) for name in ("killed", "calm"))
    lines = records()
    calm.write("all", lines)
    calm.once()
    older, newer, today = lines[:-360], lines[-360:-90], lines[-90:]
    site.write("newer", newer)
    site.once()
    chance, looked_back = random.Random(1), 0
    for number in range(KILLS):
        site.write(f"older-{number}", older[number::KILLS])
        site.write(f"today-{number}", today[number::KILLS])
        looked_back += killed_while_it_looks_back(site, chance.uniform(0, 0.15))
    assert looked_back >= 3
    site.once()
    assert left(site) == left(calm)


def killed_while_it_looks_back(site, seconds):
    """`run --once` is killed so long after a look back began; whether one did."""
    command = [*CASBD, "-c", str(site.configuration), "run", "--once"]
    with (
        closing(sqlite3.connect(f"file:{site.directory / 'state' / FILE}?mode=ro", uri=True)) as store,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as once,
    ):
        before = names_given(store)
        while names_given(store) == before and once.poll() is None:
            time.sleep(0.002)
        time.sleep(seconds)
        looks_back = once.poll() is None
        once.kill()
    return looks_back


def names_given(store):
    """The number by which a look back names what it keeps beside what is in use: that of an empty commit."""
    return store.execute("SELECT max(seq) FROM habits_journal WHERE observed = x'90'").fetchone()


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_again_and_again(make_site, workers):
    site, calm = (make_site(name, rules={"new": RULE}, workers=workers) for name in ("killed", "calm"))
    lines = records()
    calm.write("all", lines)
    calm.once()
    chance = random.Random(workers)
    cuts = sorted(chance.sample(range(1, len(lines)), KILLS))
    for begin, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        daemon = site.launch() if chance.random() < 0.3 else site.start()
        site.write(f"part-{begin:06}", lines[begin:end])
        time.sleep(chance.uniform(0.05, 0.8))
        daemon.kill()
    site.once()
    assert left(site) == left(calm)
    assert len(left(calm)) >= 15
