"""Which alerts an output is to hear of, as its part of the configuration says."""

from __future__ import annotations

from typing import NamedTuple

from casbd.config.settings import Settings
from casbd.model.alert import SEVERITIES, SYSTEM, Alert, Severity


class Wish(NamedTuple):
    """What one output is sent. alerts, system: `send` has them. oldest: how old the newest activity of an alert may be when it is raised
    (ms); None: as old as it likes."""

    alerts: bool = True
    system: bool = False
    min_severity: Severity = "informational"
    oldest: int | None = None

    def takes(self, alert: Alert) -> bool:
        """Whether `send` has alerts of this kind: `alerts` those about casbd itself, too, as whoever wrote nothing else must not be
        the last to learn that casbd cannot read."""
        return self.alerts or (self.system and alert.category == SYSTEM)

    def wants(self, alert: Alert) -> bool:
        """Whether it is to hear of the alert as it is now, if it has not heard of it yet."""
        is_severe = SEVERITIES.index(alert.severity) >= SEVERITIES.index(self.min_severity)
        return is_severe and self.takes(alert) and _is_news(alert, self.oldest)


def _is_news(alert: Alert, oldest: int | None) -> bool:
    """Whether its newest activity was no older than that (ms) when it was raised, or is newer; alerts about casbd itself are of now."""
    return oldest is None or alert.category == SYSTEM or alert.created - alert.last_activity <= oldest


def of(settings: Settings) -> dict[str, Wish]:
    """By name, the outputs that are sent alerts."""
    return {
        name: Wish("alerts" in output.send, "system" in output.send, output.min_severity, output.max_activity_age)
        for name, output in settings.sending("alerts", "system").items()
    }
