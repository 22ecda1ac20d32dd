"""URLs that an output puts a path behind."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import AfterValidator


def ends_before(path: str) -> AfterValidator:
    """Of a `BaseUrl`: it is a mistake where it has the path already, as receivers' own pages show it, which would be there twice then."""

    def check(url: str) -> str:
        if f"{path}/" in f"{urlsplit(url).path}/":
            raise ValueError(f"must end before `{path}`, which is put behind it")
        return url

    return AfterValidator(check)
