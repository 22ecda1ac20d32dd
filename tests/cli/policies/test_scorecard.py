"""`casbd policies scorecard`."""

import json

AS_OF = ["--as-of", "2026-01-08T00:00:00Z"]


def test_scorecard(run, place):
    scores = {one["policy_id"]: one for one in map(json.loads, run("policies", "scorecard", "--json", *AS_OF).splitlines())}
    failed = scores["failed"]
    assert (failed["alerts"], failed["open"], failed["verdict"], failed["precision"]) == (5, 5, "no data", None)
    assert failed["why"] == "nobody has judged its 5 alerts"
    assert scores["burst"]["alerts"] == 1
    shown = run("policies", "scorecard", *AS_OF)
    assert "nobody has judged its 5 alerts" in shown
    assert "it needs records of any of " in run("policies", "scorecard")
