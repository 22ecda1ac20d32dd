"""What is done to the company: one function a kind, in the files beside this one.

Every kind has a loud and a quiet form. The quiet ones are what an audit log can show, and no more.
"""

from collections.abc import Iterator

from company.attacks import accounts, amounts, applications, clouds, mailboxes, places, tries
from company.attacks.stage import KINDS, Attack, Stage
from company.world import number

__all__ = ["KINDS", "Attack", "plan"]
_PARTS = (places, accounts, amounts, clouds, mailboxes, applications, tries)


def plan(stage: Stage) -> Iterator[Attack]:
    """All attacks on a company, each on a day and on people of its own."""
    assert _PARTS
    for kind, kind_of in KINDS.items():
        parameters = stage.setting.parameters
        first = number(parameters.seed, kind, "loud") if parameters.attacks == 1 else 0  # of one alone, some are loud and some are not
        for turn in range(parameters.attacks):
            attack = stage.play(kind, kind_of, loud=(turn + first) % 2 == 0, turn=turn)
            if attack is not None:
                yield attack
