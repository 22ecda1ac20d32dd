"""Saved queries: kept, used, shown and deleted."""

import pytest

from tests.cli.searching.conftest import lines


class TestQueries:
    def test_save_use_show_delete(self, run, search):
        options = ["--filter", "user eq a@contoso.com", "--text", "failed it's", "--from", "-52w", "--limit", "3"]
        assert "saved My search" in run("queries", "save", "My search", *options)[1]
        assert run("queries", "show", "my SEARCH")[0].splitlines() == [
            "--filter 'user eq a@contoso.com'",
            """--text 'failed it'"'"'s'""",
            "--from -52w",
            "--limit 3",
        ]
        assert "replaced my search" in run("queries", "save", "my search", "--query", "failed LOG ons", "--to", "2026-01-01T12:01")[1]
        assert search("--query", "My search") == ["fail-1", "fail-0"]
        assert search("--query", "My search", "--to", "now", "--limit", "1") == ["fail-3"]
        mine, *others = lines(run("queries", "list", "--json")[0])
        assert mine == {
            "name": "my search",
            "kind": "saved",
            "filters": ["activity_type eq Failed log on"],
            "text": None,
            "from": None,
            "to": "2026-01-01T12:01",
            "sort": None,
            "limit": None,
        }
        assert {other["kind"] for other in others} == {"suggested"}
        assert run("queries", "delete", "MY search") == ("", "")
        assert "there is no query my search" in run("queries", "show", "my search", code=1)[1]
        assert "there is no query my search" in run("queries", "delete", "my search", code=1)[1]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["save", "failed log ons", "--text", "x"], "a suggested query has this name"),
            (["save", "a/b", "--text", "x"], "1 to 60 letters"),
            (["save", "x"], "nothing to save"),
            (["save", "x", "--filter", "usr eq x"], "unknown field"),
            (["save", "x", "--from", "sometime"], "is no time"),
            (["delete", "Failed log ons"], "a suggested query stays"),
        ],
    )
    def test_wrong_use(self, run, arguments, told):
        assert told in run("queries", *arguments, code=2)[1]

    def test_without_a_store_there_are_the_suggested_ones(self, run, tmp_path):
        (tmp_path / "casbd.yaml").write_text("state_dir: state\n")
        out, err = run("queries", "list", "--json", config=tmp_path / "casbd.yaml")
        assert "Admin activities" in out
        assert "no activity log yet" in err
        assert "no activity log yet" in run("queries", "save", "x", "--text", "x", config=tmp_path / "casbd.yaml", code=1)[1]
        assert not (tmp_path / "state").exists()
