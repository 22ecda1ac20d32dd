"""The template is that of the columns that casbd sends, within what Azure says a table may have."""

import importlib.util
import json
import re
from pathlib import Path

from casbd.wire.sentinel_rows import COLUMNS

ROOT = Path(__file__).parents[2]
RESERVED = {"_resourceid", "id", "_subscriptionid", "tenantid", "type", "uniqueid", "title"}
"""Microsoft, "Add or delete tables and columns in Azure Monitor Logs"."""


def template():
    return json.loads((ROOT / "conf/sentinel/azuredeploy.json").read_text())


def test_it_is_renewed():
    """`python docs/renew_sentinel.py` writes it."""
    spec = importlib.util.spec_from_file_location("renew_sentinel", ROOT / "docs/renew_sentinel.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "conf/sentinel/azuredeploy.json").read_text() == module.text()


def test_names_are_what_azure_takes():
    for columns in COLUMNS.values():
        assert {"TimeGenerated", "RecordType"} < columns.keys()
        assert len({name.lower() for name in columns}) == len(columns)
        assert not {name.lower() for name in columns} & RESERVED
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,44}", name) for name in columns)
        assert len(columns) < 500


def test_each_stream_goes_to_its_table():
    resources = template()["resources"]
    (rule,) = (one["properties"] for one in resources if one["type"].endswith("dataCollectionRules"))
    tables = {one["properties"]["schema"]["name"]: one["properties"]["schema"]["columns"] for one in resources[:-1]}
    assert tables.keys() == {f"{name}_CL" for name in COLUMNS}
    for flow in rule["dataFlows"]:
        (stream,) = flow["streams"]
        assert flow["outputStream"] == f"{stream}_CL"
        assert rule["streamDeclarations"][stream]["columns"] == tables[flow["outputStream"].removeprefix("Custom-")]
    assert len(rule["dataFlows"]) == len(tables) == 3
