"""Writes `conf/sentinel/azuredeploy.json`: the tables and the data collection rule for the output `sentinel`, after the columns in
`casbd/wire/sentinel_rows.py`. A test holds the file to them.

Sources: Microsoft, "Microsoft.OperationalInsights workspaces/tables 2022-10-01", "Microsoft.Insights dataCollectionRules 2023-03-11".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from casbd.wire.sentinel_rows import COLUMNS

FILE = Path(__file__).parent.parent / "conf" / "sentinel" / "azuredeploy.json"
_WORKSPACE = "[resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))]"
_RULE = "resourceId('Microsoft.Insights/dataCollectionRules', parameters('rule')), '2023-03-11'"


def template() -> dict[str, Any]:
    """The template, as Azure Resource Manager takes it."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {"description": "casbd: tables of Log Analytics, and a data collection rule that casbd's output `sentinel` sends to"},
        "parameters": {
            "workspace": {"type": "string", "metadata": {"description": "Name of the Log Analytics workspace that Sentinel is in"}},
            "location": {
                "type": "string",
                "defaultValue": "[resourceGroup().location]",
                "metadata": {"description": "The workspace's region"},
            },
            "rule": {"type": "string", "defaultValue": "casbd", "metadata": {"description": "Name of the data collection rule"}},
            "retentionInDays": {"type": "int", "defaultValue": 90, "metadata": {"description": "How long the tables keep rows"}},
        },
        "resources": [*map(_table, COLUMNS), _rule()],
        "outputs": {
            "rule_id": {"type": "string", "value": f"[reference({_RULE}).immutableId]"},
            "endpoint": {"type": "string", "value": f"[reference({_RULE}).endpoints.logsIngestion]"},
        },
    }


def _table(name: str) -> dict[str, Any]:
    columns = [{"name": column, "type": kind} for column, kind in COLUMNS[name].items()]
    return {
        "type": "Microsoft.OperationalInsights/workspaces/tables",
        "apiVersion": "2022-10-01",
        "name": f"[concat(parameters('workspace'), '/{name}_CL')]",
        "properties": {
            "plan": "Analytics",
            "retentionInDays": "[parameters('retentionInDays')]",
            "schema": {"name": f"{name}_CL", "columns": columns},
        },
    }


def _rule() -> dict[str, Any]:
    return {
        "type": "Microsoft.Insights/dataCollectionRules",
        "apiVersion": "2023-03-11",
        "name": "[parameters('rule')]",
        "location": "[parameters('location')]",
        "kind": "Direct",
        "dependsOn": [
            f"[resourceId('Microsoft.OperationalInsights/workspaces/tables', parameters('workspace'), '{name}_CL')]" for name in COLUMNS
        ],
        "properties": {
            "streamDeclarations": {
                f"Custom-{name}": {"columns": [{"name": column, "type": kind} for column, kind in columns.items()]}
                for name, columns in COLUMNS.items()
            },
            "destinations": {"logAnalytics": [{"name": "workspace", "workspaceResourceId": _WORKSPACE}]},
            "dataFlows": [
                {
                    "streams": [f"Custom-{name}"],
                    "destinations": ["workspace"],
                    "transformKql": "source",
                    "outputStream": f"Custom-{name}_CL",
                }
                for name in COLUMNS
            ],
        },
    }


def text() -> str:
    """The file's text."""
    return json.dumps(template(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
