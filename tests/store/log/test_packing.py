"""Packing: what goes in comes out, as objects and as columns, whether C makes these or Python; damage is never taken for an activity."""

import random
import shutil
from unittest.mock import patch

import msgspec
import pyarrow as pa
import pytest
import zstandard
from builders import activities_at, part
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.store.log import bodies, columns, packing
from casbd.store.log.bodies import joined
from casbd.store.log.packing import DAMAGE, NOTHING, Packer, unpacked

TEXTS = st.one_of(
    st.text(max_size=6), st.sampled_from(["", "x" * 31, "x" * 32, "ä" * 128, "€" * 30_000, "\x00", "\U0010ffff", "\ud7ff\ue000"])
)
INTEGERS = st.one_of(st.sampled_from([n + d for n in (0, -32, -128, 1 << 7, 1 << 8, 1 << 16, 1 << 32, -(1 << 31)) for d in (-1, 0, 1)]))
WIDE = st.one_of(INTEGERS, st.integers(-(1 << 63), (1 << 63) - 1))
VALUES = {
    "time": WIDE,
    "text": st.none() | TEXTS,
    "choice": st.none() | TEXTS,
    "flag": st.none() | st.booleans(),
    "integer": st.none() | WIDE,
    "number": st.none() | st.floats(allow_nan=False),
    "list": st.lists(TEXTS, max_size=3).map(tuple),
    "objects": st.lists(st.builds(ActivityObject, *[st.none() | TEXTS] * 4), max_size=20).map(tuple),
}
KNOWN = ("activity_id", "activity_type", "raw")
ACTIVITIES = st.builds(Activity, **{name: TEXTS if name in KNOWN else VALUES[field.kind] for name, field in FIELDS.items()})


def both(body, number, fields=FIELDS):
    """The columns by C, and by Python."""
    by_c = unpacked(body, number, fields)
    with patch.object(packing, "COMPILED", False):
        return by_c, unpacked(body, number, fields)


def as_body(*rows):
    """A body of such rows, whatever they are."""
    return zstandard.compress(b"".join(map(msgspec.msgpack.encode, rows)))


def outcome(read, *arguments):
    try:
        return read(*arguments)
    except DAMAGE as error:
        return type(error)


@pytest.mark.skipif(not shutil.which("cc"), reason="without a compiler there is no C")
def test_where_there_is_a_compiler_columns_come_from_c():
    assert packing.COMPILED, "slow, and nobody is told: install casbd again"


@pytest.mark.parametrize("number", [0, 1, 15, 16, 65_535, 65_536])
def test_any_number_of_activities(number):
    activities = [Activity(5, "a")] * number
    assert part(activities).activities() == activities


def test_a_part_has_its_times_and_keys():
    activities = activities_at(5, 3, 9)
    one = part(activities, keys=[7, 8, 9])
    assert (one.first, one.last, [*one.keys], one.size) == (3, 9, [7, 8, 9], sum(map(len, one.encoded())))
    assert one.activities() == activities
    assert part([]) == NOTHING


def test_one_with_half_a_surrogate_pair_leaves_the_part_as_it_was():
    packer = Packer()
    packer.add(activities_at(1))
    with pytest.raises(UnicodeEncodeError):
        packer.add([Activity(0, "good"), Activity(9, "\ud800")])
    packer.add(activities_at(2, name="y"))
    assert packer.part([1, 2]).activities() == [*activities_at(1), *activities_at(2, name="y")]


def test_memory_that_huge_records_took_is_given_back():
    packer = Packer()
    noise = random.Random(1).randbytes(10 << 20).hex()
    activities = [Activity(1, "a", raw=noise)]
    assert part(activities, packer).activities() == activities
    assert len(packer._records) > 20 << 20
    packer.begin()
    assert len(packer._rest) + len(packer._records) < 8 << 20


def test_without_repeats():
    packer = Packer()
    activities = activities_at(5, 3, 9)
    left = packer.without_repeats(part(activities, keys=[7, 8, 9]), [True, False, True])
    assert (left.activities(), [*left.keys], left.first) == ([activities[0], activities[2]], [7, 9], 5)
    assert packer.without_repeats(part(activities), [False] * 3) == NOTHING


@given(st.lists(st.lists(ACTIVITIES, min_size=1, max_size=5), max_size=4))
def test_several_together_are_what_each_is_alone(several):
    several_bodies, numbers = [part(some).body for some in several], [*map(len, several)]
    together = packing.unpacked_together(several_bodies, numbers)
    if packing.COMPILED:
        wanted = [name for name in FIELDS if name != columns.RAW]
        alone = [unpacked(body, number, wanted) for body, number in zip(several_bodies, numbers, strict=True)]
        together.validate(full=True)
        assert pa.Table.from_batches([together]).equals(pa.Table.from_batches(alone, together.schema).combine_chunks())
    else:
        assert together is None


def test_several_together_have_each_as_many_as_it_should():
    """The sum is right, and the third would have the place of another block's."""
    several = [part(activities_at(1, 2, 3)).body, part(activities_at(4)).body]
    assert packing.unpacked_together(several, [2, 2]) is None
    assert packing.unpacked_together([*several, as_body([5, "a", "Log on"])], [3, 1, 1]) is None, "of an older casbd"


@given(st.lists(ACTIVITIES, max_size=20), st.just({*FIELDS}) | st.sets(st.sampled_from([*FIELDS])))
def test_columns_are_the_same_from_c_and_from_python(activities, fields):
    body = part(activities).body if activities else as_body()
    by_c, by_python = both(body, len(activities), fields)
    by_c.validate(full=True)
    assert by_c.equals(by_python)
    assert by_c.schema == by_python.schema == columns.schema([name for name in FIELDS if name in fields])
    if len(fields) == len(FIELDS):
        assert columns.activities(by_c) == activities


def damaged(encoded, data):
    """With a few bytes that are others, are missing or too many."""
    changed = bytearray(encoded)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, max(len(changed) - 1, 0)))
        changed[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    return bytes(changed)


@given(st.lists(ACTIVITIES, min_size=1, max_size=4), st.sampled_from(["activities", "records", "both", "old"]), st.data())
def test_what_is_damaged_is_damaged_for_both(activities, what, data):
    """C leaves to Python whatever it does not know, and gives nothing else than Python."""
    encoded, records = part(activities).encoded()
    if what == "old":
        encoded, records = b"".join(map(msgspec.msgpack.encode, activities)), b""
    if what != "records":
        encoded = damaged(encoded, data)
    if what in ("records", "both"):
        records = damaged(records, data)
    body = zstandard.compress(encoded) if what == "old" else joined(zstandard.compress(encoded), zstandard.compress(records))
    number = len(activities) + data.draw(st.sampled_from([0, 0, 0, 1, -1, 1 << 40]))
    by_python = outcome(lambda: packing.activities(body, number)) if number < 1 << 32 else msgspec.DecodeError
    with patch.object(packing, "COMPILED", False):
        assert number >= 1 << 32 or outcome(packing.activities, body, number) in (by_python, *DAMAGE)
    if isinstance(by_python, list):
        by_c, same = both(body, number)
        by_c.validate(full=True)
        assert by_c.equals(same)
    elif packing.COMPILED:
        assert packing._bodies.columns((encoded,), (number,), columns.letters(apart=what != "old"), records) is None


NO_TEXTS = [b"\xff", b"\xc3\x28", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\xe2\x82", b"\x80"]


@pytest.mark.parametrize("odd", NO_TEXTS)
def test_a_text_that_is_not_utf8_is_damage(odd):
    """RFC 3629: no byte that begins nothing, no overlong form, no surrogate, nothing above U+10FFFF, no end within a letter."""
    encoded = msgspec.msgpack.encode(Activity(5, "a")).replace(b"\xa1a", bytes([0xA0 + len(odd)]) + odd)
    with pytest.raises(DAMAGE):
        unpacked(zstandard.compress(encoded), 1)
    with pytest.raises(DAMAGE):
        unpacked(zstandard.compress(encoded), 1, ["user", "activity_id"])
    rest, _ = part([Activity(5, "a")]).encoded()
    body = joined(zstandard.compress(rest), zstandard.compress(len(odd).to_bytes(4, "little") + odd))
    for read in (unpacked, packing.activities):
        with pytest.raises(DAMAGE):
            read(body, 1)
    if packing.COMPILED:  # it does not look at what is not asked for; Python reads all
        assert unpacked(body, 1, ["activity_id"])["activity_id"].to_pylist() == ["a"]


def test_activities_of_an_older_casbd_have_fewer_fields_and_of_a_newer_one_more():
    rows = [[5, "a", "Log on"], [7, "b", "Log on", *[None] * 8, (), *[None] * 7, ()], [*msgspec.structs.astuple(Activity(9, "c")), "new"]]
    for several in ([rows[0]], [rows[2]], rows):
        by_c, by_python = both(as_body(*several), len(several))
        assert by_c.equals(by_python)
        assert [one.activity_id for one in columns.activities(by_c)] == [row[1] for row in several]


def test_a_bit_that_fell_over_gives_no_other_activity():
    activities = [Activity(1, "a", user=random.Random(1).randbytes(200).hex())]
    body = bytearray(part(activities).body)
    for place in range(len(body)):
        body[place] ^= 16
        read = outcome(packing.activities, bytes(body), 1)
        assert read in DAMAGE or read == activities, place  # some bits of a frame mean nothing (RFC 8878)
        body[place] ^= 16


def test_of_a_block_says_which_and_where():
    table = columns.of_block(columns.batch(activities_at(5, 6, 7)), 9, first=4)
    assert (table["block_id"].to_pylist(), table["place"].to_pylist()) == ([9] * 3, [4, 5, 6])
    assert table.schema == columns.schema()
    assert columns.activities(table) == activities_at(5, 6, 7)
    assert columns.of_block(columns.batch([]), 9).num_rows == 0


def test_the_size_before_it_is_compressed():
    one = part([Activity(1, "a", raw="x" * 100_000)])
    assert bodies.size(one.body) == one.size > 100_000
    assert bodies.size(b"damaged") == 7


def test_a_number_that_cannot_be_is_for_python_before_memory_is_taken():
    if packing.COMPILED:
        made, texts = packing._bodies.columns, packing._bodies.texts
        assert made((b"\x91\x05",), (1,), "I", b"") == [(1, 0, b"\x01", (5).to_bytes(8, "little"), b"")]
        assert made((b"\x91\x05",), (2,), "I", b"") is made((b"\x91\x05",), (1,), "I" * 257, b"") is None
        assert made((b"\x91\x05",), (), "I", b"") is made((b"\x91\x05",), (-1,), "I", b"") is None
        assert made((b"",), (0,), "I", b"") == made((), (), "I", b"") == [(0, 0, b"", b"", b"")]
        for wrong in (((5,), (1,)), ((b"\x91\x05",), ("1",)), ([b"\x91\x05"], [1])):
            with pytest.raises(TypeError):
                made(*wrong, "I", b"")
        assert texts(b"\0\0\0\0", 2) is texts(b"\0\0\0\0", -1) is texts(b"\1\0\0\0", 1) is None
        assert texts(b"\0\0\0\0\1\0\0\0x", 2) == ["", "x"]


def test_without_their_records_nothing_is_taken_for_activities():
    body = part(activities_at(5, 6)).body
    whole = Activity(7, "c", raw="a record")
    for short in (body[:-1], body[: -len(body) // 3], body[:20], part([whole]).body[: part([whole]).body.index(b"\x28\xb5", 30)]):
        with pytest.raises(DAMAGE):
            packing.activities(short, 2)


@given(st.lists(ACTIVITIES, min_size=1, max_size=9), st.sets(st.integers(0, 8)))
def test_those_at_some_places_are_the_same_as_of_all(activities, chosen):
    body = part(activities).body
    places = {(one.timestamp, one.activity_id) for number, one in enumerate(activities) if number in chosen}
    wanted = [one for one in activities if (one.timestamp, one.activity_id) in places]
    old = zstandard.compress(b"".join(map(msgspec.msgpack.encode, activities)))
    assert packing.at_places(body, len(activities), places) == packing.at_places(old, len(activities), places) == wanted
    without = packing.at_places(body, len(activities), places, with_records=False)
    assert without == [replace(one, raw="") for one in wanted]


@given(st.lists(ACTIVITIES, max_size=9), st.just({*FIELDS}) | st.sets(st.sampled_from([*FIELDS])))
def test_what_an_older_casbd_stored_is_read_as_it_was(activities, fields):
    """Records among the rest, all in one frame."""
    old = zstandard.compress(b"".join(map(msgspec.msgpack.encode, activities)))
    assert packing.activities(old, len(activities)) == activities
    by_c, by_python = both(old, len(activities), fields)
    assert by_c.equals(by_python)
    if activities:
        assert by_c.equals(unpacked(part(activities).body, len(activities), fields))


@given(st.lists(ACTIVITIES, min_size=1, max_size=9))
def test_the_same_bytes_with_c_and_without(activities):
    made = part(activities)
    with patch.object(packing, "COMPILED", False):
        assert part(activities) == made
        assert made.activities() == activities


USERS = ["anna", "bob", "carl", "dora", "eve", None]
"""Of several lots."""


def dealt(activities, packer=None):
    """As many activities with large records are."""
    with patch.object(packing, "DEALT", 0):
        return part(activities, packer)


def of_people(number):
    return [Activity(n, f"{n}", user=USERS[n % 6], raw=f"record {n}") for n in range(number)]


@given(st.lists(ACTIVITIES, min_size=1, max_size=20), st.just({*FIELDS}) | st.sets(st.sampled_from([*FIELDS])), st.sets(st.integers(0, 19)))
def test_what_is_dealt_is_read_as_what_is_not(activities, fields, chosen):
    body, number = dealt(activities).body, len(activities)
    assert packing.activities(body, number) == activities
    by_c, by_python = both(body, number, fields)
    assert by_c.equals(by_python)
    assert by_c.equals(unpacked(part(activities).body, number, fields))
    by_c.validate(full=True)
    places = [place for place in chosen if place < number]
    assert packing.some(body, number, places) == [activities[place] for place in places]
    moments = {(activities[place].timestamp, activities[place].activity_id) for place in places}
    assert packing.at_places(body, number, moments) == packing.at_places(part(activities).body, number, moments)
    assert bodies.size(body) == max(part(activities).size, len(body))
    with patch.object(packing, "COMPILED", False):
        assert dealt(activities).body == body


@given(st.lists(st.tuples(st.lists(ACTIVITIES, min_size=1, max_size=6), st.booleans()), min_size=1, max_size=4), st.booleans())
def test_parts_of_both_kinds_are_one(several, is_dealt):
    packer = Packer()
    parts = [dealt(some) if apart else part(some) for some, apart in several]
    with patch.object(packing, "DEALT", 0 if is_dealt else 1 << 30):
        whole = packer.merged(parts)
    activities = [one for some, _ in several for one in some]
    assert whole.activities() == activities
    assert (bodies.records(whole.body, len(activities)) is not None) == is_dealt
    assert whole.lots == part(activities).lots
    fresh = [number % 3 > 0 for number in range(len(activities))]
    with patch.object(packing, "DEALT", 0):
        left = packer.without_repeats(whole, fresh)
    assert left.activities() == [one for one, is_fresh in zip(activities, fresh, strict=True) if is_fresh]


def test_many_records_are_dealt_and_few_are_not():
    noise = random.Random(1).randbytes
    few, many = ([replace(one, raw=noise(200).hex()) for one in of_people(number)] for number in (100, 900))
    assert bodies.records(part(few).body, 100) is None
    assert bodies.records(b"of an older casbd", 1) is None
    own, frames = bodies.records(part(many).body, 900)
    assert own == part(many).lots
    assert [lot for lot, _ in frames] == sorted({*own})
    for lot, frame in frames:
        assert packing.texts(frame, own.count(lot)) == [one.raw for one, its in zip(many, own, strict=True) if its == lot]


def test_of_some_only_the_records_of_their_lots_are_read():
    activities = of_people(12)
    one = dealt(activities)
    body, (own, frames) = bytearray(one.body), bodies.records(one.body, 12)
    damaged, frame = frames[-1]
    start = one.body.index(bytes(frame))
    body[start : start + len(frame)] = bytes(len(frame))
    others, theirs = ([place for place in range(12) if (own[place] == damaged) == is_theirs] for is_theirs in (False, True))
    assert others
    assert packing.some(bytes(body), 12, others) == [activities[place] for place in others]
    for read in (lambda body: packing.some(body, 12, theirs), lambda body: packing.activities(body, 12), lambda body: unpacked(body, 12)):
        assert outcome(read, bytes(body)) in DAMAGE
    with pytest.raises(zstandard.ZstdError, match="have changed"):
        bodies.records(bytes(body), 12)


def test_a_bit_that_fell_over_gives_nobody_the_record_of_another():
    activities = of_people(6)
    body = bytearray(dealt(activities).body)
    reads = (
        packing.activities,
        lambda body, number: columns.activities(unpacked(body, number)),
        lambda *some: packing.some(*some, range(6)),
    )
    for place in range(len(body)):
        for bit in (1, 16):
            body[place] ^= bit
            for read in reads:
                assert (found := outcome(read, bytes(body), 6)) in DAMAGE or found == activities, place
            body[place] ^= bit
    for number in (5, 7):
        for read in (*reads[:2], bodies.records):
            assert outcome(read, bytes(body), number) in DAMAGE
    for end in range(len(body)):
        assert outcome(packing.activities, bytes(body[:end]), 6) in DAMAGE


def test_two_with_each_others_lot_are_damage():
    """Each record is whole, and as many are of each lot."""
    body = dealt(of_people(6)).body
    own = dealt(of_people(6)).lots
    first, other = 0, next(place for place, lot in enumerate(own) if lot != own[0])
    changed = bytearray(own)
    changed[first], changed[other] = own[other], own[first]
    body = body.replace(own, bytes(changed), 1)
    for read in (packing.activities, unpacked, bodies.records):
        with pytest.raises(zstandard.ZstdError, match="says wrongly"):
            read(body, 6)
