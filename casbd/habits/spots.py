"""Where an activity was done, as the text that is remembered of it; and what kind of place that is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Any

import msgspec

from casbd.habits.geography import is_place
from casbd.model.activity import Activity
from casbd.remembered import Remembered

OWN, HIDDEN, MOBILE = 1, 2, 4
"""Marks of a spot: an address of the organization's own (its offices, its VPN); one that says nothing about where its user is (a VPN, a
private relay, a satellite); a telephone's or a tablet's."""
_NOT_THERE = frozenset({36183, 54113, 13335, 209242, 14593, 7155, 40306, 22351, 31515, 64294})
"""Autonomous systems whose addresses are not where their users are. The relays of iCloud Private Relay and WARP (Akamai, Fastly,
Cloudflare: https://developer.apple.com/icloud/prepare-your-network-for-icloud-private-relay/), and satellites for ships and aircraft
(Starlink, Viasat, Intelsat, Inmarsat, Panasonic Avionics)."""
_NOT_THERE_NAMES = (
    *("private relay", "starlink", "spacex", "space exploration", "viasat", "gogo", "panasonic avionics", "inmarsat", "intelsat"),
    *("global eagle", "anuvu", "onair", "hughes network", "ses astra", "eutelsat"),
)
"""The same by names of providers (parts of them)."""
_NOT_THERE_TAGS = frozenset({"private relay", "icloud private relay", "satellite", "vpn", "in-flight"})
_SERVERS = (
    *(9009, 212238, 60068, 39351, 62240, 136787),  # M247, Datacamp, 31173, Clouvider, PacketHub: servers that VPNs rent
    *(16276, 24940, 14061, 63949, 20473, 51167, 40021, 141995, 12876, 197540),  # OVH, Hetzner, DigitalOcean, Linode, Vultr, Contabo, ...
    *(60781, 28753, 49981, 53667, 57043, 36352, 8100, 55286, 29802, 44477, 202425),  # Leaseweb, WorldStream, FranTech, Hostkey, ...
)
SERVERS = frozenset(f"AS{number}" for number in _SERVERS)
"""Networks of rented servers, as a spot has them: where nobody sits, so that who comes from there is on no journey, and no telephone."""
_PHONES = ("Mobile", "Tablet")
_LONGEST, _LONGEST_ESCAPED = 60, 120
"""Characters of a name, and as JSON: of other alphabets each character takes six."""


class Spot(msgspec.Struct, array_like=True, frozen=True):
    """Where, and with what. country: ISO 3166. network: the autonomous system, else the provider, else the block of addresses. block: /24,
    of IPv6 /48. at: latitude and longitude, where the city is known. marks: what kind of place. device: system and browser.
    """

    country: str
    network: str
    block: str
    at: tuple[float, float] | None
    marks: int
    device: str


def written(activity: Activity) -> str | None:
    """The text for an activity; None where it is at no place: its country is not known, or a cloud provider's machine did it."""
    if activity.country is None or activity.ip_category == "Cloud provider":
        return None
    return _written[
        activity.country,
        activity.ip_address or "",
        activity.asn,
        activity.isp,
        activity.city is not None,
        activity.latitude,
        activity.longitude,
        activity.ip_category,
        activity.ip_tags,
        activity.device_type,
        activity.os,
        activity.browser,
    ]


def spot_of(text: str) -> Spot:
    """What `written` has written."""
    return _spots[text]


def _write(fields: tuple[Any, ...]) -> str:
    country, address, asn, isp, has_city, latitude, longitude, category, tags, device_type, system, browser = fields
    block = block_of(address)
    network = f"AS{asn}" if asn is not None else _short((isp or block).casefold())
    at = [round(latitude, 2), round(longitude, 2)] if has_city and is_place(latitude, longitude) else None
    marks = OWN if category in ("Corporate", "VPN", "Administrative") else 0
    marks |= HIDDEN if category == "VPN" or _is_elsewhere(asn, isp, tags) else 0
    marks |= MOBILE if device_type in _PHONES else 0
    device = _short(f"{system or ''}/{browser or ''}".casefold())
    return json.dumps([country.upper()[:2], network, block, at, marks, device])


def _short(name: str) -> str:
    name = name[:_LONGEST]
    while len(json.dumps(name)) > _LONGEST_ESCAPED:
        name = name[: -(len(name) // 4)]
    return name


def _is_elsewhere(asn: int | None, isp: str | None, tags: Iterable[str]) -> bool:
    if asn in _NOT_THERE or any(tag.casefold() in _NOT_THERE_TAGS for tag in tags):
        return True
    name = (isp or "").casefold()
    return any(part in name for part in _NOT_THERE_NAMES)


def block_of(address: str) -> str:
    """The block of addresses that one is of: /24, of IPv6 /48; of what is none, nothing."""
    return _blocks[address]


def _block(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> 80:x}"
    return address.rpartition(".")[0]


_blocks = Remembered[str, str](_block, 20_000)
_written = Remembered[tuple[Any, ...], str](_write, 20_000)
_spots = Remembered[str, Spot](lambda text: msgspec.json.decode(text, type=Spot), 20_000)
