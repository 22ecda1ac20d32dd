"""What must hold of each kind of anomaly holds of one that is a file alone."""

from casbd.detections.trial_hour import OddHour
from hypothesis import given
from hypothesis import settings as how

from casbd.habits.anomaly import DAY

from .orders import activities, same_in_any_order
from .test_hostile import MATCHES, after_a_flood, floods

MATCH = OddHour(learning=2 * DAY)


@how(max_examples=50)
@given(given=activities((None,)))
def test_neither_order_nor_cuts_nor_restarts_matter(given):
    same_in_any_order(MATCH, given)


@how(max_examples=25)
@given(flood=floods())
def test_what_is_stored_of_a_subject_is_small_whatever_it_does(flood):
    assert MATCH.kind not in {match.kind for match in MATCHES.values()}, "no shipped rule, so that it is asked of this one here"
    assert max(after_a_flood(MATCH, flood)) <= 4096
