"""What is remembered is asked once, and stays bounded."""

from casbd.remembered import Remembered


def test_a_key_is_asked_about_once():
    asked = []
    known = Remembered(lambda key: asked.append(key) or len(asked), 10)
    assert [known["a"], known["b"], known["a"], known[None], known[None]] == [1, 2, 1, 3, 3]
    assert asked == ["a", "b", None]


def test_many_and_long_keys_fill_no_memory():
    known = Remembered(lambda key: str(key).upper(), 3, longest=4)
    for number in range(100):
        assert known[f"k{number}"] == f"K{number}"
        assert len(known) <= 3
    assert known["abcde"] == "ABCDE"
    assert known["abc", None, "de"] == "('ABC', NONE, 'DE')"
    assert known["abc", None, "d"] == "('ABC', NONE, 'D')"
    assert "abcde" not in known
    assert ("abc", None, "de") not in known
    assert ("abc", None, "d") in known


def test_what_is_not_worth_keeping_is_asked_again():
    asked = []
    own = Remembered(lambda key: asked.append(key) or len(key), 10, worth_keeping=lambda answer: answer < 3)
    assert [own["ab"], own["ab"], own["abc"], own["abc"]] == [2, 2, 3, 3]
    assert asked == ["ab", "abc", "abc"]
    assert [*own] == ["ab"]


def test_bytes_are_as_long_as_they_are():
    own = Remembered(len, 10, longest=3)
    assert own[b"abcd"] == 4
    assert not own
