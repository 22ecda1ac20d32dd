"""Where the store is, as the whole configuration says it."""

from pathlib import Path

import pytest

from casbd.config import reading
from casbd.config.place import names, state_dir
from casbd.errors import Mistakes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state_dir: state\n", "{here}/state"),
        ("state_dir: ../x/./y\n", "{above}/x/y"),
        ("state_dir: /var/lib/other\nnonsense: 5\n", "/var/lib/other"),
        ("rules: []\n", "/var/lib/casbd"),
    ],
)
def test_it_is_what_the_settings_say(tmp_path, text, expected):
    path = tmp_path / "casbd.yaml"
    path.write_text(text)
    assert state_dir(path) == Path(expected.format(here=tmp_path, above=tmp_path.parent)) == reading.read(path)[0].state_dir


@pytest.mark.parametrize("text", ["", "- 1\n", "state_dir: [1]\n", "state_dir: ''\n", "a: [\n"])
def test_a_file_that_does_not_say(tmp_path, text):
    (tmp_path / "casbd.yaml").write_text(text)
    with pytest.raises(Mistakes):
        state_dir(tmp_path / "casbd.yaml")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Mistakes):
        state_dir(tmp_path / "casbd.yaml")


def test_what_the_elements_of_a_section_are_called_whatever_is_wrong_in_them(tmp_path):
    path = tmp_path / "casbd.yaml"
    path.write_text("outputs: [{name: siem, type: nonsense}, {name: 5}, {type: file}, 7]\ninputs: 5\n")
    assert [names(path, section) for section in ("outputs", "inputs", "connectors")] == [["siem", "5"], [], []]
