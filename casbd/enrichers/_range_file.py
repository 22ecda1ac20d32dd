"""The operator's file of IP ranges: what may stand in it, and the table it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from casbd.documents import Document, Where
from casbd.enrichers._prefixes import PrefixTable, read_prefix
from casbd.errors import Mistake, Mistakes

Category = Literal["Administrative", "Cloud provider", "Corporate", "Risky", "VPN", "Other"]


def _country(code: str) -> str:
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise ValueError(f"`{code}` is no country code of two letters (ISO 3166)")
    return code.upper()


class Range(BaseModel):
    """One named range. country stands in for GeoIP's whole answer, city is the city in it; isp stands in for GeoIP's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str
    subnets: Annotated[list[str], Field(min_length=1)]
    category: Category | None = None
    tags: tuple[str, ...] = ()
    isp: str | None = None
    country: Annotated[str, AfterValidator(_country)] | None = None
    city: str | None = None

    @model_validator(mode="after")
    def _a_city_lies_in_a_country(self) -> Range:
        if self.city and not self.country:
            raise ValueError(f"the city `{self.city}` needs the `country` it lies in")
        return self


class RangeFile(BaseModel):
    """The whole file: `{ranges: [...]}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    ranges: list[Range]


class Subnet(NamedTuple):
    """One network of the file and where it stands."""

    text: str
    where: Where
    owner: Range


def read_ranges(path: Path) -> PrefixTable[Range]:
    """The ranges by network. Raises Mistakes: of YAML, of keys and values, of networks, and of two ranges with the same network."""
    document = Document.of(path, RangeFile)
    ranges = document.check(RangeFile).ranges
    table: PrefixTable[Range] = PrefixTable()
    seen: PrefixTable[Subnet] = PrefixTable()
    mistakes: list[Mistake] = []
    for subnet in _subnets(ranges):
        try:
            prefix = read_prefix(subnet.text)
        except ValueError as error:
            mistakes.append(document.mistake(subnet.where, f"`{subnet.text}` {error}"))
            continue
        table.setdefault(prefix, subnet.owner)
        first = seen.setdefault(prefix, subnet)
        if first.owner is not subnet.owner:
            mistakes += [_clash(document, first, subnet), _clash(document, subnet, first)]
    if mistakes:
        raise Mistakes(mistakes)
    return table


def _subnets(ranges: list[Range]) -> Iterator[Subnet]:
    for index, owner in enumerate(ranges):
        for position, text in enumerate(owner.subnets):
            yield Subnet(text, ("ranges", index, "subnets", position), owner)


def _clash(document: Document, here: Subnet, there: Subnet) -> Mistake:
    line, _ = document.place(there.where)
    message = f"`{here.text}` is in the range `{there.owner.name}` too (line {line})"
    return document.mistake(here.where, message, "of two equal networks none is the smaller one")
