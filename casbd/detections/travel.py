"""Activity from two places that are too far apart for the time between."""

from __future__ import annotations

from typing import ClassVar, Literal

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import DAY, Sensitivity
from casbd.habits.impossible import Impossible
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Length, MatchKeys
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user


class TravelKeys(MatchKeys):
    """`match: {travel: impossible, learning: 7d, sensitivity: medium}`."""

    travel: Literal["impossible"]
    """Two places that are too far apart for the time between: at 900 km/h, and half an hour besides. One alert is what was done in a day of
    a stay at the place that is less usual. The same network, the organization's own addresses, a way out that colleagues share, a known
    telephone at its provider's and less than 500 km are no journey."""
    learning: Length = 7 * DAY
    """In the first days of a subject there is only an alert for a country of which nobody else of the organization came."""
    sensitivity: Sensitivity = "medium"
    """medium: not where the subject used the network before, or was in the country with the same device; nor between countries that border
    on each other. low: nor where others used the network. high: all of these, too."""


@detection
class Travel(Plain):
    """A journey that nobody can make."""

    Options: ClassVar[type[MatchKeys]] = TravelKeys
    example: ClassVar[str] = "travel: impossible"

    @classmethod
    def match(cls, keys: TravelKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How sure it has to be."""
        return Impossible(learning=keys.learning, sensitivity=keys.sensitivity, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Impossible, subject: str) -> str:
        """`activities of the same user from two places that are too far apart for the time between`."""
        length = durations.written(match.learning)
        return (
            f"activities of the same {subject} from two places that are too far apart for the time between"
            f" (at {match.sensitivity} sensitivity, once it is known for {length})"
        )

    @classmethod
    def evidence(cls, match: Impossible, facts: Facts, span: int) -> str:
        """`2 log ons to Okta in 4 min from 203.0.113.9 (BR), 11 min after activity from NO: at least 9,742 km, 11 h 19 min by air; ...`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match))
        usual = facts.usual
        said += (evidence_words.lasting(usual.get("lasted", span)) if part.number > 1 else "") + evidence_words.place(part)
        if not usual:
            return said
        apart = evidence_words.length(usual["apart"])
        when = f"{apart} {'after' if usual['before'] else 'before'}" if apart else "at the time of"
        flight = evidence_words.length(usual["flight"])
        said += f", {when} activity from {usual['from']}: at least {usual['km']:,} km, for which it takes {flight} by air"
        return said + (f"; {_listed(usual['new'])} new for the subject" if usual["new"] else "")


def _listed(new: list[str]) -> str:
    names = [f"{name}" for name in new]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) + (" is" if len(names) == 1 else " are")
