"""What formats share about what was acted on."""

from __future__ import annotations

from collections.abc import Sequence

from casbd.model.activity import Activity, ActivityObject

MOST = 50
"""So many objects of one activity are kept."""


def put_objects(activity: Activity, objects: Sequence[ActivityObject]) -> None:
    """Give an activity its objects; the first of them is what `object_id`, `object_name` and `object_type` are about."""
    activity.objects = first_objects = tuple(objects[:MOST])
    if first_objects:
        activity.object_id, activity.object_name, activity.object_type = first_objects[0].id, first_objects[0].name, first_objects[0].type
