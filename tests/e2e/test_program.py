"""What is installed as `casbd` is what `python -m casbd` is, by which the other tests start it."""

import configparser
from pathlib import Path

from casbd import __main__

SETUP = Path(__file__).parents[2] / "setup.cfg"


def test_the_program_begins_where_the_module_begins():
    """Else SIGHUP ends it while it loads."""
    setup = configparser.ConfigParser()
    setup.read(SETUP)
    assert setup["options.entry_points"]["console_scripts"].split() == ["casbd", "=", f"casbd.__main__:{__main__.main.__name__}"]
