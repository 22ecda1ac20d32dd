"""What a record of a simulated company costs with the shipped policies, without those that know what is usual, and with one of these alone;
by layer with what all of them are given to do (`layers.py`).

    company_costs.py [--seed 1] [--rounds 3] [--together 600] [--records 40000] [--by-policy | --by-layer]

Called by `bench.py --only anomalies`. Each measured run is a fresh process, and they take turns.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import layers  # noqa: E402
from company import measure, surroundings  # noqa: E402
from company.parameters import Parameters  # noqa: E402
from company.shapes.written import Record  # noqa: E402
from company.simulation import Company  # noqa: E402

from casbd.config import reading  # noqa: E402
from casbd.habits.anomaly import anomaly  # noqa: E402
from casbd.policies import loading  # noqa: E402
from casbd.policies.policy import Policy  # noqa: E402
from casbd.store.database import Store  # noqa: E402

TOGETHER = 600
"""Records a commit: what a company that exports all the time writes in a quarter of an hour."""


class Spent(msgspec.Struct):
    """CPU seconds of one run: on the way, and of looking back over the log for what came too late. alerts: how many it raised."""

    seconds: float
    back: float
    alerts: int


def tell(
    seed: int, rounds: int, together: int = TOGETHER, most: int | None = None, *, by_policy: bool = False, by_layer: bool = False
) -> None:
    """Measure in turns, and print what one record costs; by policy and by layer what it costs more than without any. most: of the records.

    What a record costs on the way and what the look back over the log costs are told apart.
    """
    with tempfile.TemporaryDirectory(prefix="company-") as temporary:
        directory = Path(temporary)
        company = Company(Parameters.of(seed))
        records = [*company.arrivals()][:most]
        surroundings.write(company, directory)
        (directory / "records").write_bytes(msgspec.msgpack.encode(records))
        anomalies, others = split()
        cases = {"without": [], "with": [one.id for one in anomalies]}
        cases |= {one.id: [one.id] for one in anomalies} if by_policy else {}
        cases |= dict.fromkeys(layers.layers(others, anomalies), cases["with"]) if by_layer else {}
        spent: dict[str, list[Spent]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, ids in cases.items():
                spent[name].append(_in_a_process(directory, together, name, ids))
    each = {name: [one.seconds / len(records) * 1e6 for one in several] for name, several in spent.items()}
    before, after = median(each["without"]), median(each["with"])
    numbers = f"{len(records)} records, {together} a commit; {len(others)} policies, and {len(anomalies)} that know what is usual"
    print(f"company {seed}: {numbers}")
    told = (f"{name} {min(of):.1f} (median {median(of):.1f}), {spent[name][0].alerts} alerts" for name, of in [*each.items()][:2])
    print(f"  us of CPU a record on the way: {', '.join(told)}; {(after / before - 1) * 100:.0f} % more")
    back = [one.back / len(records) * 1e6 for one in spent["with"]]
    print(f"  beside that, of the look back over the log for what came too late: {min(back):.1f} (median {median(back):.1f})")
    rest = [*each.items()][2:]
    for name, several in rest if by_layer else sorted(rest, key=lambda one: -median(one[1])):
        print(f"  {name:<50} {median(several) - before:5.1f} ({(median(several) / before - 1) * 100:.0f} %)")


def split() -> tuple[list[Policy], list[Policy]]:
    """The shipped policies that know what is usual, and all others."""
    shipped = [one for one in loading.load([surroundings.RULES]) if one.enabled]
    return [one for one in shipped if anomaly(one.match) is not None], [one for one in shipped if anomaly(one.match) is None]


def _in_a_process(directory: Path, together: int, case: str, ids: list[str]) -> Spent:
    command = [sys.executable, str(Path(__file__).resolve()), "--run", str(directory), "--together", str(together), "--case", case, *ids]
    done = subprocess.run(command, check=True, capture_output=True)
    return msgspec.json.decode(done.stdout, type=Spent)


def _run(directory: Path, together: int, case: str, ids: list[str]) -> Spent:
    """In this process: the others, and these policies. case: the layer, if it is one."""
    anomalies, others = split()
    rules = [*others, *(one for one in anomalies if one.id in ids)]
    layer = layers.layers(others, anomalies).get(case, layers.Layer(rules, rules))
    records = msgspec.msgpack.decode((directory / "records").read_bytes(), type=list[Record])
    settings = reading.load(directory / "casbd.yaml")
    with tempfile.TemporaryDirectory(dir=directory) as state, Store(Path(state)) as store:
        gc.freeze()  # as `casbd run` does
        gc.set_threshold(100_000, 50, 50)
        begun = time.process_time()
        on_the_way, end = measure.read(records, layer.counted, settings, store, together, scanned=layer.scanned)
        (alerts,) = store.connection.execute("SELECT count(*) FROM alerts").fetchone()
    return Spent(on_the_way - begun, end - on_the_way, alerts)


def main() -> None:
    """Measure, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--together", type=int, default=TOGETHER, help="records a commit")
    parser.add_argument("--records", type=int, help="only so many, the first")
    parser.add_argument("--by-policy", action="store_true")
    parser.add_argument("--by-layer", action="store_true")
    parser.add_argument("--case", default="", help=argparse.SUPPRESS)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("ids", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run is not None:
        sys.stdout.buffer.write(msgspec.json.encode(_run(arguments.run, arguments.together, arguments.case, arguments.ids)))
    else:
        by = {"by_policy": arguments.by_policy, "by_layer": arguments.by_layer}
        tell(arguments.seed, arguments.rounds, arguments.together, arguments.records, **by)


if __name__ == "__main__":
    main()
