"""Rule files as a JSON Schema (draft 2020-12), for editors: completion of fields and operators, and most mistakes underlined.

`casbd check` knows more: regular expressions, networks, filters that never hold.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from casbd.counting.sequenced import MOST_REPEATED
from casbd.filters.log_on_failures import MEANINGS
from casbd.filters.operators import OPERATORS, RAW, Kind, Operator, allowed, kind_of
from casbd.filters.reading import GROUPS
from casbd.filters.tree import Role
from casbd.model.activity import FIELDS, Field
from casbd.model.governance import ACTIONS
from casbd.plugins import ACTION_NAME
from casbd.policies import kinds
from casbd.policies.counted_fields import LENGTH
from casbd.policies.rule_file import RuleFile

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "integer"], "minLength": 1}
_ORDERED: dict[str, Schema] = {"time": {"type": "string", "description": "such as 2026-01-31T12:00:00Z"}}
_ACTION = f"^(?:{ACTION_NAME.pattern})$"
_NUMBER: Schema = {"type": "number"}
_MEANINGS = {
    "eq": "is one of these",
    "neq": "is none of these, or null",
    "contains": "has one of these as whole words",
    "substring": "has one of these in it",
    "matches": "matches one of these regular expressions (RE2)",
    "cidr": "is an address in one of these networks",
    "same_as": "is what another field holds, such as raw.requestParameters.userName",
    "mentions": "has in it, as whole words, what another field holds, such as raw.recipientAccountId",
    "element": "has an element that meets all of this, such as {Name: {eq: ForwardTo}, Value: {nendswith: '@contoso.com'}}",
    "nelement": "has no element that meets all of this",
    "means": "is a vendor's word for this",
    "isset": "true: is known; false: is null or empty",
    "within_days": "is of the last so many days",
    "range": "is between these two, both included",
}


def schema() -> Schema:
    """The whole schema."""
    rule_file = RuleFile.model_json_schema(ref_template="#/$defs/{model}")
    definitions: Schema = rule_file["$defs"]
    definitions["MatchPart"] = _match()
    rule_file["properties"]["match"] = {"anyOf": [{"$ref": "#/$defs/MatchPart"}, {"type": "null"}], "default": None}
    definitions["AlertPart"]["properties"]["suppress"] = LENGTH
    definitions["GovernancePart"]["properties"]["action"] = {"anyOf": [{"enum": [*ACTIONS]}, {"type": "string", "pattern": _ACTION}]}
    rule_file["properties"]["filters"] = {"$ref": "#/$defs/filters"}
    for part in ("TestPart", "UsualPart"):
        definitions[part]["properties"]["activities"]["items"] = {"$ref": "#/$defs/test_activity"}
    definitions["filters"] = _filters({})
    definitions["step"] = _filters({"repeated": {"type": "integer", "minimum": 1, "maximum": MOST_REPEATED}})
    without = [name for name, kind in kinds.load_all().items() if not kind.needs_filters]
    rule_file["anyOf"] = [
        {"required": ["filters"]},
        *({"properties": {"match": {"required": [name]}}, "required": ["match"]} for name in without),
    ]
    definitions["test_activity"] = _test_activity()
    definitions |= {f"operators_of_{field.name}": _operators(field, kind_of(field.name, raw_path=False)) for field in FIELDS.values()}
    definitions["operators_of_raw_path"] = _operators(RAW, "raw")
    definitions["element"] = _element()
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "casbd-policy.schema.json"}
        | rule_file
        | {"title": "casbd policy"}
    )


def _match() -> Schema:
    """`match:` with the keys of all kinds, of which those of one may stand together."""
    own = {name: kind.Options.model_json_schema() for name, kind in kinds.load_all().items()}
    properties: Schema = {}
    for name, kind in kinds.load_all().items():
        properties |= {**own[name]["properties"], **kind.schema}
    one_of = []
    for name, schema in own.items():
        others = [{"required": [key]} for key in properties if key not in schema["properties"]]
        needed = [name, *(key for key in schema.get("required", ()) if key != name)]
        one_of.append({"required": needed, "not": {"anyOf": others}} if others else {"required": needed})
    return {
        "type": "object",
        "title": "MatchPart",
        "description": "`match:` how many activities, or which one after the other, in which time make an alert.",
        "properties": properties,
        "additionalProperties": False,
        "oneOf": one_of,
    }


def _filters(more: Schema) -> Schema:
    """A mapping of fields to operators: all must hold. more: what may stand there besides."""
    fields: Schema = {
        name: {"$ref": f"#/$defs/operators_of_{name}", "description": field.meaning}
        for name, field in FIELDS.items()
        if name != "matched_policies"
    }
    groups: Schema = {name: {"type": "array", "items": {"$ref": "#/$defs/filters"}, "minItems": 1} for name in GROUPS}
    role: Schema = {"user_role": {"enum": [*get_args(Role)], "description": "whom the filters on a user are about"}}
    return {
        "type": "object",
        "properties": fields | groups | role | more,
        "patternProperties": {r"^raw\..": {"$ref": "#/$defs/operators_of_raw_path"}},
        "additionalProperties": False,
        "minProperties": 1,
    }


def _element() -> Schema:
    """A mapping of paths that begin in a list's element to operators: all must hold."""
    groups: Schema = {name: {"type": "array", "items": {"$ref": "#/$defs/element"}, "minItems": 1} for name in GROUPS}
    return {
        "type": "object",
        "properties": groups,
        "additionalProperties": {"$ref": "#/$defs/operators_of_raw_path"},
        "minProperties": 1,
    }


def _operators(field: Field, kind: Kind) -> Schema:
    properties = {}
    for name in allowed(kind):
        properties[name] = _values(OPERATORS[name], field, kind) | ({"description": _MEANINGS[name]} if name in _MEANINGS else {})
    return {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}


def _values(operator: Operator, field: Field, kind: Kind) -> Schema:
    one = _value(operator, field, kind)
    if operator.takes == "flag":
        return one
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _value(operator: Operator, field: Field, kind: Kind) -> Schema:
    if operator.takes in _TAKEN:
        return _TAKEN[operator.takes]
    match operator.takes:
        case "number":
            return _ORDERED.get(kind, _NUMBER)
        case "range":
            return {"type": "array", "items": _ORDERED.get(kind, _NUMBER), "minItems": 2, "maxItems": 2}
        case "same" if kind == "flag":
            return {"type": "boolean"}
        case "same" if kind in ("integer", "number", "time"):
            return _ORDERED.get(kind, _NUMBER)
        case "same" if kind == "raw":
            return {"type": ["string", "integer", "boolean"]}
        case "same" if field.values:
            return {"anyOf": [{"enum": [*field.values]}, {"type": "string", "pattern": f"^({'|'.join(map(_any_case, field.values))})$"}]}
        case "same" if field.name == "country":
            return {"type": "string", "pattern": "^[A-Za-z]{2}$", "description": "two letters, ISO 3166 alpha-2"}
    return _TEXT


_TAKEN: dict[str, Schema] = {
    "flag": {"type": "boolean"},
    "field": {"type": "string", "minLength": 1},
    "meaning": {"enum": [*MEANINGS]},
    "filters": {"$ref": "#/$defs/element"},
    "days": {"type": "number", "exclusiveMinimum": 0},
}
"""What operators take of whatever field."""


def _any_case(text: str) -> str:
    """A pattern of ECMA 262, which has no flag for it."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else re.escape(letter) for letter in text)


def _test_activity() -> Schema:
    """An activity of an inline test: by fields, or `raw` with `format`."""
    types: dict[str, Schema] = {
        "flag": {"type": ["boolean", "null"]},
        "integer": {"type": ["integer", "null"]},
        "number": {"type": ["number", "null"]},
        "list": {"type": "array", "items": {"type": "string"}},
        "objects": {"type": "array", "items": {"type": "object"}},
    }
    fields: Schema = {
        name: types.get(field.kind, {"enum": [*field.values, None]} if field.kind == "choice" else {"type": ["string", "null"]})
        for name, field in FIELDS.items()
    }
    how: Schema = {
        "raw": {"type": ["object", "string"]},
        "format": {"type": "string"},
        "repeat": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "every": LENGTH,
        "at": {"type": "string"},
    }
    return {"type": "object", "properties": fields | how, "additionalProperties": False}
