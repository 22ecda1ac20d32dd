"""The samples of all formats, which lie beside the tests: `NAME/**/*sample.*`, and of those that are data `services/NAME/*sample.*`."""

from pathlib import Path

from casbd.onboarding.first_records import first_records

HERE = Path(__file__).parent


def paths():
    """The samples, by their paths below this folder."""
    return {str(path.relative_to(HERE)): path for path in sorted(HERE.glob("*/**/*sample.*"))}


def format_of(path):
    """Whose sample it is."""
    parts = path.relative_to(HERE).parts
    return parts[1] if parts[0] == "services" else parts[0]


def records(path):
    """The records of a sample: of tables and documents as the inputs cut them; else a line is one."""
    return first_records(path).records if path.suffix in (".csv", ".json") else path.read_bytes().splitlines()
