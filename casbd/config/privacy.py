"""The section `privacy`: whose names are replaced, and the key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from casbd.config.place import sections
from casbd.documents.secrets import Key
from casbd.errors import Mistake, Mistakes
from casbd.plugins import Options

Replaced = Literal["user", "ip_address"]
SHORTEST = 16
"""Bytes of a key."""


class Privacy(Options):
    """pseudonymize: what outputs and commands show as pseudonyms. key: of at least 16 bytes, any; who has it can resolve them."""

    pseudonymize: tuple[Replaced, ...] = ()
    key: Key | None = None

    @model_validator(mode="after")
    def _with_a_key(self) -> Privacy:
        if self.pseudonymize and self.key is None:
            raise ValueError("`pseudonymize` needs a `key`: write {credential: NAME}, {env: NAME} or {file: PATH}")
        return self

    def check(self) -> None:
        """Raise Mistakes where the key cannot be read or is too short; a credential passes outside systemd, where it cannot be read."""
        if self.pseudonymize and self.key is not None:
            self.key.check()
            if self.key.credential is None or os.environ.get("CREDENTIALS_DIRECTORY"):
                self.key_bytes()

    def key_bytes(self) -> bytes:
        """The key; empty where nothing is replaced. Mistakes where it cannot be read, or is too short."""
        if not self.pseudonymize or self.key is None:
            return b""
        key = self.key.key()
        if len(key) < SHORTEST:
            raise Mistakes([Mistake(str(self.key), 0, 0, f"the key of `privacy` has {len(key)} bytes; it takes {SHORTEST} or more")])
        return key


def read(path: Path) -> Privacy:
    """The section of a configuration file, whatever else is wrong in it. Mistakes where it cannot be read, or is wrong itself."""
    document, read_sections = sections(path)
    if read_sections.get("privacy") is None:
        return Privacy()
    checked: Privacy = document.check(Privacy, context={"base": path.resolve().parent}, within=("privacy",))
    return checked
