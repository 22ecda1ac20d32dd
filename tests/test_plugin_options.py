"""What holds for the options of every output and connector, those of the future included."""

import pytest
from pydantic import ValidationError

from casbd.plugins import registry

PLUGINS = [(kind, name) for kind in ("outputs", "connectors") for name in registry.names(kind)]


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_the_example_is_valid_and_a_misspelt_key_is_not(kind, name):
    plugin = registry.load(kind, name)
    plugin.Options.model_validate(plugin.example)
    key, value = next(iter(plugin.example.items()))
    with pytest.raises(ValidationError, match="not permitted"):
        plugin.Options.model_validate(plugin.example | {f"{key}x": value})


@pytest.mark.parametrize(("kind", "name"), PLUGINS)
def test_every_option_is_told_apart_by_its_docs(kind, name):
    plugin = registry.load(kind, name)
    assert plugin.__doc__
    assert plugin.Options.__doc__
