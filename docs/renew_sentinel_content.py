"""Writes `conf/sentinel/content.json`: what Azure Resource Manager makes parsers, rules, hunting queries and the workbook of, after the
files beside it. A test holds it to them.

Sources: Microsoft, "Microsoft.OperationalInsights workspaces/savedSearches 2020-08-01", "Microsoft.SecurityInsights alertRules
2023-02-01", "Microsoft.Insights workbooks 2022-04-01".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

SOLUTION = Path(__file__).parent.parent / "conf" / "sentinel"
FILE = SOLUTION / "content.json"
_WORKSPACE = "resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))"


def template() -> dict[str, Any]:
    """The template, as Azure Resource Manager takes it."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {"description": "casbd: parsers, analytic rules, hunting queries and a workbook over its tables"},
        "parameters": {
            "workspace": {"type": "string", "metadata": {"description": "Name of the Log Analytics workspace that Sentinel is in"}},
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
            "enableRules": {"type": "bool", "defaultValue": False, "metadata": {"description": "Whether the analytic rules run at once"}},
        },
        "resources": [
            *(_parser(one) for one in _documents("Parsers")),
            *(_rule(one) for one in _documents("Analytic Rules")),
            *(_hunt(one) for one in _documents("Hunting Queries")),
            _workbook((SOLUTION / "Workbooks" / "Casbd.json").read_text()),
        ],
    }


def _documents(folder: str) -> list[dict[str, Any]]:
    return [YAML(typ="safe").load(path) for path in sorted((SOLUTION / folder).glob("*.yaml"))]


def _saved_search(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Microsoft.OperationalInsights/workspaces/savedSearches",
        "apiVersion": "2020-08-01",
        "name": f"[concat(parameters('workspace'), '/{name}')]",
        "properties": properties,
    }


def _parser(parser: dict[str, Any]) -> dict[str, Any]:
    if "FunctionName" in parser:
        title = parser["Function"]["Title"]
        properties = {"displayName": title, "category": "casbd", "functionAlias": parser["FunctionAlias"], "query": parser["FunctionQuery"]}
        return _saved_search(parser["FunctionName"], {**properties, "functionParameters": "", "version": 1})
    name = parser["ParserName"]
    head = ",".join(f"{one['Name']}:{one['Type']}={_default(one)}" for one in parser["ParserParams"])
    properties = {"displayName": parser["Parser"]["Title"], "category": "ASIM", "functionAlias": name, "query": parser["ParserQuery"]}
    return _saved_search(name, {**properties, "functionParameters": head, "version": 1})


def _default(parameter: dict[str, Any]) -> str:
    return f"'{parameter['Default']}'" if parameter["Type"] == "string" else str(parameter["Default"])


def _hunt(hunt: dict[str, Any]) -> dict[str, Any]:
    marks = {
        "description": hunt["description"].strip(),
        "tactics": ",".join(hunt["tactics"]),
        "techniques": ",".join(hunt["relevantTechniques"]),
    }
    tags = [{"name": name, "value": value} for name, value in marks.items()]
    properties = {"displayName": hunt["name"], "category": "Hunting Queries", "query": hunt["query"], "version": 2, "tags": tags}
    return _saved_search(hunt["id"], properties)


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Microsoft.OperationalInsights/workspaces/providers/alertRules",
        "apiVersion": "2023-02-01",
        "name": f"[concat(parameters('workspace'), '/Microsoft.SecurityInsights/{rule['id']}')]",
        "kind": rule["kind"],
        "properties": {
            "displayName": rule["name"],
            "description": rule["description"].strip(),
            "severity": rule["severity"],
            "enabled": "[parameters('enableRules')]",
            "query": rule["query"],
            "queryFrequency": _duration(rule["queryFrequency"]),
            "queryPeriod": _duration(rule["queryPeriod"]),
            "triggerOperator": "GreaterThan",
            "triggerThreshold": rule["triggerThreshold"],
            "suppressionDuration": "PT1H",
            "suppressionEnabled": False,
            "tactics": rule["tactics"],
            "techniques": rule["relevantTechniques"],
            **{key: rule[key] for key in ("entityMappings", "eventGroupingSettings", "alertDetailsOverride", "customDetails")},
        },
    }


def _duration(length: str) -> str:
    """`15m` as ISO 8601 has it."""
    return f"P{length.upper()}" if length.endswith("d") else f"PT{length.upper()}"


def _workbook(text: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.Insights/workbooks",
        "apiVersion": "2022-04-01",
        "name": f"[guid({_WORKSPACE}, 'casbd')]",
        "location": "[parameters('location')]",
        "kind": "shared",
        "properties": {
            "displayName": "casbd",
            "category": "sentinel",
            "serializedData": json.dumps(json.loads(text)),
            "sourceId": f"[{_WORKSPACE}]",
        },
    }


def text() -> str:
    """The file's text."""
    return json.dumps(template(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
