"""Whom an activity is about: who did it, or to whom it was done."""

import json

import pytest
from builders import Core, record, settings

from casbd.store.log import segments


class TestWhomItIsAbout:
    """`user_role` beside filters on a user, in every command that takes filters."""

    @pytest.fixture
    def made(self, tmp_path, run):
        """What ann did to bo, bo to himself, and bo to nobody."""
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\n")
        (tmp_path / "rules").mkdir()
        core = Core(tmp_path / "core", settings=settings({}))
        core.feed_records(
            record(Id="did", Operation="Delete user.", UserId="ann@x.com", Target=[{"ID": "bo@x.com", "Type": 5}]),
            record(at=1, Id="both", Operation="Update user.", UserId="bo@x.com", Target=[{"ID": "bo@x.com", "Type": 5}]),
        )
        segments.compact(core.store, at_least=1)
        core.feed_records(record(at=2, Id="actor", UserId="bo@x.com", ObjectId=None))
        core.close()
        return lambda *arguments, **more: run(*arguments, config=tmp_path / "casbd.yaml", **more)

    @pytest.mark.parametrize(("role", "ids"), [("actor", "actor both"), ("object", "both did"), ("any", "actor both did")])
    def test_search_count_export_save_and_make_a_policy(self, made, tmp_path, role, ids):
        filters = ["--filter", "user eq bo@x.com", "--filter", f"user_role eq {role}"]
        found = made("activities", "search", "--json", *filters)[0].splitlines()
        assert [json.loads(one)["activity_id"] for one in found] == ids.split()
        assert sum(json.loads(one)["activities"] for one in made("activities", "histogram", "--json", *filters)[0].splitlines()) == len(
            found
        )
        made("activities", "export", str(tmp_path / "x.ndjson"), *filters)
        assert len((tmp_path / "x.ndjson").read_text().splitlines()) == len(found)
        made("queries", "save", "his", *filters)
        assert len(made("activities", "search", "--json", "--query", "his")[0].splitlines()) == len(found)
        made("policies", "new", "his", "--from-search", *filters)
        assert len(made("policies", "backtest", "his", "--json")[0].splitlines()) == len(found)

    def test_wrong_use(self, made):
        for command in (
            ["activities", "search"],
            ["activities", "histogram"],
            ["users", "list"],
            ["policies", "new", "x", "--from-search"],
        ):
            assert "beside no filter on a user" in made(*command, "--filter", "user_role eq object", code=2)[1]
