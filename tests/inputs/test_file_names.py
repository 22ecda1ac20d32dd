"""Names of files, which whoever drops exports can choose."""

import os

from builders import record

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.model.chunk import InputSpec


def read(directory, core):
    """Commit everything there is; the problems of the input."""
    inputs = Inputs([InputSpec(name="m365", path=f"{directory}/*")], [], lambda _: "m365", now)
    while chunk := inputs.next_chunk():
        core.feed(chunk)
    problems = inputs.problems()
    inputs.close()
    return problems


def test_a_name_that_is_not_utf_8_is_told_and_the_others_are_read(tmp_path, make_core):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.json").write_bytes(record() + b"\n")
    with open(os.fsencode(folder) + b"/bad\xff.json", "wb") as file:  # noqa: PTH123  a Path cannot be bytes
        file.write(record() + b"\n")
    core = make_core()

    problems = read(folder, core)

    assert core.counts() == {"m365": (1, 1, 1, 0, 0)}
    assert "bad\\xff.json" in problems["m365"]
    assert "the name is not UTF-8" in problems["m365"]


def test_names_with_anything_else(tmp_path, make_core):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["a b.json", "new\nline.json", "\x1b[31m.json", "💥.json", "'; DROP TABLE blocks;--", "%s", "x" * 250]
    for name in names:
        (folder / name).write_bytes(record() + b"\n")
    core = make_core()

    assert not read(folder, core)

    assert {activity.input_file for activity in core.activities()} == {str(folder / name) for name in names}
