"""What is remembered of those who had a value first: of them alone."""

import msgspec

from casbd.habits.anomaly import DAY
from casbd.habits.first_users import MOST_FIRST, FirstUsers
from casbd.habits.values_seen import ValuesSeen
from casbd.model.counted import Entry


def test_since_when_somebody_is_active_is_forgotten_of_who_is_among_the_first_no_more():
    organization = FirstUsers()
    for n in range(50):  # each was there before the one that was told of before
        entry, memory = Entry((100 - n) * DAY, n, f"{n}", "value"), ValuesSeen()
        memory.add(entry)
        organization.add(f"user{n}", entry, memory)
    _, values, began = msgspec.msgpack.decode(msgspec.msgpack.encode(organization.packed()))
    assert began == {f"user{n}": (100 - n) * DAY for n in range(50 - MOST_FIRST, 50)}
    assert {who for _, who, _ in values["value"]} == began.keys()
