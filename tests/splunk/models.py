"""Data models of Splunk's Common Information Model, as far as the add-on serves them: what each demands of an event.

Source: the model definitions that pytest-splunk-addon 7.0.5 checks add-ons with (`data_models/*.json`: fields of type `required`, their
`expected_values`, `validity` and `condition`), after the Common Information Model Add-on Manual.
"""

from typing import NamedTuple


class Model(NamedTuple):
    """An event is of the model by its tags. values: what a field may be. required: fields that every event has."""

    tags: frozenset[str]
    required: frozenset[str]
    values: dict[str, set[str]]


def _model(tags: str, required: str, **values: str) -> Model:
    return Model(frozenset(tags.split()), frozenset(required.split()), {field: set(text.split()) for field, text in values.items()})


MODELS = {
    "Alerts": _model(
        "alert",
        "app description dest id severity signature signature_id src type user",
        severity="critical high medium low informational",
        type="alarm alert event task warning",
    ),
    "Authentication": _model("authentication", "action app dest src user", action="success failure pending error"),
    "Change": _model(
        "change",
        "action change_type command dest dvc object object_attrs object_category object_id src status user vendor_product",
        status="success failure",
    ),
    "Data_Access": _model(
        "data access",
        "action app dest object object_attrs object_category object_id object_size src user user_name vendor_account vendor_product",
    ),
}
CHANGES = {"acl_modified", "cleared", "created", "deleted", "lockout", "modified", "updated"}
"""What the manual has for `action` of a Change, of what casbd can tell."""


def models(event: dict[str, list[str]]) -> list[str]:
    """Those that an event is of."""
    return [name for name, model in MODELS.items() if model.tags <= set(event["tag"])]
