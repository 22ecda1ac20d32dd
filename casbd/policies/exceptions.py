"""`exceptions.yaml` in a directory of rules or below it: activities that a policy leaves alone for a while, and why.

    exceptions:
      - policy: unusual-file-download          # an id, or a list of them
        filters: {user: {eq: backup@contoso.com}}
        reason: nightly backup of the project room, INC-1234
        expires: 2027-01-31                    # or never

They are apart from the rule files, so that a rule that is updated keeps them, and that who reviews them has them on one page.
Event time decides whether an exception has expired, as for everything else: what a backtest finds, the stream would have found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr

from casbd.documents import Document, nearest
from casbd.errors import Mistake, Mistakes
from casbd.filters.reading import FilterReader
from casbd.filters.values import time
from casbd.policies.policy import Exemption, Policy
from casbd.policies.rule_places import exception_files


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _moment(value: Any) -> int | None:
    return None if value == "never" else time(value)


class _Exception(BaseModel):
    """One element of `exceptions:`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    policy: Annotated[list[StrictStr], BeforeValidator(_list), Field(min_length=1)]
    filters: Any
    reason: Annotated[StrictStr, Field(min_length=1)]
    expires: Annotated[int | None, BeforeValidator(_moment)]


class _File(BaseModel):
    """`exceptions.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    exceptions: list[_Exception]


def load_exemptions(directories: Sequence[Path], policy_ids: Collection[str] | None) -> list[Exemption]:
    """The exceptions of all directories. known: the ids of policies; None: not checked. Mistakes with everything wrong in them."""
    mistakes: list[Mistake] = []
    exemptions: list[Exemption] = []
    for path in exception_files(directories):
        try:
            exemptions += _read(path, policy_ids)
        except Mistakes as error:
            mistakes += error.mistakes
    if mistakes:
        raise Mistakes(mistakes)
    return exemptions


def read_exemptions(path: Path) -> list[Exemption]:
    """Those of one file, whatever policies there are. Mistakes with everything wrong in it."""
    return _read(path, None)


def exempted(policy: Policy, exemptions: Sequence[Exemption]) -> Policy:
    """The policy with those that are its own."""
    own = tuple(exemption for exemption in exemptions if policy.id in exemption.policies)
    return replace(policy, exemptions=own) if own else policy


def _read(path: Path, policy_ids: Collection[str] | None) -> list[Exemption]:
    document = Document.of(path, _File)
    checked: list[_Exception] = []
    mistakes: list[Mistake] = []
    try:
        checked = document.check(_File).exceptions
    except Mistakes as error:
        mistakes += error.mistakes
    filters = FilterReader(document)
    exemptions: list[Exemption] = []
    written = document.data.get("exceptions") if isinstance(document.data, dict) else None
    for index, one in enumerate(written if isinstance(written, list) else ()):
        where: list[str | int] = ["exceptions", index]
        if not isinstance(one, dict):
            continue
        tree = filters.read(one["filters"], [*where, "filters"]) if "filters" in one else None
        mistakes += _unknown(document, one.get("policy"), [*where, "policy"], policy_ids)
        if tree is not None and checked:
            own, place = checked[index], f"{path}:{document.place(where)[0]}"
            exemptions.append(Exemption(policies=tuple(own.policy), filters=tree, reason=own.reason, expires=own.expires, place=place))
    if mistakes + filters.mistakes:
        raise Mistakes(mistakes + filters.mistakes)
    return exemptions


def _unknown(document: Document, policy: Any, where: list[str | int], policy_ids: Collection[str] | None) -> Iterator[Mistake]:
    several = isinstance(policy, list)
    for index, name in enumerate(policy if several else [policy]):
        if policy_ids is not None and isinstance(name, str) and name not in policy_ids:
            at = [*where, index] if several else where
            yield document.mistake(at, f"there is no policy `{name}`", nearest(name, policy_ids), at_key=several)
