"""What docs/siem.md shows is a configuration."""

import re
from pathlib import Path

import pytest

from casbd.config.reading import read

TEXT = (Path(__file__).parents[2] / "docs" / "siem.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_block_is_read_without_a_mistake(tmp_path, block):
    path = tmp_path / "casbd.yaml"
    path.write_text(f"state_dir: state\n{block}")
    settings, mistakes = read(path)
    assert (mistakes, bool(settings.outputs)) == ([], True)


def test_there_are_some():
    assert len(BLOCKS) >= 2
