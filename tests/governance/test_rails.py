"""What nothing may be done against, also later."""

import pytest
from builders import HOUR, NOON

from casbd.config.governance import Governance
from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand


def command(**fields):
    given = {
        "command_id": "c",
        "action": "suspend_user",
        "connector": "own",
        "target": "a@contoso.com",
        "status": "queued",
        "created": NOON,
    }
    return GovernanceCommand(**given | fields)


def test_who_has_become_protected_since():
    assert Rails().why_no_longer(command(), NOON) == ""
    assert "protected_users" in Rails(Governance(protected_users=("a@*",))).why_no_longer(command(), NOON)
    groups = Rails(Governance(protected_groups=("Board",)), lambda user: ["Board"] if user == "a@contoso.com" else [])
    assert "the group Board" in groups.why_no_longer(command(), NOON)
    assert groups.why_no_longer(command(target="b@contoso.com"), NOON) == ""


def test_what_was_queued_before_there_was_such_a_rule():
    assert "system account" in Rails().why_no_longer(command(target="SHAREPOINT\\system"), NOON)


@pytest.mark.parametrize(
    ("last_activity", "now", "late"),
    [(NOON - HOUR, NOON, False), (NOON - HOUR, NOON + 1, True), (None, NOON + HOUR, False), (None, NOON + HOUR + 1, True)],
)
def test_the_age_is_that_of_the_activity_else_that_of_the_command(last_activity, now, late):
    assert bool(Rails().why_no_longer(command(last_activity=last_activity), now)) is late


def test_protected_groups_without_anybody_who_knows_them():
    with pytest.raises(ValueError, match="nobody knows"):
        Rails(Governance(protected_groups=("Board",)))


def test_what_was_out_of_time():
    def was(**fields):
        return Rails().was_out_of_time(command(**{"status": "blocked", "last_activity": NOON - 2 * HOUR} | fields))

    assert was()
    assert was(last_activity=NOON - HOUR, finished=NOON + 1)
    assert not was(last_activity=NOON)
    assert not was(last_activity=None)
    assert not was(status="succeeded")
