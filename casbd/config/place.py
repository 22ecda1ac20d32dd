"""Where the store is, and whether something else is said: what commands that only read want to know of `casbd.yaml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from casbd.documents import Document
from casbd.errors import Mistakes
from casbd.store.state.outbox import connector_destination
from casbd.store.state.told import recipient_destination

MAIL = "mail"
"""The connector that is there wherever the section of this name is."""
STATE_DIR = Path("/var/lib/casbd")


def state_dir(path: Path) -> Path:
    """The state directory of a configuration file, whatever else is wrong in it. Mistakes where the file cannot be read at all."""
    document, read_sections = sections(path)
    written = read_sections.get("state_dir", STATE_DIR)
    if not isinstance(written, str | Path) or not str(written):
        raise Mistakes([document.mistake(("state_dir",), "should be a path")])
    return Path(os.path.normpath(path.resolve().parent / written))


def section(path: Path, name: str) -> Any:
    """A section as it is written, None where there is none. Mistakes where the file cannot be read at all."""
    return sections(path)[1].get(name)


def names(path: Path, list_section: str) -> list[str]:
    """What the elements of a section such as `inputs` are called, also those that something is wrong in. Mistakes as of `section`."""
    items = section(path, list_section)
    return [str(item["name"]) for item in items if isinstance(item, dict) and "name" in item] if isinstance(items, list) else []


def queues(path: Path) -> list[str]:
    """The names of the configured destinations' queues, but for those of addresses in rule files. Mistakes as of `section`."""
    connectors = names(path, "connectors")
    if section(path, "mail") is not None and MAIL not in connectors:
        connectors.append(MAIL)
    recipients = map(recipient_destination, names(path, "notifications"))
    return [*names(path, "outputs"), *map(connector_destination, connectors), *recipients]


def sections(path: Path) -> tuple[Document, dict[str, Any]]:
    """A configuration file and its sections as they are written. Mistakes where it cannot be read at all."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise Mistakes([document.mistake((), "should be a mapping of keys and values")])
    return document, document.data
