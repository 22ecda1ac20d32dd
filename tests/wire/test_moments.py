"""Of when a message is."""

import pytest
from msgspec.structs import replace

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.wire import cef, text_line
from casbd.wire.moments import moment

ALERT = Alert(alert_id="1", policy_id="p", policy_name="P", policy_type="activity", severity="low", first_activity=1, last_activity=2)
COMMAND = GovernanceCommand(command_id="c", action="x", connector="y", target="z", status="queued", created=5)


@pytest.mark.parametrize(
    ("item", "when"),
    [
        (Activity(activity_id="1", timestamp=7), 7),
        (ALERT, 2),
        (replace(ALERT, created=50), 50),
        (replace(ALERT, created=50, closed=60), 60),
        (replace(ALERT, created=50, closed=60, changed=70), 70),
        (COMMAND, 5),
        (replace(COMMAND, approved=6), 6),
        (replace(COMMAND, approved=6, finished=8), 8),
    ],
)
@pytest.mark.parametrize("profile", ["casbd", "mcas"])
def test_an_alert_is_of_when_it_was_raised_or_changed_and_an_activity_of_its_own_time(item, when, profile):
    assert moment(item) == when
    write = {Alert: cef.alert, Activity: cef.activity, GovernanceCommand: cef.command}[type(item)]
    assert f" rt={when} " in write(item, profile=profile)


def test_when_an_alerts_activities_were_stays_in_keys_of_its_own():
    assert " start=1 end=2 " in cef.alert(replace(ALERT, created=50))


def test_people_read_when_a_command_was_done():
    assert text_line.command(replace(COMMAND, finished=8)).startswith("1970-01-01T00:00:00.008Z")
