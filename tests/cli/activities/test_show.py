"""`casbd activities show`."""

import json


class TestShow:
    def test_everything(self, run):
        text = run("activities", "show", "fail-0")
        assert "a@contoso.com" in text
        assert '"Operation": "UserLoginFailed"' in text

    def test_json(self, run):
        assert json.loads(run("activities", "show", "fail-0", "--json"))["activity_id"] == "fail-0"

    def test_not_found(self, run):
        assert "there is no activity nonsense" in run("activities", "show", "nonsense", code=1)
