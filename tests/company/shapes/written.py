"""What all shapes share: ids that follow from the order of writing, and where somebody does something from."""

from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

import msgspec

Record = tuple[int, str, bytes]
"""When it happened (milliseconds since 1970), the format, the line."""
encode = msgspec.json.Encoder().encode
TENANT = "5a3d9c6e-2f0b-4b7e-9c1d-8e6f4a2b1c0d"


class Where(NamedTuple):
    """address: of the client. session: of the log on that it goes back to. device: as Entra ID knows it. managed: by the organization."""

    address: str
    agent: str
    session: str = ""
    device: str = ""
    managed: bool = False


class Ids:
    """Every record's own, in the order of writing. seed: no two companies' are the same."""

    def __init__(self, seed: int) -> None:
        self._seed, self._numbers = seed, count(1)

    def next(self) -> str:
        """One that there was not."""
        return f"{self._seed & 0xFFFFFFFF:08x}-1b2c-4d3e-8f4a-{next(self._numbers):012x}"


def seconds(time: int) -> str:
    """As Microsoft writes times."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def pairs(values: dict[str, str]) -> list[dict[str, Any]]:
    """A list of `{Name, Value}`."""
    return [{"Name": name, "Value": value} for name, value in values.items()]
