"""What of the file system is casbd's own, so that no input reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pydantic import BaseModel

from casbd.config import Settings
from casbd.inputs.fence import OwnFiles
from casbd.secrets import Secret


def own_files(settings: Settings) -> OwnFiles:
    """The store, the credentials of systemd, the configuration, the files of secrets and those of outputs."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    options = [settings.privacy, *(one.options for one in (*settings.outputs, *settings.connectors))]
    written = [str(path) for output in settings.outputs if (path := getattr(output.options, "path", None))]
    secrets = [secret for one in options for secret in _secret_files(one)]
    return OwnFiles([str(settings.state_dir), *([credentials] if credentials else [])], [str(settings.path), *written, *secrets])


def _secret_files(options: BaseModel) -> Iterator[str]:
    for name in type(options).model_fields:
        value = getattr(options, name)
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Secret) and one.file is not None:
                yield str(one.file)
            elif isinstance(one, BaseModel) and not isinstance(one, Secret):
                yield from _secret_files(one)
