"""The sections `notifications` and `sms`: who is told of alerts, and how much."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from casbd.config.names import Name
from casbd.documents.duration_option import Duration
from casbd.documents.mail_addresses import MailAddress
from casbd.documents.quiet_hours import checked_hours
from casbd.documents.secrets import Secret
from casbd.model.alert import Severity
from casbd.plugins import Options


class Notification(Options):
    """One recipient, by mail or by a service of Apprise.

    alerts: `all`, or only those of policies that `named` it. digest: what comes within so long (ms) after a message goes together.
    max_per_hour: messages; what comes then goes together when the hour is over. In quiet_hours only high severity is told at once.
    max_activity_age: alerts whose newest activity is older (ms) when they are raised are stored alone; None: no limit.
    """

    name: Name
    email: MailAddress | None = None
    url: Secret | None = None
    alerts: Literal["all", "named"] = "all"
    min_severity: Severity = "informational"
    max_per_hour: Annotated[int, Field(ge=1)] = 20
    digest: Duration = 60_000
    max_activity_age: Duration | None = None
    quiet_hours: Annotated[str, AfterValidator(checked_hours)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Notification:
        if (self.email is None) == (self.url is None):
            raise ValueError("a recipient has either `email` or `url`")
        return self


class Sms(Options):
    """How a telephone number in a rule file is reached. url: of a service of Apprise, with `{number}` where the number goes."""

    url: Secret
