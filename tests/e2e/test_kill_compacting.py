"""Compacting, retention and forgetting a person that are killed at random moments lose nothing and double nothing."""

import os
import random
import select
import signal
import subprocess
import sys

import pytest

from casbd.activity_log import ActivityLog
from casbd.model.activity import Activity
from casbd.personal_data import privacy
from casbd.store.database import Store
from casbd.store.log import blocks, segment_damage, segments
from casbd.store.log.packing import Packer

KILLS = int(os.environ.get("CASBD_E2E_KILLS", "7"))
LONG_ENOUGH = 60
DAY = 86_400_000
START = 1_767_225_600_000
ANNA = "anna@contoso.com"
AT_WORK = f"""
import sys
from pathlib import Path
from casbd.personal_data import privacy
from casbd.store.database import Store
from casbd.store.log import blocks, segments

segments.ACTIVITIES, segments.PARTS = 60, 3
with Store(Path(sys.argv[1])) as store:
    segments.remove_strays(store)
    print("at work", flush=True)
    while sys.argv[2] != "privacy" and segments.compact(store, at_least=1):
        pass
    if sys.argv[2] == "privacy":
        privacy.forget(store, "{ANNA}")
    elif sys.argv[2] == "retention":
        segments.prune(store, {START + DAY})
        blocks.prune(store.connection, {START + DAY})
    print("done", flush=True)
"""


def stored(store, dice, first, number):
    """Blocks of activities of four days, in no order."""
    made = []
    for block in range(number):
        some = [
            Activity(
                START + dice.randrange(4 * DAY),
                f"id-{first + block}-{n}",
                user=dice.choice([ANNA, "bert@contoso.com"]),
                raw='{"x": "' + "y" * dice.randrange(2000) + dice.choice(["", f" {ANNA}"]) + '"}',
            )
            for n in range(dice.randrange(1, 25))
        ]
        packer = Packer()
        packer.begin()
        packer.add(some)
        with store.transaction() as connection:
            blocks.add(connection, packer, [packer.part(range(1, len(some) + 1))], START)
        made += some
    return made


def scanned(store):
    return [activity for several in ActivityLog(store).scan() for activity in several]


def started_and_killed(tmp_path, work, seconds):
    """Kills it so long after it has begun, or when it is done."""
    process = subprocess.Popen([sys.executable, "-c", AT_WORK, str(tmp_path / "state"), work], stdout=subprocess.PIPE)
    try:
        assert select.select([process.stdout], [], [], LONG_ENOUGH)[0], "it does not begin"
        assert process.stdout.readline() == b"at work\n"
        select.select([process.stdout], [], [], seconds)
    finally:
        process.kill()
        status = process.wait(LONG_ENOUGH)
        process.stdout.close()
    assert status in (0, -signal.SIGKILL), "it has ended by itself, and not well"


@pytest.mark.parametrize("work", ["compacting", "retention"])
def test_killed_again_and_again(tmp_path, work):
    dice, expected = random.Random(work), []
    for kill in range(KILLS):
        with Store(tmp_path / "state") as store:
            expected += stored(store, dice, kill * 100, 40)
        started_and_killed(tmp_path, work, dice.random() * 0.4)
        with Store(tmp_path / "state", readonly=True) as store:
            found = scanned(store)
            assert [*segment_damage.verify(store)] == []
        if work == "compacting":
            assert found == expected
        else:  # what is old is there or is gone, and the rest is as it was
            left = {one.activity_id for one in found}
            assert [one for one in expected if one.activity_id in left] == found
            assert all(one.timestamp < START + DAY for one in expected if one.activity_id not in left)
            expected = found
    no_strays(tmp_path)


def no_strays(tmp_path):
    with Store(tmp_path / "state") as store:
        segments.remove_strays(store)
        known = {segment.path for segment in segments.listed(store)}
        assert {path for path in (tmp_path / "state" / segments.DIRECTORY).rglob("*") if path.is_file()} == known


def test_forgetting_is_killed_again_and_again(tmp_path):
    dice = random.Random("privacy")
    for kill in range(KILLS):
        with Store(tmp_path / "state") as store:
            stored(store, dice, kill * 100, 40)
            segments.compact(store, at_least=10**9 if kill % 2 else 1)
            expected = scanned(store)
        started_and_killed(tmp_path, "privacy", dice.random() * 0.5)
        with Store(tmp_path / "state", readonly=True) as store:
            found = scanned(store)
            assert [*segment_damage.verify(store)] == []
        others = [one.activity_id for one in expected if one.user != ANNA]
        left = {one.activity_id for one in found}
        assert [one.activity_id for one in found if one.user != ANNA] == others
        assert [one.activity_id for one in expected if one.activity_id in left] == [one.activity_id for one in found]
    with Store(tmp_path / "state") as store:
        privacy.forget(store, ANNA)
        assert not any(ANNA in (one.user, one.raw[-18:-2]) for one in scanned(store))
        assert [one.activity_id for one in scanned(store)] == others
    no_strays(tmp_path)
