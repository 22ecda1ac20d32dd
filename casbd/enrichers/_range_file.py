"""The operator's file of IP ranges: what may stand in it, and the table it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

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

    model_config = ConfigDict(extra="forbid", frozen=True)

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

    model_config = ConfigDict(extra="forbid", frozen=True)

    ranges: list[Range]


def read_ranges(path: Path) -> PrefixTable[Range]:
    """The ranges by network. Raises Mistakes: of YAML, of keys and values, of networks, and of two ranges with the same network."""
    document = Document(path)
    ranges = document.check(RangeFile).ranges
    table: PrefixTable[Range] = PrefixTable()
    first_place: PrefixTable[Where] = PrefixTable()
    mistakes: list[Mistake] = []
    for index, named in enumerate(ranges):
        for position, subnet in enumerate(named.subnets):
            where: Where = ("ranges", index, "subnets", position)
            try:
                prefix = read_prefix(subnet)
            except ValueError as error:
                mistakes.append(document.mistake(where, f"`{subnet}` {error}"))
                continue
            other = table.setdefault(prefix, named)
            other_place = first_place.setdefault(prefix, where)
            if other is not named:
                mistakes.append(_taken(document, other_place, subnet, where, named))
                mistakes.append(_taken(document, where, subnet, other_place, other))
    if mistakes:
        raise Mistakes(mistakes)
    return table


def _taken(document: Document, where: Where, subnet: str, elsewhere: Where, other: Range) -> Mistake:
    line, _ = document.place(elsewhere)
    return document.mistake(
        where, f"`{subnet}` is in the range `{other.name}` too (line {line})", "of two equal networks none is the smaller one"
    )
