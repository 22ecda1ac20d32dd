"""One session or token that is used from two networks, or by two clients, at once."""

from __future__ import annotations

from typing import Annotated, ClassVar

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import DAY, HOUR, Sensitivity
from casbd.habits.used_twice import UsedTwice
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Fields, Length, MatchKeys, between
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user


class SharedSessionKeys(MatchKeys):
    """`match: {shared_session: raw.SessionId, within: 1h, learning: 7d, sensitivity: medium}`."""

    shared_session: Fields
    """Path into the record (of several the first that is known) with the id of the session, which is used in turns from a network that the
    user has, and from one that is new; or close to each other from both with operating systems that cannot be one client's, or a script.
    One alert is what was done from new networks in a session and day (UTC)."""
    within: Annotated[Length, between(1000, 6 * HOUR)] = HOUR
    """So close together, at most 6h."""
    learning: Length = 7 * DAY
    """No alert in the first days of a subject."""
    sensitivity: Sensitivity = "medium"
    """So often the network must change in that time: five times (low), three times, or twice (high)."""


@detection
class SharedSession(Plain):
    """A session at two places."""

    Options: ClassVar[type[MatchKeys]] = SharedSessionKeys
    example: ClassVar[str] = "shared_session: raw.SessionId"

    @classmethod
    def match(cls, keys: SharedSessionKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """Where its id stands."""
        return UsedTwice(
            shared_session=tuple(keys.shared_session),
            within=keys.within,
            learning=keys.learning,
            sensitivity=keys.sensitivity,
            by=by,
            single_app=keys.single_app,
        )

    @classmethod
    def meaning(cls, match: UsedTwice, subject: str) -> str:
        """`activities of one session of a user from two networks in turns within 1h, of which one is new for it, or with ...`."""
        within, length = durations.written(match.within), durations.written(match.learning)
        return (
            f"activities of one session of a {subject} from two networks in turns within {within}, of which one is new for it,"
            f" or with two clients that cannot be one (at {match.sensitivity} sensitivity, once it is known for {length})"
        )

    @classmethod
    def evidence(cls, match: UsedTwice, facts: Facts, span: int) -> str:
        """`5 activities ... in 24 min from 203.0.113.9 (BR), in a session that was used from AS2119 (NO) in the same hour: ...`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match))
        usual = facts.usual
        said += (evidence_words.lasting(usual.get("lasted", span)) if part.number > 1 else "") + evidence_words.place(part)
        if not usual:
            return said
        said += f", in a session that was used from {usual['own']} ({usual['country']}) at the same time"
        said += f"; network {usual['network']} is new for the subject"
        if usual["clients"]:
            (there, here) = (" and ".join(map(_client, names)) for names in usual["clients"])
            said += f", and so is the client ({there} beside {here})"
        return said


def _client(name: str) -> str:
    return {"script": "a script", "apple": "macOS or iOS", "linux": "Linux or Android", "windows": "Windows"}.get(name, name)
