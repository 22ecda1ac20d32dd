"""Whose pseudonym it is: found by making those of all whom the log names."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.pseudonyms import Pseudonyms
from casbd.store.database import Store
from casbd.store.state import governance_log, raised_alerts


def resolve(store: Store, pseudonyms: Pseudonyms, wanted: Collection[str], *, everywhere: bool = False) -> dict[str, str]:
    """The users and addresses of some pseudonyms; of one that nobody has there is none.

    They are looked for among the log's users and addresses, in alerts and governance commands; everywhere: then in all that the
    activities' texts name, which takes as long as reading the whole log.
    """
    identities: dict[str, str] = {}

    def made(identity: str, pseudonym: str) -> None:
        if pseudonym in wanted:
            identities.setdefault(pseudonym, identity)

    for _ in _all_named(store, pseudonyms.reporting(made), everywhere=everywhere):
        if identities.keys() >= set(wanted):
            break
    return identities


def _all_named(store: Store, pseudonyms: Pseudonyms, *, everywhere: bool) -> Iterator[None]:
    log, everything = ActivityLog(store), Wanted([], lambda: 0)
    for field, name_of in (("user", pseudonyms.user), ("ip_address", pseudonyms.address)):
        for (name,) in log.counts(everything, [field]) if field in pseudonyms.fields else ():
            if name:
                name_of(name)
        yield
    for alert in raised_alerts.find(store.connection):
        pseudonyms.alert(alert)
    for command in governance_log.every(store.connection):
        pseudonyms.command(command)
    yield
    for several in log.scan() if everywhere else ():
        for activity in several:
            pseudonyms.activity(activity)
        yield
