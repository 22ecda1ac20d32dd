"""Layers of the ATT&CK Navigator, version 4.5 of the format."""

import json

import jsonschema

from casbd.wire.navigator import Mark, layer

COLOR = {"type": "string", "pattern": "^#[0-9a-f]{6}$"}
SCHEMA = {
    "type": "object",
    "required": ["name", "domain", "versions"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "versions": {"properties": {"layer": {"const": "4.5"}, "navigator": {"type": "string"}, "attack": {"pattern": "^[0-9]+$"}}},
        "domain": {"enum": ["enterprise-attack", "mobile-attack", "ics-attack"]},
        "description": {"type": "string"},
        "filters": {"properties": {"platforms": {"items": {"enum": ["Identity Provider", "Office Suite", "SaaS", "IaaS"]}}}},
        "sorting": {"enum": [0, 1, 2, 3]},
        "layout": {
            "additionalProperties": False,
            "properties": {
                "layout": {"enum": ["side", "flat", "mini"]},
                "showID": {"type": "boolean"},
                "showName": {"type": "boolean"},
                "expandedSubtechniques": {"enum": ["none", "annotated", "all"]},
            },
        },
        "hideDisabled": {"type": "boolean"},
        "selectSubtechniquesWithParent": {"type": "boolean"},
        "techniques": {
            "items": {
                "required": ["techniqueID"],
                "additionalProperties": False,
                "properties": {
                    "techniqueID": {"pattern": r"^T\d{4}(\.\d{3})?$"},
                    "score": {"type": "number"},
                    "color": COLOR,
                    "comment": {"type": "string"},
                    "enabled": {"type": "boolean"},
                },
            }
        },
        "legendItems": {"items": {"required": ["label", "color"], "properties": {"label": {"type": "string"}, "color": COLOR}}},
    },
}
"""What the format's page says of the properties that casbd writes."""


def test_a_layer_is_as_the_format_says():
    marks = [Mark("T1078.004", "#31a354", 2, "covered"), Mark("T1078", "#ffffff", None, "not covered")]
    written = json.loads(layer("casbd", "of today", marks, {"covered": "#31a354"}, attack="17", platforms=["IaaS"]))
    jsonschema.validate(written, SCHEMA)
    assert written["techniques"] == [
        {"techniqueID": "T1078.004", "color": "#31a354", "comment": "covered", "enabled": True, "score": 2},
        {"techniqueID": "T1078", "color": "#ffffff", "comment": "not covered", "enabled": True},
    ]
