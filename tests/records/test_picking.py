"""Picking fields: what is picked is what a JSON reader finds there; what is odd is not picked at all."""

import gc
import json
import weakref
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.records import picking, timestamps
from casbd.records.picking import json_of, moment, picker, remembered, text

pytestmark = pytest.mark.skipif(not picking.COMPILED, reason="there was no compiler")
OUTPUTS = [
    text("a"),
    text("Name"),
    json_of("list"),
    json_of("a"),
    remembered(msgspec.json.decode, [("a",), ("b",), ("list", "one"), ("list", "Größe")], 1000),
]
pick = picker(lambda *values: values, OUTPUTS)
NOTHING = {"a": None, "b": None, "list": [{"Name": "one", "Value": None}, {"Name": "Größe", "Value": None}]}


def memory(**values):
    return NOTHING | values


class TestPicked:
    def test_texts_json_and_what_several_lead_to(self):
        record = b'{"a": "x", "b":[1, {"a": "inner"}] ,"Name":null, "list": [{"Name": "one", "Value": 2.5, "more": {}}, {}]}'
        list_text = b'[{"Name": "one", "Value": 2.5, "more": {}}, {}]'
        named = [{"Name": "one", "Value": 2.5}, {"Name": "Größe", "Value": None}]
        assert pick(record) == ("x", None, list_text, b'"x"', {"a": "x", "b": [1, {"a": "inner"}], "list": named})

    def test_what_is_not_there_is_none(self):
        assert pick(b"{}") == (None, None, None, None, NOTHING)

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            (b'""', ""),
            (rb'"a\"b\\\/\n\u00e9\u0000"', 'a"b\\/\né\0'),
            ('"zwölf Würfel €\U0001f600"'.encode(), "zwölf Würfel €\U0001f600"),
            (b'"' + b"x" * 1_000_000 + b'"', "x" * 1_000_000),
            (b'"\x7f"', "\x7f"),
        ],
    )
    def test_texts(self, written, meant):
        picked = pick(b'{"a":%b}' % written)
        assert picked[0] == meant
        assert picked[3] == written
        assert picked[4] == memory(a=meant)

    @pytest.mark.parametrize("length", range(40))
    def test_a_quote_anywhere(self, length):
        for letter in ("x", "é", "\\n", "\\u0041"):
            record = '{"b":"' + "x" * length + letter + '","a":"' + letter + "y" * length + '"}'
            assert pick(record.encode())[0] == json.loads(record)["a"]

    def test_a_key_in_the_place_of_a_name(self):
        others = b'{"Name":"","Key":"two","Value":"y"},{"Name":null,"Value":"z"},{"Name":"other","Key":"one"}'
        record = b'{"list":[{"Key":"one","Value":"x"},' + others + b"]}"
        assert pick(record)[4]["list"][0]["Value"] == "x"

    @pytest.mark.parametrize("value", [b"[]", b'"text"', b"null", b"[{}, {}]"])
    def test_a_list_without_what_is_looked_for(self, value):
        assert pick(b'{"list":%b}' % value) == (None, None, value, None, NOTHING)

    def test_what_is_remembered_is_asked_for_once(self):
        asked = []
        own = picker(lambda value: value, [remembered(lambda record: asked.append(record) or len(asked), [("a",), ("b",)], 2)])
        records = [b'{"a":1}', b'{"a":1,"b":null}', b'{"b":"2","a":1}', b'{"a":1}', b'{"a":3}', b'{"a":1}']
        assert [own(record) for record in records] == [1, 1, 2, 1, 3, 4]  # no more than two are remembered


class TestMoment:
    pick = staticmethod(picker(lambda value: value, [moment("a")]))

    @given(
        st.datetimes(datetime(1999, 12, 30), datetime(2100, 1, 2))  # noqa: DTZ001
        | st.sampled_from([datetime(year, 2, 28, 23, 59, 59) for year in range(2000, 2100)]),  # noqa: DTZ001
        st.sampled_from(["", "Z", "z", ".5Z", "+00:00"]),
    )
    def test_it_is_that_of_the_time(self, when, zone):
        for own in (when, when + timedelta(seconds=1), when + timedelta(days=1)):
            written = own.isoformat(timespec="seconds") + zone
            found = self.pick(json.dumps({"a": written}).encode())
            assert found == (timestamps.parse(written) if zone in ("", "Z") and 2000 <= own.year < 2100 else written)

    @given(st.from_regex(r"20[0-9:T-]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9.,]{2}:[0-9]{2}Z?", fullmatch=True))
    def test_what_is_none_stays_a_text(self, written):
        found = self.pick(json.dumps({"a": written}).encode())
        if found != written:
            assert found == timestamps.parse(written)

    @pytest.mark.parametrize("day", ["2001-02-29", "2100-01-01", "2024-00-01", "2024-01-00", "2024-13-01", "2024-04-31", "2000-02-30"])
    def test_no_day(self, day):
        assert self.pick(b'{"a":"%bT00:00:00"}' % day.encode()) == f"{day}T00:00:00"

    def test_no_time(self):
        assert [self.pick(record) for record in (b"{}", b'{"a":null}', b'{"a":""}', b'{"a":"2024-01-01T24:00:00"}')] == [
            None,
            None,
            "",
            "2024-01-01T24:00:00",
        ]


class TestOdd:
    @pytest.mark.parametrize(
        "record",
        [
            b"", b"{", b"[]", b'"a"', b"null", b"nul", b" {}", b"{} ", b"{}{}", b"{},", b"\xef\xbb\xbf{}",
            b'{"a"}', b'{"a":}', b'{"a":"x"', b'{"a":"x",}', b'{,"a":"x"}', b'{"a" "x"}', b"{a:1}", b"{'a':1}", b'{"a":"x"]',
            b'{"a":"x', b'{"a":"x\\', b'{"a":"\n"}', b'{"a":"\0"}', b'{"a":"\\x"}', b'{"a":"\\u12"}', b'{"a":"\\u12g4"}', b'{"z":"\\u',
            b'{"z":"\\ud83d\\ude00"}', b'{"z":"\\uDC00"}', b'{"z":"\xff"}', b'{"z":"\xed\xa0\x80"}', b'{"z":"\xc3"}', b'{"\xff":1}',
            b'{"z":01}', b'{"z":-}', b'{"z":+1}', b'{"z":1.}', b'{"z":.5}', b'{"z":1e5}', b'{"z":0x1}', b'{"z":1234567890123456}',
            b'{"z":NaN}', b'{"z":Infinity}', b'{"z":truex}', b'{"z":tru}', b'{"z":[1,]}', b'{"z":[1 2]}', b'{"z":[,1]}', b'{"z":{"y"}}',
            b'{"a":"x","a":"x"}', b'{"\\u0061":"x"}', '{"é":1}'.encode(), b'{"list":[],"list":[]}', b'{"a":null,"a":"x"}',
            b'{"list":{}}', b'{"list":1}', b'{"list":[1]}', b'{"list":["one"]}', b'{"list":[[]]}', b'{"list":[null]}', b'{"list":[{}',
            b'{"list":[{"Name":"one","Value":[]}]}', b'{"list":[{"Name":"one","Value":{}}]}', b'{"list":[{"Name":1}]}',
            b'{"list":[{"Name":"one"},{"Name":"one","Value":1},{"Key":"one","Value":2}]}', b'{"list":[{"Name":"one","Name":"one"}]}',
            b'{"list":[{"Name":"\\u006fne","Value":1}]}', b'{"list":[{"Key":"\\u006fne","Value":1}]}', b'{"list":[{"N\\u0061me":"one"}]}',
            '{"list":[{"Name":"Größe","Value":1}]}'.encode(),
            b'{"z":' + b"[" * 40 + b"]" * 40 + b"}", b'{"z":' + b"[" * 1_000_000, b'{"z":' + b'{"z":' * 1_000_000,
        ],
    )  # fmt: skip
    def test_it_is_not_picked_from(self, record):
        assert pick(record) is None

    @pytest.mark.parametrize("record", [b'{"a":1}', b'{"a":true}', b'{"a":["x"]}', b'{"a":{}}'])
    def test_another_value_where_a_text_belongs(self, record):
        with pytest.raises(msgspec.DecodeError):
            pick(record)

    def test_what_an_output_raises(self):
        own = picker(lambda value: value, [remembered(lambda record: record[1000], [("a",)], 2)])
        with pytest.raises(IndexError):
            own(b"{}")

    @pytest.mark.parametrize("record", ["{}", bytearray(b"{}"), None, 1])
    def test_only_bytes(self, record):
        with pytest.raises(TypeError):
            pick(record)

    def test_too_many_fields(self):
        with pytest.raises(ValueError, match="too many"):
            picker(lambda *_: None, [text(f"field{n}") for n in range(200)])


def test_who_picks_can_be_forgotten():
    class Owner:
        def __init__(self):
            self.pick = picker(lambda *values: (self, values), [remembered(lambda _: self, [("a",)], 9)])

    owner = Owner()
    assert owner.pick(b"{}")[0] is owner
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(max_size=20) | st.sampled_from(["one", "x" * 50]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Name", "Value", "Key", "a", "list"]) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
RECORDS = st.dictionaries(st.sampled_from(["a", "b", "list", "Name", "other"]) | st.text(max_size=9), VALUES, max_size=8)


def written(record, *, escaped, spaced):
    return json.dumps(record, ensure_ascii=escaped, separators=None if spaced else (",", ":")).encode("utf-8", "surrogatepass")


def agrees_with_a_json_reader(record):
    """Whether what is picked of any bytes is what stands there; nothing may be picked from what is no JSON object."""
    try:
        picked = pick(record)
    except msgspec.DecodeError:
        assert not all(isinstance(json.loads(record).get(key), str | None) for key in ("a", "Name"))
        return
    if picked is None:
        return
    found = json.loads(record)
    a, name, listed, json_a, several = picked
    assert (a, name) == (found.get("a"), found.get("Name"))
    assert (json.loads(listed) if listed else None) == found.get("list")
    assert (json.loads(json_a) if json_a else None) == found.get("a")
    assert (several["a"], several["b"]) == (found.get("a"), found.get("b"))
    named = [one for one in found["list"] if (one.get("Name") or one.get("Key")) == "one"] if isinstance(found.get("list"), list) else []
    assert several["list"][0]["Value"] == (named[0].get("Value") if named else None)


@given(RECORDS, st.booleans(), st.booleans())
def test_any_record(record, escaped, spaced):
    agrees_with_a_json_reader(written(record, escaped=escaped, spaced=spaced))


@given(RECORDS, st.booleans(), st.data())
def test_any_broken_record(record, spaced, data):
    whole = written(record, escaped=False, spaced=spaced)
    place = data.draw(st.integers(0, len(whole)))
    other = data.draw(
        st.sampled_from([b"", b'"', b"\\", b",", b"}", b"]", b"{", b":", b"\xff", b"\x00", b"1", b"e9"]) | st.binary(max_size=2)
    )
    broken = whole[:place] + other + whole[place + data.draw(st.integers(0, 3)) :]
    agrees_with_a_json_reader(broken)


@given(st.binary(max_size=40))
def test_any_bytes(data):
    agrees_with_a_json_reader(b'{"a":"' + data)
