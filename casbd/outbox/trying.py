"""Sending an output one message past its queue, to see what its receiver says."""

from __future__ import annotations

from typing import NamedTuple

from casbd.config.settings import PluginSettings
from casbd.errors import Mistakes, Rejected, Retry, sentence
from casbd.plugins import Item, Uncertain, registry


class Answer(NamedTuple):
    """taken: whether the receiver has it, as far as anybody can know. words: what it answered, or why it could not."""

    taken: bool
    words: str


def try_out(output: PluginSettings, item: Item) -> Answer:
    """Over a connection of its own, which is ended in order: a receiver that reads nothing shows then."""
    try:
        one = registry.load("outputs", output.type)(output.options)
    except Mistakes as error:
        return Answer(False, f"cannot be used: {sentence(error)}")
    try:
        one.send([item])
        if isinstance(one, Uncertain):
            one.conclude()
            if not one.acknowledged:
                return Answer(True, "sent; over this way no receiver answers")
    except Rejected as error:
        return Answer(False, f"refused: {error}")
    except Retry as error:
        return Answer(False, f"failed: {error}")
    finally:
        one.close()
    return Answer(True, "taken")
