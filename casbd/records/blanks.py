"""What is unknown is None: a text of an activity that is nothing but blanks (also tabs, line ends, no-break spaces) is none.

Formats leave such texts out where another field may hold the same; this sees to those that are left, whatever the format.
"""

from __future__ import annotations

from operator import attrgetter

from casbd.model.activity import Activity, ActivityObject

_FIELDS = ("user", "user_id", "user_display_name", "user_organization", "action_type", "app", "app_instance", "user_agent", "result_detail")
"""Any text may be in these. Other fields have a set of values, or are looked up."""
FIELDS = ("activity_id", "activity_type", *_FIELDS)
FIELDS_OF_OBJECTS = ("id", "name", "type")
_texts = attrgetter(*FIELDS)


def take_out(activity: Activity) -> None:
    """Make blank texts None, in an activity and its objects; an object that has neither id nor name then is left out.

    A blank `activity_id` becomes the empty one, that of a record without an id: it is no record's own.
    """
    for text in _texts(activity):
        if text is not None and text.isspace():
            _texts_out(activity)
            break
    for one in activity.objects:
        if (one.name or "x").isspace() or (one.id or "x").isspace() or (one.type or "x").isspace():
            _objects_out(activity)
            break


def _texts_out(activity: Activity) -> None:
    for field in _FIELDS:
        if (text := getattr(activity, field)) is not None and text.isspace():
            setattr(activity, field, None)
    activity.activity_id = "" if activity.activity_id.isspace() else activity.activity_id
    activity.activity_type = "Unspecified" if activity.activity_type.isspace() else activity.activity_type


def _objects_out(activity: Activity) -> None:
    objects = [ActivityObject(_not_blank(one.id), _not_blank(one.name), _not_blank(one.type), one.role) for one in activity.objects]
    activity.objects = tuple(one for one in objects if one.id or one.name)
    first = activity.objects[0] if activity.objects else ActivityObject()
    activity.object_id, activity.object_name, activity.object_type = first.id, first.name, first.type


def _not_blank(text: str | None) -> str | None:
    return None if text is None or text.isspace() else text
