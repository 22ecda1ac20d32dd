"""What it costs that the shipped policies know what is usual: beside a hundred other policies, with them and without."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from statistics import median

from running import Finished, Site

from casbd.habits.anomaly import anomaly
from casbd.policies import loading

RULES = Path(__file__).parents[2] / "rules"


def add_shipped(site: Site) -> int:
    """The shipped policies that compare with what is usual, into the site's rules; how many."""
    shipped = [policy for policy in loading.load([RULES]) if policy.enabled and anomaly(policy.match) is not None]
    for policy in shipped:
        shutil.copy(policy.path, site.directory / "rules" / policy.path.name)
    return len(shipped)


def tell(records: int, number: int, without: list[Finished], with_them: list[Finished], site: Site) -> None:
    """Print what one record costs more, and what is remembered."""
    before, after = ([run.seconds / records * 1e6 for run in several] for several in (without, with_them))
    more = (median(after) / median(before) - 1) * 100
    print(f"anomalies: {number} policies; µs a record without {_told(before)}, with {_told(after)}: {more:.0f} % more")
    with sqlite3.connect(site.directory / "state" / "casbd.sqlite") as connection:
        rows, mean, longest = connection.execute(
            "SELECT count(*), avg(length(memory)), max(length(memory)) FROM habits WHERE who != ''"
        ).fetchone()
    print(f"           {rows} memories on the shelf, of {mean or 0:.0f} bytes each, at most {longest or 0}")


def _told(several: list[float]) -> str:
    return f"{min(several):.1f} (median {median(several):.1f})"
