"""One alert a subject and time, of a policy that looks at every single activity."""

from __future__ import annotations

from typing import ClassVar

from casbd.counting.repeated import Repeated
from casbd.model.alert import PolicyType


class Each(Repeated, frozen=True, kw_only=True):
    """A series of activities is one alert, as long as no two that follow each other are further apart than `within`.

    Nobody's activities are series as well (see Match.nobodys): without `alert: {each: ...}` each of them would be an alert, too.
    """

    policy_type: ClassVar[PolicyType] = "activity"
    nobodys: ClassVar[bool] = True

    repeated: int = 1
