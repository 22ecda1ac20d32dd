"""Tagging a network in the operator's file of IP ranges, which stays as its author wrote it, comments included."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from casbd.documents import Document
from casbd.documents.replacing import replace_file
from casbd.errors import CasbdError, Mistakes
from casbd.plugins import registry

Network = IPv4Network | IPv6Network

MOST_NOTES = 5
"""Overlapping networks that are listed one by one."""
_NEW = "# Networks and what they are; of those that hold an address the smallest decides. `casbd ips tag` adds to this file.\nranges: []\n"
_HEAD = re.compile(r"(?:(?:[#%].*|[ \t]*)\n)*---[ \t]*\n")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)
_MAPPED = ip_network("::ffff:0:0/96")
_INDENTS = [(mapping, offset + gap, offset) for gap in (2, 4) for offset in (2, 0, 4) for mapping in (2, 4)]
"""As ruamel.yaml counts them: blanks before a mapping within a mapping, before a list's element, and before its dash."""


class Wanted(NamedTuple):
    """What a network is. None, for tags the empty tuple: as it is in the file. name: of the range; None: the one it is in."""

    category: str
    tags: tuple[str, ...] = ()
    name: str | None = None
    isp: str | None = None
    country: str | None = None


class Tagged(NamedTuple):
    """What became of it: the range's name; the range before (None: a new one) and after; what a person should know."""

    name: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    notes: list[str]


def read_network(text: str) -> Network:
    """A network or one address, an IPv4 one written as IPv6 too, as the enricher takes it. ValueError says what is wrong."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"`{text}` is neither an IP address nor a network (CIDR), such as 192.0.2.0/24") from None
    address, _, length = text.partition("/")
    if "%" in text or (length and not length.isdigit()):
        raise ValueError(f"`{text}` is no network; write it as {str(network).partition('%')[0]}")
    if ip_network(address) != ip_network(network.network_address):
        raise ValueError(f"`{text}` has bits set behind the prefix; the network is {network}")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):  # type: ignore[arg-type]
        return ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def tag_network(path: Path, network: Network, wanted: Wanted, like: Path) -> Tagged:
    """Put a network into a range of the file, or change the range it is in; the file is made where there is none.

    like: whose mode and owner a new file gets. Raises Mistakes where the file has some; CasbdError where it must be edited
    by hand, OSError where it cannot be written. Nothing is changed then.
    """
    plugin = registry.load("enrichers", "ip_ranges")
    before = None
    text = _NEW
    if path.exists():
        plugin(plugin.Options.model_validate({"ip_ranges": path}))
        before = path.read_bytes()
        text = before.decode("utf-8-sig").replace("\r\n", "\n")
    file = _File(path, text)
    tagged = _put(file.ranges, network, wanted)
    changed = file.changed()
    if tagged.after == tagged.before:
        return tagged
    if Counter(_COMMENT.findall(text)) - Counter(_COMMENT.findall(changed)):
        raise CasbdError(f"{path}: this file must be edited by hand, as a comment in it would be lost")
    if before is not None and b"\r\n" in before:
        changed = changed.replace("\n", "\r\n")

    def check(beside: Path) -> None:
        try:
            plugin(plugin.Options.model_validate({"ip_ranges": beside}))
        except Mistakes as error:
            raise CasbdError(f"{path}: this file must be edited by hand: {error.mistakes[0].message}") from None
        if before is not None and path.read_bytes() != before:
            raise CasbdError(f"{path}: somebody else has changed it meanwhile; try again")

    replace_file(path, changed.encode(), like=like, check=check)
    return tagged


class _File:
    """The file's text, and its ranges to be changed."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        head = _HEAD.match(text)
        self._head = head[0] if head else ""  # comments before `---` would be lost
        self._text = text[len(self._head) :].rstrip("\n") + "\n"
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 1 << 20
        try:
            self._data = self._yaml.load(self._text)
        except YAMLError:  # its parser that keeps comments is another than the one that has read the file already
            raise CasbdError(f"{path}: this file must be edited by hand") from None
        self._before = self._closest()
        if not self._data["ranges"]:
            self._data["ranges"] = CommentedSeq()  # `[]` would hold the new one within its brackets
        self.ranges: CommentedSeq = self._data["ranges"]

    def changed(self) -> str:
        """The text with what was changed; every other line as it was, even where ruamel.yaml would write it otherwise."""
        after = self._dump()
        own, before = self._text.splitlines(keepends=True), self._before.splitlines(keepends=True)
        if len(own) == len(before):
            new = after.splitlines(keepends=True)
            steps = SequenceMatcher(None, before, new, autojunk=False).get_opcodes()
            lines = [line for step, a, b, c, d in steps for line in (own[a:b] if step == "equal" else new[c:d])]
            patched = "".join(lines)
            if self._same(patched, after):
                return self._head + patched
        return self._head + after

    def _closest(self) -> str:
        """The text as ruamel.yaml writes it, with the indentation that changes fewest lines."""
        own = self._text.splitlines()
        tried: list[tuple[int, int]] = []
        for number, indent in enumerate(_INDENTS):
            self._yaml.indent(*indent)
            tried.append((sum(a != b for a, b in zip_longest(own, self._dump().splitlines())), number))
            if tried[-1][0] == 0:
                break
        self._yaml.indent(*_INDENTS[min(tried)[1]])
        return self._dump()

    def _dump(self) -> str:
        stream = StringIO()
        self._yaml.dump(self._data, stream)
        return stream.getvalue()

    def _same(self, one: str, other: str) -> bool:
        try:
            return bool(Document(self._path, one).data == Document(self._path, other).data)
        except Mistakes:
            return False


def _put(ranges: CommentedSeq, network: Network, wanted: Wanted) -> Tagged:
    """Change the range with the wanted name, which may be a new one; without a name, this network alone."""
    owner = next((one for one in ranges if network in _networks(one)), None)
    name = wanted.name or str(network)
    if owner is not None and wanted.name is None and (len(owner["subnets"]) == 1 or not [*_differences(owner, wanted)]):
        name = owner["name"]
    named = [one for one in ranges if one["name"] == name]
    target = owner if owner in named else named[0] if named else None
    before = None if target is None else _plain(target)
    notes: list[str] = []
    if owner is not None and owner is not target:
        notes += _take_out(ranges, owner, network)
    if target is None:
        target = _new(name, network, wanted, _plain(owner) if owner is not None and wanted.name is None else {})
        if ranges and ranges[-1].fa.flow_style():
            target.fa.set_flow_style()
        ranges.append(target)
    else:
        others = len(target["subnets"]) - (owner is target)
        if owner is not target:
            subnets = target["subnets"]  # what follows a range hangs on its last subnet, where each has a line
            subnets.insert(others if subnets.fa.flow_style() else others - 1, str(network))
        notes += _change(target, wanted, others)
    return Tagged(name, before, _plain(target), [*notes, *_overlaps(ranges, target, network)])


def _new(name: str, network: Network, wanted: Wanted, left: dict[str, Any]) -> CommentedMap:
    """A range of one network. left: the range that it was in, for what is not said anew."""
    values: dict[str, Any] = {"name": name, "subnets": [str(network)], "category": wanted.category}
    values |= {key: left.get(key) for key in ("tags", "isp", "country", "city")}
    for key, _, value in _differences(values, wanted):
        values[key] = value
        if key == "country":
            values["city"] = None
    return CommentedMap((key, _node(value)) for key, value in values.items() if value)


def _take_out(ranges: CommentedSeq, owner: CommentedMap, network: Network) -> Iterator[str]:
    yield f"it is no longer in the range {owner['name']} ({_shown(owner.get('category'))})"
    del owner["subnets"][_networks(owner).index(network)]
    if not owner["subnets"]:
        yield f"the range {owner['name']} had no other subnet, and is gone"
        del ranges[next(index for index, one in enumerate(ranges) if one is owner)]


def _change(target: CommentedMap, wanted: Wanted, others: int) -> Iterator[str]:
    """Change what is asked for, and say what was another one."""
    too = f", of its {others} other subnet{'s' * (others > 1)} too" if others else ""
    for key, old, value in [*_differences(target, wanted)]:
        yield f"the {key} of the range {target['name']} was {_shown(old)} and is {_shown(value)}{too}"
        if key in target:
            target[key] = _node(value)
        else:  # not as the last key: what follows the range hangs on that
            target.insert(len(target) - 1, key, _node(value))
        if key == "country" and "city" in target:
            yield f"its city {target.pop('city')} is taken out, as it lay in the other country"


def _differences(one: Mapping[str, Any], wanted: Wanted) -> Iterator[tuple[str, Any, Any]]:
    """What is wanted and is not so: the key, what it is and what it should be."""
    for key, value in (("category", wanted.category), ("tags", [*wanted.tags]), ("isp", wanted.isp), ("country", wanted.country)):
        if value and one.get(key) != value:
            yield key, one.get(key), value


def _overlaps(ranges: Sequence[Any], target: CommentedMap, network: Network) -> list[str]:
    """What ranges with another category say of the same addresses, and which wins: the smallest network, always."""
    notes = []
    for other in ranges:
        if other is target or other.get("category") == target["category"]:
            continue
        for theirs in _networks(other):
            if theirs.version != network.version or not theirs.overlaps(network):
                continue
            what = f"{theirs} of the range {other['name']} ({_shown(other.get('category'))})"
            if theirs.prefixlen > network.prefixlen:
                notes.append(f"{what} lies in it: the smaller network wins, so those addresses stay as they are")
            else:
                notes.append(f"it lies in {what}: the smaller network wins, so its addresses are {target['category']}")
    more = len(notes) - MOST_NOTES
    return notes if more <= 0 else [*notes[:MOST_NOTES], f"{more} more networks overlap with it: the smallest wins"]


def _networks(one: CommentedMap) -> list[Network]:
    return [read_network(str(text)) for text in one["subnets"]]


def _plain(one: CommentedMap) -> dict[str, Any]:
    return {str(key): [str(part) for part in value] if isinstance(value, list) else str(value) for key, value in one.items()}


def _node(value: str | list[str]) -> Any:
    """A list within brackets; text as it is."""
    if isinstance(value, str):
        return value
    sequence = CommentedSeq(value)
    sequence.fa.set_flow_style()
    return sequence


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "none")
