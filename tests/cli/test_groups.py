"""Commands are found by their place: a new one is a new file, and nothing else is edited."""

import sys

import pytest
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.cli._commands import Commands


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A group whose package is a folder of the test's."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").touch()
    command = "import click\n\n@click.command({name!r})\ndef anything():\n    '''Sell {name}.'''\n    print('sold')\n"
    (folder / "apples.py").write_text(command.format(name="apples"))
    (folder / "import_.py").write_text(command.format(name="import"))
    (folder / "_shared.py").write_text("raise RuntimeError('no command')\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("shop")
    yield Commands("shop", package="shop")
    for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
        del sys.modules[name]


def told(group, *arguments):
    return CliRunner().invoke(group, [*arguments]).output


def test_a_new_file_is_a_new_command(group, tmp_path):
    assert told(group, "apples") == "sold\n"
    (tmp_path / "shop" / "pears.py").write_text("import click\n\n@click.command('pears')\ndef pears():\n    print('ripe')\n")
    assert told(group, "pears") == "ripe\n"


def test_help_tells_of_each_and_of_nothing_that_is_shared(group):
    text = told(group, "--help")
    assert "  apples  Sell apples.\n  import  Sell import.\n" in text
    assert "shared" not in text
    assert "No such command '_shared'" in told(group, "_shared")


def test_a_word_of_python_may_be_a_command(group):
    assert told(group, "import") == "sold\n"
    assert "No such command 'import_'" in told(group, "import_")


def test_a_module_is_imported_only_when_its_command_is_called(group):
    told(group, "apples")
    assert {name for name in sys.modules if name.startswith("shop.")} == {"shop.apples"}


def test_a_misspelt_name_is_told_which_was_meant(group):
    assert "Did you mean 'apples'?" in told(group, "aples")
    assert "Did you mean 'list'?" in told(casbd, "policies", "lst")


def test_a_file_without_its_command_is_a_mistake_of_ours(group, tmp_path):
    (tmp_path / "shop" / "plums.py").write_text("import click\n\n@click.command('prunes')\ndef prunes(): pass\n")
    with pytest.raises(RuntimeError, match=r"shop\.plums has no click command `plums`"):
        CliRunner().invoke(group, ["plums"], catch_exceptions=False)
