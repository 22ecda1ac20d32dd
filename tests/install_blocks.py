"""The commands by which the documentation says that casbd is installed."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = {"README.md": "## Run it as a service", "systemd/README.md": "# casbd under systemd"}
"""Where they stand: the document, and the heading above the block."""


def lines(document: str) -> list[str]:
    """The lines of the first block of code below the heading."""
    text = (ROOT / document).read_text()
    block = text[text.index(DOCUMENTS[document]) :].split("```")[1]
    return block.strip().splitlines()


def commands(document: str) -> list[list[str]]:
    """The single commands, as words."""
    return [command.split() for line in lines(document) for command in line.split(" && ")]
