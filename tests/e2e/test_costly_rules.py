"""Policies that cost far too much, in the real daemon: the watchdog is fed, the records are read, the policies are set aside."""

import json
import random
import time

import pytest
from running import wait_until

LONGEST = 45.0
"""Seconds without a word to the watchdog, beside other programs: systemd waits for 60."""
HONEST = "name: Honest\nfilters: {user: {eq: a}}\n"


def costly(seed):
    """As many expressions as a policy may have, each at the limit of its size."""
    return json.dumps({"name": f"Costly {seed}", "filters": {"raw": {"matches": [f"x[xy]{{{960 + one}}}z{seed}" for one in range(20)]}}})


def records(number, length):
    letters = random.Random(length)
    for one in range(number):
        text = "".join(letters.choices("xy", k=length))
        yield json.dumps({"id": str(one), "time": "2026-11-20T09:00:00Z", "user": "a", "text": text}).encode()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_watchdog_is_fed_and_all_is_read(make_site, workers):
    mapping = {"activity_id": "id", "timestamp": "time", "user": "user"}
    site = make_site(rules={"honest": HONEST, **{f"costly-{one}": costly(one) for one in range(3)}}, workers=workers)
    site.configure(workers=workers, inputs=[{"name": "own", "path": f"{site.inputs}/*", "format": "json", "mapping": mapping}])
    site.write("a.json", records(2000, 1200))  # three chunks; each policy takes a minute of each
    daemon = site.start(WATCHDOG_USEC="2000000")
    last, longest = time.monotonic(), 0.0
    seen = daemon.notifications.seen.count("WATCHDOG=1")
    while site.records() < 2000:
        daemon.notifications.wait_for("WATCHDOG=1", times=seen + 1, within=LONGEST)
        seen = daemon.notifications.seen.count("WATCHDOG=1")
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert longest < LONGEST
    wait_until(lambda: len(site.status()["set_aside"]) == 3, tell=site.log)
    policies = {one["policy_id"]: one for one in site.listed("policies", "list")}
    assert policies["honest"]["matches"] == 2000
    assert [name for name, one in policies.items() if one["set_aside"]] == ["costly-0", "costly-1", "costly-2"]
    told = [one["title"] for one in site.listed("alerts", "list") if one["policy_type"] == "system"]
    assert sorted(told) == [f"Costly {one} costs too much and is set aside" for one in range(3)]
    assert daemon.terminate() == 0
