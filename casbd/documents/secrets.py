"""Secrets in the configuration: where to find them, never what they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from casbd.documents.regular_files import read_file
from casbd.errors import Mistake, Mistakes
from casbd.plugins import ConfigPath

_FORMS = "write {credential: NAME}, {env: NAME} or {file: PATH}"
_MOST = 1 << 20
_Name = Annotated[str, Field(min_length=1)]


class Secret(BaseModel):
    """A secret in an options model: exactly one of systemd's credential, an environment variable, a file.

    It is read when it is used, so that a changed file counts, and is not kept.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    credential: _Name | None = None
    env: _Name | None = None
    file: ConfigPath | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_plain_value(cls, value: Any) -> Any:
        if isinstance(value, str | int | float):
            raise ValueError(f"a secret is never a plain value: {_FORMS}")
        return value

    @model_validator(mode="after")
    def _exactly_one(self, _info: ValidationInfo) -> Secret:
        if sum(place is not None for place in (self.credential, self.env, self.file)) != 1:
            raise ValueError(f"a secret has exactly one place: {_FORMS}")
        if self.credential and (self.credential in (".", "..") or "/" in self.credential):
            raise ValueError("a credential's name is a file name, without folders")
        return self

    def reveal(self) -> str:
        """The secret, without the line end at its end. Mistakes, which say where but never what, where there is none."""
        try:
            value = self._data().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise self._mistake("is not UTF-8 text") from None
        if not value:
            raise self._mistake("is empty or not set")
        return value

    def check(self) -> None:
        """Raise Mistakes where it cannot be read: for the start, so that it does not fail on first use.

        A credential passes outside systemd (`casbd check` in a shell), where nobody can tell.
        """
        if self.is_readable_here():
            self.reveal()

    def is_readable_here(self) -> bool:
        """False of a credential outside systemd."""
        return self.credential is None or bool(os.environ.get("CREDENTIALS_DIRECTORY"))

    def _data(self) -> bytes:
        return os.fsencode(os.environ.get(self.env, "")) if self.env is not None else self._read(self._path())

    def _path(self) -> Path:
        if self.file is not None:
            return self.file
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise self._mistake("needs LoadCredential= in the systemd unit ($CREDENTIALS_DIRECTORY is not set)")
        return Path(folder) / str(self.credential)

    def _read(self, path: Path) -> bytes:
        try:
            return read_file(path, _MOST)
        except OSError as error:
            raise self._mistake(f"cannot be read: {error.strerror}") from None

    def _mistake(self, what: str) -> Mistakes:
        return Mistakes([Mistake(str(self), 0, 0, f"the secret {what}")])

    def __str__(self) -> str:
        if self.file is not None:
            return str(self.file)
        return f"${self.env}" if self.env is not None else f"credential {self.credential}"


class Key(Secret):
    """A key: a secret of any bytes, such as those of `head -c 32 /dev/urandom`."""

    def key(self) -> bytes:
        """The key; of one that is UTF-8 text without the line end at its end, as editors leave it. Mistakes where there is none."""
        data = self._data()
        try:
            key = data.decode().rstrip("\r\n").encode()
        except UnicodeDecodeError:
            key = data  # random bytes: the last of them may be a line end by chance
        if not key:
            raise self._mistake("is empty or not set")
        return key

    def check(self) -> None:
        """As a secret's, without asking for text."""
        if self.is_readable_here():
            self.key()
