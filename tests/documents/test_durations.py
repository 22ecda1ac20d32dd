import pytest
from pydantic import TypeAdapter, ValidationError

from casbd.documents.duration_option import Duration
from casbd.documents.durations import milliseconds, written


@pytest.mark.parametrize(("text", "value"), [("30s", 30_000), ("5m", 300_000), (" 2 h ", 7_200_000), ("180d", 15_552_000_000)])
def test_is_milliseconds_and_written_as_it_was(text, value):
    assert milliseconds(text) == TypeAdapter(Duration).validate_python(text) == value
    assert written(value) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["", "5", 5, "5 minutes", "0s", "-5m", "1.5h", "5M", None, True, "9" * 5000 + "s", [], "5m5s"])
def test_what_is_none(text):
    assert milliseconds(text) is None
    with pytest.raises(ValidationError, match="write a whole number and s, m, h or d, such as 5m"):
        TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize(("value", "text"), [(90_000, "90s"), (60_000, "1m"), (1_500, "1500ms"), (7 * 86_400_000, "7d")])
def test_is_written_in_the_largest_unit(value, text):
    assert written(value) == text
