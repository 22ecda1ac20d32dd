"""What stands in conf/sentinel, read; and Kusto's own language service, which says what is wrong with a query."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from casbd.wire.sentinel_rows import COLUMNS

ROOT = Path(__file__).parents[2]
SOLUTION = ROOT / "conf" / "sentinel"
MODULES = ROOT / ".venv-kusto" / "node_modules"
CHECK = Path(__file__).parent / "kusto" / "check.js"
TABLES = {f"{name}_CL": {**columns, "Type": "string"} for name, columns in COLUMNS.items()}
"""As queries see them. `Type` is Azure's own column: the table's name."""
TACTICS = {
    "Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence", "PrivilegeEscalation", "DefenseEvasion",
    "CredentialAccess", "Discovery", "LateralMovement", "Collection", "CommandAndControl", "Exfiltration", "Impact",
}  # fmt: skip
"""As Sentinel writes them; ASIM's have blanks (`asim.TACTICS`)."""


@cache
def documents(folder):
    """The YAML files of a folder, by their names without the ending."""
    return {path.stem: YAML(typ="safe").load(path) for path in sorted((SOLUTION / folder).glob("*.yaml"))}


def parsers():
    """ASIM's."""
    return {name: one for name, one in documents("Parsers").items() if "ParserName" in one}


def functions():
    """The other ones, which give casbd's tables the columns of Microsoft's: their queries, by name."""
    return {one["FunctionName"]: one["FunctionQuery"] for one in documents("Parsers").values() if "FunctionName" in one}


def parameters(parser):
    """As a function's head has them."""
    return ", ".join(f"{one['Name']}: {one['Type']} = {default(one)}" for one in parser["ParserParams"])


def default(parameter):
    return f"'{parameter['Default']}'" if parameter["Type"] == "string" else parameter["Default"]


def called(name, **arguments):
    """A parser's query with these arguments (as KQL has them), as if it were called with them."""
    parser = parsers()[name]
    assert arguments.keys() <= {one["Name"] for one in parser["ParserParams"]}
    given = {one["Name"]: arguments.get(one["Name"], default(one)) for one in parser["ParserParams"]}
    return "".join(f"let {one} = {value};\n" for one, value in given.items()) + parser["ParserQuery"]


def mistakes(queries):
    """What the language service finds in each query, over casbd's tables and parsers (README's second block installs it)."""
    if not MODULES.exists():
        pytest.skip("Kusto's language service is not installed (tests/sentinel/kusto into .venv-kusto)")
    tables = {name: {column: "bool" if kind == "boolean" else kind for column, kind in columns.items()} for name, columns in TABLES.items()}
    known = [{"name": name, "parameters": parameters(one), "body": one["ParserQuery"]} for name, one in parsers().items()]
    known += [{"name": name, "parameters": "", "body": query} for name, query in functions().items()]
    asked = json.dumps({"tables": tables, "functions": known, "queries": queries})
    done = subprocess.run(
        ["node", CHECK], input=asked, capture_output=True, text=True, timeout=120, env={**os.environ, "NODE_PATH": str(MODULES)}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
