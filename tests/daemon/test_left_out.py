"""What is said of Sigma files that cannot be used."""

import os

from builders import NOON

from casbd.daemon.left_out import lost, warnings
from casbd.errors import Mistake

WRONG = Mistake("rules/a.yml", 4, 8, "`level` is never `severe`", "allowed: low")


def test_each_mistake_says_what_comes_of_it():
    [text] = warnings([WRONG])
    assert text == "rules/a.yml:4:8: `level` is never `severe` (allowed: low); this file is left out, all other policies work"


def test_of_many_files_some_are_told_each_once():
    wrong = [Mistake(f"{name:02}.yml", line, 1, "x") for name in range(50) for line in (1, 2)]
    found = warnings(wrong)
    assert [text[:8] for text in found[:2]] == ["00.yml:1", "01.yml:1"]
    assert (len(found), found[-1]) == (21, "30 more files are left out (`casbd check` tells all)")


def test_of_many_policies_there_is_one_alert():
    wrong = [Mistake(f"p{name}.yml", 1, 1, "x") for name in range(30)]
    [alert] = lost([f"p{name}" for name in range(6)], [], wrong, NOON)
    assert (alert.title, "p5.yml:1:1" in alert.description) == ("6 policies do not work any more", True)


def test_an_alert_for_each_policy_that_worked_and_does_no_longer():
    several = [WRONG, Mistake("rules/a.yml", 9, 1, "more"), Mistake("rules/b-2.yml", 1, 1, "x"), Mistake("rules/new.yml", 1, 1, "x")]
    alerts = lost(["a", "a-2", "b-2", "removed", "works", "a-b"], ["works"], several, NOON)
    assert [alert.title for alert in alerts] == [f"Policy {name} does not work any more" for name in ("a", "a-2", "b-2")]
    assert {alert.policy_type for alert in alerts} == {"system"}
    assert "rules/a.yml:4:8: `level` is never `severe`" in alerts[0].description


def test_the_same_version_of_a_file_is_told_once(tmp_path):
    path = tmp_path / "a.yml"
    wrong = [Mistake(str(path), 1, 1, "x")]

    def told_at(written, now):
        path.write_text("x")
        os.utime(path, ns=(written, written))
        return lost(["a"], [], wrong, now)[0].alert_id

    assert told_at(10**18, NOON) == told_at(10**18, NOON + 1) != told_at(2 * 10**18, NOON)


def test_a_policy_whose_file_is_as_it_was_is_not_told():
    assert lost(["a"], ["a"], [], NOON) == []
    assert lost(["a"], [], [], NOON) == []
