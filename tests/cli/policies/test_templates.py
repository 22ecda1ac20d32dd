"""`casbd policies templates`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_templates(run):
    found = {one["policy_id"]: one["needs"] for one in lines(run("policies", "templates", "--json"))}
    assert found["activity-from-anonymous-ip"][0] == "IP ranges (enrichment.ip_ranges)"
    assert "password-spray" in run("policies", "templates")
