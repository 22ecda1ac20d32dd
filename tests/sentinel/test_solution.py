"""The connector, the workbook, the solution's list and the template that deploys it: whole, and with queries that run."""

import importlib.util
import json

import pytest
from solution import ROOT, SOLUTION, TABLES, documents, functions, mistakes, parameters, parsers

CONNECTOR = json.loads((SOLUTION / "Data Connectors" / "Casbd.json").read_text())
WORKBOOK = json.loads((SOLUTION / "Workbooks" / "Casbd.json").read_text())
LISTED = json.loads((SOLUTION / "Data" / "Solution_casbd.json").read_text())
FOLDERS = ("Data Connectors", "Parsers", "Analytic Rules", "Hunting Queries", "Workbooks")


def queries():
    """Of the connector and the workbook, by what they are for."""
    yield from ((one["title"], one["query"]) for one in (item["content"] for item in WORKBOOK["items"] if item["type"] == 3))
    yield from ((one["description"], one["query"]) for one in CONNECTOR["sampleQueries"])
    yield from ((f"last of {one['name']}", one["lastDataReceivedQuery"]) for one in CONNECTOR["dataTypes"])
    yield from ((one["metricName"], one["baseQuery"]) for one in CONNECTOR["graphQueries"])
    yield from (("connected", one) for one in CONNECTOR["connectivityCriterias"][0]["value"])


def test_each_query_is_what_kusto_takes():
    assert mistakes(dict(queries())) == {name: [] for name, _ in queries()}


@pytest.mark.parametrize(("name", "query"), list(queries()), ids=[name for name, _ in queries()])
def test_each_query_finds_something(workspace, name, query):
    assert workspace.run(query)


def test_the_connector_knows_every_table():
    assert {one["name"] for one in CONNECTOR["dataTypes"]} == TABLES.keys()
    assert CONNECTOR["id"] == "Casbd"


def test_everything_is_listed():
    for folder in FOLDERS:
        assert LISTED[folder] == [f"{folder}/{path.name}" for path in sorted((SOLUTION / folder).iterdir())]


def content():
    return json.loads((SOLUTION / "content.json").read_text())["resources"]


def test_the_template_is_renewed():
    """`python docs/renew_sentinel_content.py` writes it."""
    spec = importlib.util.spec_from_file_location("renew_sentinel_content", ROOT / "docs/renew_sentinel_content.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (SOLUTION / "content.json").read_text() == module.text()


def test_it_deploys_everything():
    deployed = {one["properties"]["functionAlias"]: one["properties"] for one in content() if "functionAlias" in one["properties"]}
    assert deployed.keys() == parsers().keys() | functions().keys()
    for name, parser in parsers().items():
        head = deployed[name]["functionParameters"].replace(":", ": ").replace("=", " = ").replace(",", ", ")
        assert head == parameters(parser)
    for name, query in functions().items():
        assert (deployed[name]["functionParameters"], deployed[name]["query"]) == ("", query)
    named = {one["properties"]["displayName"] for one in content()}
    assert {one["name"] for folder in ("Analytic Rules", "Hunting Queries") for one in documents(folder).values()} < named
    rules = [one["properties"] for one in content() if "queryPeriod" in one["properties"]]
    assert {one["eventGroupingSettings"]["aggregationKind"] for one in rules} == {"AlertPerResult"}
    assert {(one["queryFrequency"], one["queryPeriod"]) for one in rules} == {("PT15M", "P1D"), ("PT1H", "P1D"), ("PT1H", "P7D")}
