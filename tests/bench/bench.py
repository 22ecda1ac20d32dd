"""What casbd costs: CPU time against `json.loads`, memory, the share of each stage, latency, many policies, ten million activities.

    python tests/bench/bench.py [--records N] [--rounds N] [--only PART]... [--directory DIR]

Each measured run is a fresh process; ratios are of runs that took turns, as other programs may run on this machine.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import anomalies  # noqa: E402
import company_costs  # noqa: E402
import format_records  # noqa: E402
import large_log  # noqa: E402
import m365_records  # noqa: E402
import rule_files  # noqa: E402
import sigma_files  # noqa: E402
import simulated_companies  # noqa: E402
import workers as several_workers  # noqa: E402
from running import DOWNLOADS, Finished, Receiver, Site, run_to_end  # noqa: E402

from casbd.store.log import segments  # noqa: E402

BASELINE = """\
import json, sys
with open(sys.argv[1], "rb") as file:
    for line in file:
        json.loads(line)
"""
COUNTED = """\
name: Counts
filters: {{activity_type: {{eq: [{}, {}]}}}}
match: {{repeated: 1000, within: 10m, by: user}}
"""
TYPES = [
    *("Log on", "Access file", "Access mail items", "Modify file", "Download file", "Run command", "Send message", "Upload file"),
    *("Update message", "Share file", "Add member to group", "Failed log on", "Add permission to mailbox", "Update group", "Install app"),
    *("Create folder", "Move file", "Sync file download", "Delete file", "Create mail item"),
]
"""Of nearly all the records; ten policies count two each."""
SMALL = (
    *("CreationTime", "Id", "Operation", "OrganizationId", "RecordType", "UserType", "Workload", "UserId", "ResultStatus", "ClientIP"),
    *("ObjectId", "UserAgent", "ClientInfoString", "Parameters", "SourceFileName", "SiteUrl", "SourceRelativeUrl", "ListItemUniqueId"),
    *("LogonType", "LogonError", "Members", "UserKey", "CorrelationId", "ItemType", "EventSource", "TeamName", "MailboxOwnerUPN"),
)
"""The fields that records of half the size have: those that casbd reads, and some more."""
BURSTS = 40
DAY = 86_400_000


def prepare(directory: Path, records: int, policies: int = 100) -> Site:
    """A place with so many records in one file, and rules that look at all of them."""
    site = Site(directory / f"{records}-{policies}", rules={})
    rule_files.write(site.directory / "rules", policies)
    (site.directory / "user_groups.yaml").write_text(
        json.dumps(
            {"groups": {f"Board {n}": m365_records.USERS[n * 7 : n * 7 + 5] for n in range(5)} | {"Finance": m365_records.USERS[:200]}}
        )
    )
    ranges = [
        {"name": f"office {n}", "subnets": [f"{20 + n}.{n}.0.0/16"], "category": "Corporate", "tags": [f"office-{n}"]} for n in range(40)
    ]
    (site.directory / "ip_ranges.yaml").write_text(json.dumps({"ranges": ranges}))
    site.configure(
        organization={"domains": [m365_records.DOMAIN], "user_groups": "user_groups.yaml"}, enrichment={"ip_ranges": "ip_ranges.yaml"}
    )
    path = site.inputs / "audit.ndjson"
    if not path.exists():
        stream = m365_records.stream(records)
        for n in range(BURSTS):
            stream += m365_records.failed_log_ons(m365_records.USERS[n], stream[len(stream) // BURSTS * n][0], seed=n)
        site.write("audit.ndjson", [line for _, line in sorted(stream)])
    return site


def run(site: Site) -> Finished:
    """`casbd run --once`, from nothing."""
    shutil.rmtree(site.directory / "state", ignore_errors=True)
    site.alerts_file.unlink(missing_ok=True)
    return site.once()


def baseline(site: Site) -> Finished:
    """The loop that all is compared with."""
    return run_to_end([sys.executable, "-c", BASELINE, str(site.inputs / "audit.ndjson")], site.directory)


def small(directory: Path, records: int, rounds: int) -> None:
    """The ratio for records of half the size: of the same ones with half of their fields."""
    whole, site = prepare(directory, records), prepare(directory / "small", records)
    entries = map(json.loads, (whole.inputs / "audit.ndjson").read_bytes().splitlines())
    some = ({key: value for key, value in entry.items() if key in SMALL} for entry in entries)
    site.write("audit.ndjson", (json.dumps(entry, separators=(",", ":")).encode() for entry in some), mode="wb")
    ratio(site, rounds)


def speed(directory: Path, records: int, rounds: int) -> None:
    """The ratio that the project goes by."""
    ratio(prepare(directory, records), rounds)


def ratio(site: Site, rounds: int) -> None:
    """CPU time of casbd and of the loop in turns, and what there is in the end."""
    casbd, loop = [], []
    for _ in range(rounds):
        loop.append(baseline(site))
        casbd.append(run(site))
    ratios = sorted(one.seconds / other.seconds for one, other in zip(casbd, loop, strict=True))
    best, best_loop = min(one.seconds for one in casbd), min(one.seconds for one in loop)
    size = (site.inputs / "audit.ndjson").stat().st_size
    number = site.counts()["received"]
    state = sum(path.stat().st_size for path in site.directory.glob("state/*"))
    print(f"records                     {number}, {size / number:.0f} bytes each; {len(site.alerts())} alerts")
    print(f"json.loads                  {best_loop:.2f} s of CPU, {best_loop / number * 1e6:.1f} us a record")
    print(
        f"casbd run --once            {best:.2f} s of CPU, {best / number * 1e6:.1f} us a record, {number / best:.0f} records a CPU second"
    )
    print(f"ratio                       {best / best_loop:.2f} of the best, median {statistics.median(ratios):.2f}, all {_rounded(ratios)}")
    print(f"peak memory                 {max(one.peak for one in casbd) / 1e6:.0f} MB")
    print(f"state directory             {state / 1e6:.0f} MB for {size / 1e6:.0f} MB of exports")


def life(directory: Path, records: int, rounds: int) -> None:
    """The road, and the whole life (until a record lies in Parquet): with few policies that count, and with ten that count all."""
    number = records * 7 // 2
    for name, site in {"100 policies": prepare(directory, number), "ten that count all": counting_all(directory, number)}.items():
        road, whole, peak = [], [], 0.0
        for _ in range(rounds):
            loop = baseline(site).seconds
            shutil.rmtree(site.directory / "state", ignore_errors=True)
            site.alerts_file.unlink(missing_ok=True)
            finished = run_to_end([sys.executable, str(HERE / "life.py"), str(site.configuration)], site.directory)
            assert finished.code == 0, finished.err
            took = json.loads(finished.out.splitlines()[-1])
            road.append(took["road"] / loop)
            whole.append((took["road"] + took["segments"]) / loop)
            peak = max(peak, finished.peak / 1e6)
        assert took["waiting"] < number / 10, "most of the records are in no segment: their life is not over"
        print(f"{name:<27} {number} records: road {_rounded(road)}, whole life {_rounded(whole)} times json.loads; peak {peak:.0f} MB")


def counting_all(directory: Path, records: int) -> Site:
    """The same records, and ten policies that together count nearly each of them once."""
    site = prepare(directory, records)
    other = Site(directory / f"{records}-counting", rules={f"counts-{n}": COUNTED.format(*TYPES[2 * n : 2 * n + 2]) for n in range(10)})
    if not (other.inputs / "audit.ndjson").exists():
        os.link(site.inputs / "audit.ndjson", other.inputs / "audit.ndjson")
    return other


def memory(directory: Path, records: int, rounds: int) -> None:
    """Whether it grows with the input."""
    small, large = (run(prepare(directory, number)).peak / 1e6 for number in (records // 4, records))
    print(f"peak memory                 {small:.0f} MB for {records // 4} records, {large:.0f} MB for {records}")


def workers(directory: Path, records: int, rounds: int) -> None:
    """One process that scans and two, in turns."""
    several_workers.compare(prepare(directory, records), rounds)


def keys(directory: Path, records: int, rounds: int) -> None:
    """What knowing repeats takes when there are as many activities as are remembered, and beyond."""
    subprocess.run([sys.executable, HERE / "keys.py"], check=True)


def reloads(directory: Path, records: int, rounds: int) -> None:
    """Whether memory grows with the number of reloads."""
    subprocess.run([sys.executable, HERE / "reloads.py", prepare(directory, records // 100).configuration, "700"], check=True)


def policies(directory: Path, records: int, rounds: int) -> None:
    """A thousand policies against a hundred and ten, and three thousand like Sigma's; what starting takes is told apart."""
    number = records // 4
    sites = {f"{count} policies": prepare(directory, number, count) for count in (10, 100, 1000)}
    sites["3000 Sigma rules"] = with_sigma(directory, number)
    starts = {count: min(start(site) for _ in range(rounds)) for count, site in sites.items()}
    totals = {count: min(run(site).seconds for _ in range(rounds)) for count, site in sites.items()}
    for count in sites:
        each = (totals[count] - starts[count]) / number * 1e6
        told = f"{totals[count] / totals['10 policies']:.2f} times the whole cost of ten"
        print(f"{count:<27} start {starts[count]:.2f} s of CPU, then {each:.1f} us a record; {told}")


def with_sigma(directory: Path, records: int) -> Site:
    """The same records, and rules like Sigma's beside the ten policies."""
    site = prepare(directory, records, 10)
    other = Site(directory / f"{records}-sigma", rules={})
    rule_files.write(other.directory / "rules", 10)
    sigma_files.write(other.directory / "rules", 3000)
    for name in ("user_groups.yaml", "ip_ranges.yaml"):
        shutil.copy(site.directory / name, other.directory / name)
    other.configure(
        organization={"domains": [m365_records.DOMAIN], "user_groups": "user_groups.yaml"}, enrichment={"ip_ranges": "ip_ranges.yaml"}
    )
    if not (other.inputs / "audit.ndjson").exists():
        os.link(site.inputs / "audit.ndjson", other.inputs / "audit.ndjson")
    return other


def starts(directory: Path, records: int, rounds: int) -> None:
    """What commands take that have next to nothing to do, beside Python itself."""
    site = prepare(directory, records // 100)
    run(site)
    empty = _empty(site)
    commands = {
        "python -c pass": lambda: run_to_end([sys.executable, "-c", "pass"], site.directory).seconds,
        "casbd --version": lambda: site.run("--version").seconds,
        "run --once, empty": lambda: run(empty).seconds,
        "status": lambda: site.run("status").seconds,
        "alerts list": lambda: site.run("alerts", "list").seconds,
        "activities search": lambda: site.run("activities", "search").seconds,
        "policies list": lambda: site.run("policies", "list").seconds,
        "check": lambda: site.run("check").seconds,
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(3 * rounds):
        for name, seconds in commands.items():
            took[name].append(seconds())
    for name, each in took.items():
        print(f"{name:<27} {statistics.median(each):.3f} s of CPU, at least {min(each):.3f}")


def start(site: Site) -> float:
    """CPU seconds of a run that finds nothing to read."""
    return run(_empty(site)).seconds


def _empty(site: Site) -> Site:
    """The same policies and lists, and nothing to read."""
    empty = Site(site.directory / "empty", rules={})
    empty.write("audit.ndjson", [])
    configuration = json.loads(site.configuration.read_text())
    configuration["inputs"][0]["path"] = str(empty.inputs / "*")
    configuration["state_dir"] = str(empty.directory / "state")
    other = site.directory / "empty.yaml"
    other.write_text(json.dumps(configuration))
    empty.configuration = other
    return empty


def stages(directory: Path, records: int, rounds: int) -> None:
    """Where the time goes, measured inside one process, which costs a little itself."""
    site = prepare(directory, records)
    shutil.rmtree(site.directory / "state", ignore_errors=True)
    told = run_to_end([sys.executable, str(HERE / "stages.py"), str(site.configuration)], site.directory)
    print(told.out or told.err, end="")


def latency(directory: Path, records: int, rounds: int, samples: int = 200) -> None:
    """From a line written to its alert at a TCP syslog receiver, nothing else going on."""
    site, receiver = Site(directory / "latency", rules={"downloads": DOWNLOADS}), Receiver()
    site.configure(outputs=[{"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": receiver.port, "transport": "tcp"}])
    shutil.rmtree(site.directory / "state", ignore_errors=True)
    for path in site.inputs.iterdir():
        path.unlink()
    site.start()
    try:
        taken = sorted(one_latency(site, receiver, n) for n in range(samples))
    finally:
        site.close()
        receiver.close()
    p50, p99 = taken[samples // 2] * 1e3, taken[samples * 99 // 100] * 1e3
    print(f"latency                     p50 {p50:.0f} ms, p99 {p99:.0f} ms, {samples} alerts")


def one_latency(site: Site, receiver: Receiver, number: int) -> float:
    """Seconds until the alert of one more line is there."""
    time.sleep(0.05 + number % 7 / 50)
    line = m365_records.download(m365_records.USERS[number], m365_records.START, seed=number)
    begun = time.monotonic()
    site.write("audit.ndjson", [line])
    assert receiver.take(1, 10), f"alert {number} did not come"
    return time.monotonic() - begun


def log(directory: Path, records: int, rounds: int) -> None:
    """An activity log of fifty days, each with all the records (ten million activities): searching and looking back."""
    site = prepare(directory, records)
    run(site)
    took = large_log.copied(site.directory / "state", 10_000_000)
    print(f"making a segment takes {took * 1e6:.0f} us of CPU an activity")
    large_log.ask(site, large_log.LOOKING_BACK | large_log.searches(site))


def waiting(directory: Path, records: int, rounds: int) -> None:
    """Three million activities, of which the most that usually wait are in no segment yet: the newest, as users have it."""
    site = prepare(directory, records)
    run(site)
    large_log.copied(site.directory / "state", 3_000_000)
    number = large_log.put_back(site.directory / "state", segments.AT_LEAST)
    print(f"waiting in blocks           {number} activities")
    large_log.ask(site, large_log.searches(site))


def export(directory: Path, records: int, rounds: int) -> None:
    """A million activities of the log, as a file of each kind."""
    site = prepare(directory, records)
    run(site)
    large_log.copied(site.directory / "state", 1_000_000)
    for kind in ("csv", "ndjson", "parquet", "csv.gz", "ndjson.zst"):
        file = site.directory / f"export.{kind}"
        begun = time.monotonic()
        finished = site.run("activities", "export", str(file), "--force")
        took, size = time.monotonic() - begun, file.stat().st_size
        file.unlink()
        number = int(finished.err.split()[1].replace(",", ""))
        each = f"{number / took:,.0f} rows a second, {finished.seconds / number * 1e6:.0f} us of CPU and {size / number:.0f} B each"
        print(f"export, {kind:<19} {number} rows in {took:.1f} s: {each}, {finished.peak / 1e6:.0f} MB")


def formats(directory: Path, records: int, rounds: int) -> None:
    """The whole road by format, each over as many bytes: CPU time a byte against Microsoft 365's, start-up left out."""
    m365 = prepare(directory, records // 8)
    size = (m365.inputs / "audit.ndjson").stat().st_size
    sites = {"m365": m365}
    for name, template in format_records.formats().items():
        sites[name] = site = Site(m365.directory.with_name(f"{m365.directory.name}-{name}"), rules={})
        shutil.copytree(m365.directory / "rules", site.directory / "rules", dirs_exist_ok=True)
        site.configure(inputs=[{"name": name, "path": f"{site.inputs}/*", "format": name} | format_records.OPTIONS.get(name, {})])
        site.write(f"audit{template.suffix}", format_records.lines(template, size), mode="wb")
    least, starts = dict.fromkeys(sites, math.inf), math.inf
    for _ in range(rounds):
        starts = min(starts, start(m365))
        least = {name: min(seconds, run(sites[name]).seconds) for name, seconds in least.items()}
    costs = {name: (least[name] - starts) / size for name in sites}
    for name, site in sites.items():
        number = site.counts()["records"]
        assert number == site.counts()["received"], f"{name}: {site.counts()}"
        each = (least[name] - starts) / number * 1e6
        print(f"{name:<22} {each:5.1f} us a record of {size / number:4.0f} B, {costs[name] / costs['m365']:.2f} times m365's a byte")


def company(directory: Path, records: int, rounds: int) -> None:
    """Which attacks on simulated companies the shipped policies find, and what they raise of nothing."""
    simulated_companies.measure_all(range(1, 21))


def anomaly_policies(directory: Path, records: int, rounds: int) -> None:
    """What the shipped policies cost that know what is usual, in turns with a run without them."""
    plain, watched = prepare(directory, records), prepare(directory / "anomalies", records)
    number = anomalies.add_shipped(watched)
    several = [(run(plain), run(watched)) for _ in range(rounds)]
    anomalies.tell(records, number, *map(list, zip(*several, strict=True)), watched)
    company_costs.tell(1, rounds)


def _rounded(numbers: list[float]) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)


PARTS: dict[str, Callable[[Path, int, int], None]] = {
    "speed": speed,
    "small": small,
    "life": life,
    "stages": stages,
    "memory": memory,
    "workers": workers,
    "start": starts,
    "keys": keys,
    "reloads": reloads,
    "policies": policies,
    "latency": latency,
    "log": log,
    "waiting": waiting,
    "export": export,
    "formats": formats,
    "company": company,
    "anomalies": anomaly_policies,
}


def main() -> None:
    """Measure all parts, or some."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="of which the best, or the median, counts")
    parser.add_argument("--only", action="append", choices=PARTS, default=[])
    parser.add_argument("--directory", type=Path, help="keep the generated files here, for the next time")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package's modules are compiled: else each start would compile them
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.only or PARTS:
            PARTS[name](arguments.directory or Path(temporary), arguments.records, arguments.rounds)


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
