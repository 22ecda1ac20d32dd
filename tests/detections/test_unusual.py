"""What an alert of an unusual amount says, and what may be asked for."""

import pytest

from casbd.backtest.trial import alerts_of
from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.policies import kinds
from casbd.policies.loading import load

DAY, MINUTE = 86_400_000, 60_000
BEGINNING = 1_767_225_600_000


def policy(place, match):
    (place / "one.yaml").write_text(f"name: One\nfilters: {{activity_type: {{eq: Download file}}}}\nmatch: {{{match}}}\n")
    return load([place])[0]


def downloads(day, number, *, apart=0.05):
    start = BEGINNING + day * DAY + 14 * 60 * MINUTE
    return [
        Activity(
            activity_id=f"{day} {n}",
            timestamp=start + int(n * apart * MINUTE),
            activity_type="Download file",
            user="a@example.com",
            app="Box",
            object_id=f"file-{n}",
            object_name=f"File {n}",
            ip_address="203.0.113.7",
        )
        for n in range(number)
    ]


def test_it_says_with_what_it_was_compared(tmp_path):
    history = [one for day in range(29) for one in downloads(day, 1 + day % 5)]
    (alert,) = alerts_of(policy(tmp_path, "unusual: object_id"), [*history, *downloads(29, 412)], lambda: BEGINNING)
    assert alert.evidence == (
        'Download file 412 times on 412 objects such as "File 0" in Box from 203.0.113.7 and perhaps others from 14:00 to 14:20 UTC;'
        " 412 in 1h, on 29 days before never more than 5"
    )
    assert (alert.policy_type, alert.activity_count) == ("anomaly", 412)


def test_it_means(tmp_path):
    match = policy(tmp_path, "unusual: activities, at_least: 30, first_time: 15, while_learning: 100, unknown: asn").match
    assert kinds.of(match).meaning(match, "user") == (
        "at least 30 activities (15 of who hardly ever did it) that failed where (by asn) none succeeded before, of the same user within 1h"
        " (in the first 7d: 100), and more than its own history and that of others explain at sensitivity medium"
    )
    match = policy(tmp_path, "unusual: activities, unknown: asn, unless_common: 3").match
    assert "where (by asn) none succeeded before (thrice as many where 3 others did), of the same user" in kinds.of(match).meaning(
        match, "user"
    )
    match = policy(tmp_path, "unusual: object_id, unless_common: 3").match
    assert "different values of object id, beside what 3 others do in the same folder, of the same user" in kinds.of(match).meaning(
        match, "user"
    )
    match = policy(tmp_path, "unusual: activities, unknown: asn, then_succeeded: true").match
    assert "none succeeded before, then one that succeeded there, of the same user" in kinds.of(match).meaning(match, "user")


@pytest.mark.parametrize(
    ("match", "told"),
    [
        ("unusual: activities, session: 10m", "a session is 1h to 6h long"),
        ("unusual: activities, learning: 90d", "at most 60d"),
        ("unusual: activities, at_least: 1", "`match.at_least`: should be at least 2"),
        ("unusual: objects", "cannot count different values of the list `objects`"),
        ("unusual: activities, sensitivity: normal", "`match.sensitivity`"),
        ("unusual: activities, unless_common: 3", "or where objects are, with `unusual: object_id`"),
        ("unusual: user, unknown: asn, unless_common: 3", "`unless_common` asks where activities fail, with `unknown`"),
        ("unusual: activities, unknown: asn, unless_common: 6", "`match.unless_common`"),
        ("unusual: activities, then_succeeded: true", "`then_succeeded` asks where activities fail, with `unknown`"),
    ],
)
def test_what_cannot_be_asked_for_is_told(match, told, tmp_path):
    with pytest.raises(Mistakes) as caught:
        policy(tmp_path, match)
    assert told in str(caught.value)
