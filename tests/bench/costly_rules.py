"""Policies that cost far too much: how long casbd tells its watchdog nothing, and how many policies it sets aside.

    python tests/bench/costly_rules.py [SECONDS]

For each attack the daemon follows some megabytes of records that make the policies as dear as can be, with the shipped rules beside
them. Prints the longest time between two feedings of the watchdog (systemd restarts casbd after 60 s), after how long a record that is
written meanwhile was read, and the peak of memory.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hostile_files import measure

from casbd.store.database import Store
from casbd.store.state import service_status

RULES = Path(__file__).resolve().parents[2] / "rules"
CONFIGURATION = f"""\
state_dir: state
rules: [rules, {RULES}]
inputs: [{{name: in, path: in/*, format: json, mapping: {{activity_id: id, timestamp: time, user: user}}}}]
"""
Filters = Mapping[str, Any]


def letters(number: int) -> str:
    """Text of which every position is a new state for the expressions below."""
    return "".join(random.choices("xy", k=number))


def matching(seed: int, number: int = 20) -> Filters:
    """As many expressions as a policy may have, each at the limit of its size."""
    return {"raw": {"matches": [f"x[xy]{{{960 + one}}}z{seed}" for one in range(number)]}}


def attacks() -> Iterator[tuple[str, list[Filters], list[str]]]:
    """A name, the filters of each policy, the texts in the records."""
    large, small = [letters(100_000) for _ in range(40)], [letters(1200) for _ in range(3000)]
    yield "large records", [matching(0)], large
    yield "many small records", [matching(0)], small
    yield "twenty policies, large records", [matching(one) for one in range(20)], large
    yield "twenty policies, many small records", [matching(one) for one in range(20)], small
    yield "a hundred policies", [matching(one) for one in range(100)], large
    yield "a list of parts", [{"raw": {"substring": [f"xyxyxyxyxy{one}" for one in range(90_000)]}}], ["xyxyxyxyxyz " * 400_000] * 3
    yield "a list of words", [{"raw": {"contains": [f"x {one}" for one in range(90_000)]}}], ["x y " * 500] * 2000
    paths = [{"any_of": [{f"raw.text.k{one}": {"eq": "z"}} for one in range(9000)]}]
    yield "paths", paths, [json.dumps([{"é": one} for one in range(200_000)])] * 3


def write(place: Path, filters: list[Filters], texts: list[str]) -> None:
    """The directory for one attack."""
    for name in ("in", "rules"):
        (place / name).mkdir()
    (place / "casbd.yaml").write_text(CONFIGURATION)
    for number, own in enumerate(filters):
        (place / "rules" / f"costly-{number}.yaml").write_text(json.dumps({"name": f"costly {number}", "filters": own}))
    with (place / "in" / "attack.json").open("w") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": str(number), "time": "2026-11-20T09:00:00Z", "user": "a", "text": text}) + "\n")


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 90.0
    for name, filters, texts in attacks():
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            write(place, filters, texts)
            quiet, read, memory = measure(place, seconds)
            with Store(place / "state", readonly=True) as store:
                aside = len(service_status.load(store).set_aside)
        after = "never" if read is None else f"after {read:.1f} s"
        print(
            f"{name:36} quiet for {quiet:5.1f} s at most; set aside {aside:3} of {len(filters)}; late record {after}; {memory}", flush=True
        )


if __name__ == "__main__":
    main()
