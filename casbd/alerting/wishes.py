"""Which alerts an output is to hear of, as its part of the configuration says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from casbd.clock import now
from casbd.config.settings import PluginSettings, Settings
from casbd.filters import bounded
from casbd.filters.bounded import Answer
from casbd.model.alert import SEVERITIES, SYSTEM, Alert, Severity


class Wish(NamedTuple):
    """What one output is sent. alerts, system: `send` has them. oldest: how old the newest activity of an alert may be when it is raised
    (ms); None: as old as it likes. meets: whether its `filters` hold; those about casbd itself, which have neither app nor user, need not
    where `send` has `system`."""

    alerts: bool = True
    system: bool = False
    min_severity: Severity = "informational"
    oldest: int | None = None
    meets: Callable[[Alert], Answer] = lambda _: Answer.YES

    def takes(self, alert: Alert) -> bool:
        """Whether `send` has alerts of this kind: `alerts` those about casbd itself, too, as whoever wrote nothing else must not be
        the last to learn that casbd cannot read."""
        return self.alerts or (self.system and alert.category == SYSTEM)

    def wants(self, alert: Alert) -> Answer:
        """Whether it is to hear of the alert as it is now, if it has not heard of it yet. Where it is sent,
        what is undecided is asked again."""
        is_severe = SEVERITIES.index(alert.severity) >= SEVERITIES.index(self.min_severity)
        if not is_severe or not self.takes(alert) or not _is_news(alert, self.oldest):
            return Answer.NO
        return Answer.YES if self.system and alert.category == SYSTEM else self.meets(alert)


def _is_news(alert: Alert, oldest: int | None) -> bool:
    """Whether its newest activity was no older than that (ms) when it was raised, or is newer; alerts about casbd itself are of now."""
    return oldest is None or alert.category == SYSTEM or alert.created - alert.last_activity <= oldest


def of(settings: Settings) -> dict[str, Wish]:
    """By name, the outputs that are sent alerts."""
    return {name: of_output(output) for name, output in settings.sending("alerts", "system").items()}


def of_output(output: PluginSettings) -> Wish:
    """What one output is sent of alerts; it may be nothing."""
    wish = Wish("alerts" in output.send, "system" in output.send, output.min_severity, output.max_activity_age)
    return wish if output.filters is None else wish._replace(meets=bounded.of_alerts(output.filters, now).answer)
