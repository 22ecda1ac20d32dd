"""Single messages, as casbd writes them and Splunk takes them."""

from search_head import search

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import cef_message, json_message, kind_of
from casbd.outputs.splunk_hec import SOURCE_TYPES

ROADS = ["json", "cef"]


def event(item, road):
    if road == "cef":
        return search(cef_message(item, "casbd", ""), sourcetype="cef", source="casbd:cef")
    return search(json_message(item).decode(), sourcetype=SOURCE_TYPES[kind_of(item)])


def activity(activity_type, *objects, **fields):
    first = objects[0] if objects else ActivityObject()
    values = {"object_id": first.id, "object_name": first.name, "object_type": first.type} | fields
    return Activity(1_700_000_000_000, "id-1", activity_type, objects=objects, **values)


def alert(**fields):
    return Alert(alert_id="a" * 32, policy_id="p", policy_name="Policy", policy_type="activity", severity="high", **fields)


ANNA = ActivityObject("u-1", "anna@contoso.com", "User", "target")
ROLE = ActivityObject("r-1", "Global Administrator", "Role", "container")
COMMAND = GovernanceCommand(command_id="c", action="suspend_user", connector="x", target="anna", status="failed", error="no such user")
