"""What would make a noisy policy quieter: counted on its alerts and how people closed them, not guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from casbd.model.alert import RESOLUTIONS
from casbd.pseudonyms import Pseudonyms
from casbd.reports.counted import WEEK
from casbd.reports.month import Month
from casbd.reports.monthly import Tuning
from casbd.store.state.reported import AlertSummary
from casbd.wire.plain_text import single_line

FIELDS = ("user", "ip_address", "country", "app")
"""Of alerts, by which an exception can tell activities apart: the narrowest first, and of equals it is taken."""
ENOUGH = 3
"""False alerts, or alerts that nobody has judged, below which nothing is said: two are chance."""
MANY = 5
"""False alerts without a real one from which on the policy itself is doubtful."""
LEAST, MOST_OF_ALL = 0.2, 0.5
"""Shares of the alerts that one value, or repetition, must have to be worth a look, and to be said before all else."""
TRUE, _, _ = RESOLUTIONS


class _Found(NamedTuple):
    field: str
    value: str
    removed: int
    lost: int


def tuning(alerts: Sequence[AlertSummary], shown: Pseudonyms, month: Month) -> Tuning | None:
    """What to do about one policy's alerts of a month; None where there is nothing to say. shown: how people are named."""
    false = [alert for alert in alerts if alert.resolution in ("false_positive", "benign")]
    real = [alert for alert in alerts if alert.resolution == TRUE]
    found = _best(false, real, alerts)
    exception = found and _exception(found, f"of {len(false):,} that turned out to be none", alerts[0].policy_id, shown, month)
    if exception is not None and exception.removed >= MOST_OF_ALL * len(false):
        return exception
    open_ones = [alert for alert in alerts if alert.resolution is None]
    return _repeating(alerts) or _never_real(false, real) or exception or _one_value(open_ones, real, alerts, shown)


def _best(alerts: Sequence[AlertSummary], real: Sequence[AlertSummary], whole: Sequence[AlertSummary]) -> _Found | None:
    """The value that most of them have and none of the real ones; failing that, the one that costs the fewest of these."""
    enough = max(ENOUGH, LEAST * len(alerts))
    found = [one for one in _values(alerts, real) if one.removed >= enough and not _is_of_all(one, whole)]
    return min(found, key=lambda one: (one.lost > 0, -one.removed + one.lost, FIELDS.index(one.field), one.value), default=None)


def _is_of_all(found: _Found, whole: Sequence[AlertSummary]) -> bool:
    """Whether an exception would be the end of the policy: it is about one app or country alone."""
    return found.field in ("app", "country") and all(getattr(alert, found.field) == found.value for alert in whole)


def _never_real(false: Sequence[AlertSummary], real: Sequence[AlertSummary]) -> Tuning | None:
    if real or len(false) < MANY:
        return None
    return Tuning(
        f"None of the {len(false):,} alerts that were judged was real: narrow its filters, or have it count alone (mode: simulate).", 0, 0
    )


def _values(alerts: Iterable[AlertSummary], real: Sequence[AlertSummary]) -> Iterator[_Found]:
    several = [*alerts]
    for field in FIELDS:
        lost = Counter(getattr(alert, field) for alert in real)
        for value, number in Counter(getattr(alert, field) for alert in several).items():
            if value:
                yield _Found(field, value, number, lost[value])


def _exception(found: _Found, among: str, policy_id: str, shown: Pseudonyms, month: Month) -> Tuning:
    value = _shown(found, shown)
    hidden = value != found.value
    words = {"user": "the user", "ip_address": "the address", "country": "the country", "app": "the app"}[found.field]
    costs = f", and {found.lost:,} real ones with them: look closer before" if found.lost else ", and no real one"
    written = f"""\
exceptions:
  - policy: {policy_id}
    filters: {{{found.field}: {{eq: {_quoted(value)}}}}}
    reason: why these are no alerts
    expires: {month.plus(4)}-01
"""
    advice = f"An exception for {words} {value} would have removed {found.removed:,} alerts {among}{costs}."
    return Tuning(advice, found.removed, found.lost, "" if hidden else written)  # no activity has a pseudonym: it would exempt nobody


def _repeating(alerts: Sequence[AlertSummary]) -> Tuning | None:
    """One alert a user and week, where most repeat an earlier one: of single activities one that grows, of others one that is sent."""
    first = {(alert.user, alert.app, alert.app_instance, alert.first_activity // WEEK) for alert in alerts}
    removed = len(alerts) - len(first)
    if removed < ENOUGH or removed < MOST_OF_ALL * len(alerts):
        return None
    key, verb = ("each", "made") if alerts[0].policy_type == "activity" else ("suppress", "sent")
    advice = f"One alert a user, app and week (alert: {{{key}: 7d}} in the rule file) would have {verb} {len(first):,} of {len(alerts):,}."
    return Tuning(advice, removed, 0)


def _one_value(
    alerts: Sequence[AlertSummary], real: Sequence[AlertSummary], whole: Sequence[AlertSummary], shown: Pseudonyms
) -> Tuning | None:
    """What most of those have in common that nobody has judged: perhaps an exception, once somebody has looked."""
    found = _best(alerts, real, whole)
    if found is None or found.lost or found.removed < MOST_OF_ALL * len(alerts):
        return None
    what = f"{found.field.replace('ip_address', 'address')} {_shown(found, shown)}"
    return Tuning(f"{found.removed:,} of {len(alerts):,} that nobody has judged are of the {what}: close them, then decide.", 0, 0)


def _shown(found: _Found, shown: Pseudonyms) -> str:
    if found.field == "user":
        return shown.user(found.value)
    return shown.address(found.value) if found.field == "ip_address" else found.value


def _quoted(value: str) -> str:
    """As YAML reads it, whatever is in it (https://yaml.org/spec/1.2.2/#73-flow-scalar-styles)."""
    return '"' + single_line(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
