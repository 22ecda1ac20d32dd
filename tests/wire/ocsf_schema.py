"""What OCSF demands of an event: the schemas of its classes, as the package ocsf-json-schema has them of schema.ocsf.io."""

from functools import cache

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from casbd.wire.ocsf_parts import VERSION


@cache
def _all() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))


@cache
def schema(class_uid: int, profiles: tuple[str, ...] = ()) -> dict:
    return _all().get_class_schema(_all().lookup_class_name_from_uid(class_uid), list(profiles))


@cache
def _validator(class_uid: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    return Draft202012Validator(schema(class_uid, profiles))


def mistakes(event: dict) -> list[str]:
    """Of an event as JSON; an attribute that its class does not have, or has under a profile that it does not name, is one."""
    found = _validator(event["class_uid"], tuple(event["metadata"].get("profiles", ()))).iter_errors(event)
    return [f"{event['class_name']} {one.json_path}: {one.message[:200]}" for one in found]
