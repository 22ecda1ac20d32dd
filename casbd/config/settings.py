"""`casbd.yaml` as typed settings, once it has been read (`reading.py`).

Plugins own their options: an input's are those of `InputOptions` and its format's, an output's those of `OutputOptions`
and its type's, and so on; so a new plugin brings its keys along, and an unknown key is a mistake everywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field

from casbd.config.governance import Governance
from casbd.config.names import Name
from casbd.config.notifications import Notification, Sms
from casbd.config.privacy import Privacy
from casbd.config.reach import Reach
from casbd.config.reports import Reports
from casbd.documents.duration_option import Duration
from casbd.documents.durations import milliseconds
from casbd.documents.mail_server import MailServer
from casbd.filters.tree import Node
from casbd.model.alert import Severity
from casbd.model.chunk import InputSpec
from casbd.plugins import ConfigPath, Options
from casbd.wire import left_out


class InputOptions(Options):
    """What every input has, whatever its format."""

    name: Name
    path: ConfigPath
    format: str = "auto"
    instance: str | None = None
    silence: Duration | None = None
    poll: bool = False
    follow_links: bool = False


def _begin(value: Any) -> int:
    length = {"now": 0, "beginning": 2**53}.get(str(value), milliseconds(value))
    if length is None:
        raise ValueError(f"{value!r} is neither `now` nor `beginning`, nor a length of time such as 2d")
    return length


class OutputOptions(Options):
    """What every output has, whatever its type."""

    name: Name
    type: str
    send: Annotated[tuple[Literal["alerts", "activities", "governance", "system"], ...], Field(min_length=1)] = ("alerts",)
    """`alerts` has those about casbd itself with it, `system` these alone."""
    min_severity: Severity = "informational"
    """Alerts below it are stored and not sent, until their severity rises."""
    filters: Any = None
    """As in a rule, on alerts and activities (`sent_filters.py`)."""
    leave_out: tuple[Annotated[str, AfterValidator(left_out.checked)], ...] = ()
    begin: Annotated[int, BeforeValidator(_begin)] = Field(default=0, alias="from")
    """How old (ms) what is stored may be that an output gets when it is new: `now`, `beginning`, or a length of time."""
    max_activity_age: Duration | None = None
    """Older activities, and alerts whose newest activity was older when they were raised, are stored and not sent; None: no limit."""


class ConnectorOptions(Reach):
    """What every connector has, whatever its type."""

    name: Name
    type: str


class Retention(Options):
    """How long things are kept, counted from the event and from the storing, whichever is later."""

    activities: Duration = 180 * 86_400_000
    alerts: Duration = 730 * 86_400_000
    rejects: Duration = 30 * 86_400_000


class Outbox(Options):
    """max_size: when a destination has so much waiting, reading pauses until there is room; nothing is dropped.

    alert_when_down: a destination that takes nothing for so long is an alert for the others.
    """

    max_size: ByteSize = ByteSize(1_000_000_000)
    alert_when_down: Duration = 7_200_000


class Limits(Options):
    """policy_matches: a user or address that meets a policy more often than this in three hours raises no further alert of it until
    there is less; 0: all raise alerts."""

    policy_matches: Annotated[int, Field(ge=0)] = 100_000


class Metrics(Options):
    """Prometheus metrics over HTTP."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(gt=0, lt=65536)]


class InputSettings(msgspec.Struct, frozen=True):
    """One input: what the follower needs, and the format's own options."""

    spec: InputSpec
    options: Options


class PluginSettings(msgspec.Struct, frozen=True):
    """One output or connector. reach: for a connector, whose accounts it takes. For an output, send: what it gets; min_severity: of
    alerts; filters: of alerts and activities; max_activity_age: how old (ms) they may be, None: as old as they like; leave_out: fields
    that are not sent; begin: how old (ms) what is stored may be that it gets when it is new."""

    name: str
    type: str
    options: Options
    send: tuple[str, ...] = ()
    min_severity: Severity = "informational"
    filters: Node | None = None
    leave_out: tuple[str, ...] = ()
    begin: int = 0
    max_activity_age: int | None = None
    reach: Reach = Reach()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration, checked. all_connectors: none of them was left out for what is wrong in it, or in its section's name."""

    path: Path
    state_dir: Path
    rules: tuple[Path, ...]
    inputs: tuple[InputSettings, ...]
    enrichers: dict[str, Options]
    outputs: tuple[PluginSettings, ...]
    connectors: tuple[PluginSettings, ...]
    governance: Governance
    retention: Retention
    outbox: Outbox
    limits: Limits
    metrics: Metrics | None
    privacy: Privacy = Privacy()
    notifications: tuple[Notification, ...] = ()
    mail: MailServer | None = None
    sms: Sms | None = None
    reports: Reports = Reports()
    workers: int
    log_level: str
    all_connectors: bool = True

    def sending(self, *what: str) -> dict[str, PluginSettings]:
        """By name, the outputs that are sent one of these, such as `alerts`."""
        return {output.name: output for output in self.outputs if not set(what).isdisjoint(output.send)}
