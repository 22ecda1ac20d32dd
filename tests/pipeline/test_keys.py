"""Keys of activities: those that older versions stored must still say what is a repeat."""

import pytest

from casbd.model.activity import Activity
from casbd.pipeline.keys import Keys


def test_they_are_the_same_in_every_version():
    activities = [Activity(0, "id-1", app_instance=instance) for instance in ("contoso", None, "contoso")]
    assert Keys(b"salt")(activities) == [8_562_782_983_549_432_147, 7_250_100_427_282_636_891, 8_562_782_983_549_432_147]


def test_they_are_of_this_store_this_instance_and_this_id_and_fit_into_sqlite():
    activities = [Activity(0, name, app_instance=instance) for instance in ("x", "y", "") for name in ("a", "b", "")]
    keys = Keys(b"salt")(activities) + Keys(b"other")(activities)
    assert len({*keys}) == 18
    assert all(0 < key < 2**63 for key in keys)


def test_half_a_surrogate_pair_has_none():
    with pytest.raises(UnicodeEncodeError):
        Keys(b"")([Activity(0, "\ud800")])
