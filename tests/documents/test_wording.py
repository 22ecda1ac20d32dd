"""Nothing that casbd says of a file that people write speaks of Python."""

import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ByteSize, Field, StrictBool, TypeAdapter, ValidationError

from casbd.config import settings
from casbd.documents.wording import explained
from casbd.plugins import registry


def text(annotation, value):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotation).validate_python(value)
    return explained(caught.value.errors()[0])


class Model(BaseModel):
    pass


@pytest.mark.parametrize(
    ("annotation", "value", "message", "hint"),
    [
        (str, 5, "should be text", "write it in quotes"),
        (str, ["a"], "should be text", ""),
        (list[str], "a", "should be a list", "write [a]"),
        (tuple[str, ...], 5, "should be a list", "such as [a, b]"),
        (dict[str, str], "a", "should be a mapping of keys and values", ""),
        (Model, "a", "should be a mapping of keys and values", ""),
        (StrictBool, "yes", "should be true or false", ""),
        (int, "x", "should be a whole number", ""),
        (int, 1.5, "should be a whole number", ""),
        (float, "x", "should be a number", ""),
        (ByteSize, "big", "should be a size, such as 100MB", ""),
        (Annotated[int, Field(ge=1)], 0, "should be at least 1", ""),
        (Annotated[int, Field(le=9)], 10, "should be at most 9", ""),
        (Annotated[int, Field(gt=1)], 1, "should be more than 1", ""),
        (Annotated[int, Field(lt=9)], 9, "should be less than 9", ""),
        (Annotated[str, Field(min_length=1)], "", "should not be empty", ""),
        (Annotated[str, Field(pattern="^[0-9]{4}$")], "five", "should match ^[0-9]{4}$", ""),
        (Annotated[list[str], Field(min_length=1)], [], "should not be empty", ""),
        (Literal["udp", "tcp"], "tcpp", "`tcpp` is none of udp, tcp", "did you mean `tcp`?"),
        (Literal["a"], 5, "`5` is none of a", ""),
        (str, None, "there is no value", "should be text"),
    ],
)
def test_what_is_allowed(annotation, value, message, hint):
    assert text(annotation, value) == (message, hint)


def options():
    for kind in ("formats", "enrichers", "outputs", "connectors"):
        for name, plugin in registry.load_all(kind).items():
            yield pytest.param(plugin.Options, id=f"{kind}-{name}")
    for model in (settings.InputOptions, settings.OutputOptions, settings.Governance, settings.Retention, settings.Metrics):
        yield pytest.param(model, id=model.__name__)


@pytest.mark.parametrize("value", [5, -1, 1e300, "x", "", [], [[]], {}, {"a": 1}, True, None], ids=repr)
@pytest.mark.parametrize("model", list(options()))
def test_every_option_of_every_plugin(model, value: Any):
    try:
        model.model_validate(dict.fromkeys(model.model_fields, value))
    except ValidationError as error:
        for found in error.errors():
            if found["type"] not in ("extra_forbidden", "value_error"):  # told elsewhere, and our own words
                assert not re.search(r"\b(inputs?|valid|instance|string|tuple|dict|parse|None)\b|<", " ".join(explained(found))), found
