"""What of the file system is casbd's own, so that no input reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from casbd.config.settings import Settings
from casbd.documents.secrets import Secret
from casbd.inputs.fence import OwnFiles


def own_files(settings: Settings) -> OwnFiles:
    """The store, credentials of systemd, the configuration, and whatever destinations and recipients name: secrets, keys, files written."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    options = [settings.privacy, *(one.options for one in (*settings.outputs, *settings.connectors)), *settings.notifications]
    options += [one for one in (settings.mail, settings.sms) if one is not None]
    named = [path for one in options for path in _files(one)]
    return OwnFiles([str(settings.state_dir), *([credentials] if credentials else [])], [str(settings.path), *named])


def _files(options: BaseModel) -> Iterator[str]:
    """Whatever they name: what is written to, secrets, keys and certificates."""
    for name in type(options).model_fields:
        value = getattr(options, name)
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Path):
                yield str(one)
            elif isinstance(one, Secret) and one.file is not None:
                yield str(one.file)
            elif isinstance(one, BaseModel) and not isinstance(one, Secret):
                yield from _files(one)
