"""What was not read, as people see it."""

from casbd.cli._unread import lines
from casbd.model.unread import Unread, problems


def unread(path, why="it is locked", **fields):
    return Unread(input="in", path=path, why=why, **fields)


def test_a_line_tells_how_much_and_what_to_do():
    assert lines([unread("/a", size=12_345, advice="unlock it")]) == ["/a (12,345 bytes): it is locked; unlock it"]
    assert lines([unread("/a")]) == ["/a: it is locked"]


def test_many_that_are_alike_hide_no_other():
    found = [*(unread(f"/{n}") for n in range(30)), unread("/x", "it is damaged")]
    told = lines(found, more=7)
    assert len(told) == 13
    assert told[10:] == ["/x: it is damaged", "20 more: it is locked", "7 more"]


def test_names_and_reasons_cannot_command_the_terminal():
    (line,) = lines([unread("/\x1b[31m\nx", "\x9b31m", advice="\u202e")])
    assert line.isprintable()


def test_an_inputs_problem_is_one_line_about_what_its_path_asks_for():
    assert problems([unread("/.h", kind="left_out")]) == {}
    assert problems([unread("/.h", kind="left_out"), unread("/a"), unread("/b")]) == {"in": "/a: it is locked (and 1 more)"}
