"""`casbd policies schema`."""

import json


def test_schema(run):
    assert json.loads(run("policies", "schema"))["title"] == "casbd policy"
