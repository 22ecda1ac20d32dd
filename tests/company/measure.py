"""What casbd makes of a company: both halves of the pipeline over a store in a folder, without the daemon around them."""

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from casbd.config import reading
from casbd.config.settings import Settings
from casbd.model.alert import Alert
from casbd.model.chunk import Chunk, Position
from casbd.pipeline import Pipeline
from casbd.pipeline.enrichment import configured
from casbd.pipeline.learning import Learning
from casbd.pipeline.scan import Scanner
from casbd.plugins import Options, registry
from casbd.policies import loading
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import raised_alerts
from company import surroundings
from company.shapes.written import Record
from company.simulation import Company

TOGETHER = 3000
"""So many records are read before each commit: some minutes to an hour of a company."""
BESIDES = frozenset(
    {
        *("multiple-failed-log-ons", "password-guessed", "password-spray", "push-notifications-until-one-is-accepted"),
        *("activity-from-anonymous-ip", "activity-from-suspicious-ip", "audit-log-tampering", "suspicious-oauth-app-file-download"),
        *("suspicious-inbox-forwarding", "suspicious-inbox-manipulation"),
    }
)
"""Shipped policies that count as anomaly detection whatever kind of match they are made of; every one of type `anomaly` does as well."""


def policies(rules: Path = surroundings.RULES) -> list[Policy]:
    """The shipped ones that are measured."""
    return [one for one in loading.load([rules]) if one.id in BESIDES or (one.match and one.match.policy_type == "anomaly")]


def alerts(company: Company, rules: Sequence[Policy], directory: Path | None = None, exports: Sequence[str] = ()) -> list[Alert]:
    """What these policies raise of all the company's records, in the order of their arrival; oldest activity first.

    directory: where the store and the company's files are left; else they are removed. exports: instead, each of these formats to its
    end, in this order, and then what came too late is judged.
    """
    place = directory or Path(tempfile.mkdtemp(prefix="company-"))
    try:
        return _alerts(company, rules, place, exports)
    finally:
        if directory is None:
            shutil.rmtree(place)


def told(alerts: Iterable[Alert]) -> set[tuple[object, ...]]:
    """What must not depend on the order in which records are read, of those that are open: all but ids and when they were raised."""
    names = ("policy_id", "user", "ip_address", "first_activity", "last_activity", "activity_count", "activity_ids", "evidence")
    return {tuple(getattr(one, name) for name in names) for one in alerts if one.status == "open" and one.merged_into is None}


def _alerts(company: Company, rules: Sequence[Policy], directory: Path, exports: Sequence[str]) -> list[Alert]:
    records = [*company.arrivals()]  # the plan of addresses is whole once all were made
    settings = reading.load(surroundings.write(company, directory))
    with Store(settings.state_dir) as store:
        read(records, rules, settings, store, exports=exports)
        return [*raised_alerts.find(store.connection)]


def read(
    records: Sequence[Record],
    rules: Sequence[Policy],
    settings: Settings,
    store: Store,
    together: int = TOGETHER,
    exports: Sequence[str] = (),
    scanned: Sequence[Policy] | None = None,
) -> tuple[float, float]:
    """Read a company's records as they arrived, so many before each commit, into an empty store; then what came too late is judged from
    the log. This process's CPU time (s) after each of both. exports: see `alerts`. scanned: the policies that scanning asks, where they are
    others than those (`rules`) that commits count for."""
    enrichers, mistakes = configured(settings.enrichers)
    assert not mistakes, mistakes
    formats = {name: registry.load("formats", name)(Options()) for name in surroundings.FORMATS}
    now, latest = records[0][0], records[-1][0]
    store.connection.execute("PRAGMA synchronous = OFF")  # no measure pulls the plug
    scanner = Scanner(lambda _, name: formats[name], enrichers, Matcher(rules if scanned is None else scanned), store.salt())
    pipeline = Pipeline(store, settings, rules, lambda: now)
    for several in _cut(sorted(records, key=lambda record: exports.index(record[1])) if exports else records, together):
        now = latest if exports else several[-1][0]
        pipeline.commit([scanner.scan(chunk) for chunk in _chunks(several, now)])
    on_the_way = time.process_time()
    learning = Learning(store, pipeline, lambda: now)
    while learning.turn(rules, judges=True):
        pass
    return on_the_way, time.process_time()


def _cut(records: Sequence[Record], size: int) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _chunks(records: Iterable[Record], seen: int) -> Iterator[Chunk]:
    """By format."""
    by_format: dict[str, list[bytes]] = {}
    for _, name, line in records:
        by_format.setdefault(name, []).append(line)
    for name, lines in by_format.items():
        offsets = [*itertools.accumulate((len(line) + 1 for line in lines), initial=0)]
        position = Position(
            input=name,
            path=f"/{name}",
            device=1,
            inode=1,
            fingerprint=name,
            fingerprint_size=0,
            offset=offsets[-1],
            size=offsets[-1],
            seen=seen,
        )
        yield Chunk(
            input=name, path=f"/{name}", format=name, instance=None, records=lines, offsets=offsets[:-1], rejects=[], position=position
        )
