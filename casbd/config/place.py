"""Where the store is: all that commands which only read it want to know of `casbd.yaml`."""

from __future__ import annotations

import os
from pathlib import Path

from casbd.documents import Document
from casbd.errors import Mistakes

STATE_DIR = Path("/var/lib/casbd")


def state_dir(path: Path) -> Path:
    """The state directory of a configuration file, whatever else is wrong in it. Mistakes where the file cannot be read at all."""
    document = Document(path)
    if not isinstance(document.data, dict):
        raise Mistakes([document.mistake((), "should be a mapping of keys and values")])
    told = document.data.get("state_dir", STATE_DIR)
    if not isinstance(told, str | Path) or not str(told):
        raise Mistakes([document.mistake(("state_dir",), "should be a path")])
    return Path(os.path.normpath(path.resolve().parent / told))
