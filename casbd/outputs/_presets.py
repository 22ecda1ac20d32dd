"""What receivers want of a line: framing, header, time, size, format. An option given beside `preset` goes before it."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace
from pydantic import Field

from casbd.plugins import Options
from casbd.wire import syslog
from casbd.wire.cef import Names, Profile

PresetName = Literal["sentinel", "splunk_sc4s", "arcsight", "qradar", "mcas", "generic"]
Header = Literal[3164, 5424, "bare"]
HeaderTime = Literal["rfc3339", "classic"]


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """The options that a preset sets, under their names; `meaning` says for whom, and why so.

    framing: None is what the transport asks for. max_datagram_bytes stands for `max_message_bytes` over UDP.
    """

    meaning: str
    format: Literal["cef", "leef", "json", "ocsf"] = "cef"
    profile: Profile = "casbd"
    names: Names = "substitute"
    rfc: Header = 3164
    timestamp: HeaderTime = "rfc3339"
    framing: syslog.Framing | None = None
    max_message_bytes: int = 8000
    max_datagram_bytes: int = 2048


GENERIC: PresetName = "generic"
PRESETS: dict[PresetName, Preset] = {
    "sentinel": Preset(
        framing="lf",
        meaning="Microsoft Sentinel, by rsyslog or syslog-ng with the Azure Monitor Agent: `CEF:` stands where a tag does, or the agent"
        " takes it for ordinary syslog; rsyslog takes 8,192 bytes",
    ),
    "splunk_sc4s": Preset(
        framing="lf",
        max_message_bytes=64_000,
        meaning="Splunk Connect for Syslog, which takes an event's time from the header, to the millisecond, splits CEF's header at every"
        " `|`, and takes 65,536 bytes",
    ),
    "arcsight": Preset(
        names="escape",
        timestamp="classic",
        framing="lf",
        meaning="ArcSight SmartConnectors (Syslog Daemon, CEF): the header of RFC 3164 itself; escapes in CEF's header are undone there, so"
        " names stay as they are",
    ),
    "qradar": Preset(
        format="leef",
        timestamp="classic",
        framing="lf",
        max_message_bytes=4000,
        max_datagram_bytes=1024,
        meaning="IBM QRadar: LEEF 2.0, whose `devTime` it takes before the header's time; it takes 4,096 bytes over TCP and 1,024 over UDP"
        " unless it is told otherwise",
    ),
    "mcas": Preset(
        profile="mcas",
        framing="lf",
        meaning="what was made for Microsoft's SIEM agent of Defender for Cloud Apps: its CEF, behind a header with priority and host,"
        " which the agent mostly left out: syslog-ng takes what stands in their place for the host",
    ),
    "generic": Preset(meaning="any receiver of CEF over syslog; what is taken where there is no `preset`"),
}


class LineOptions(Options):
    """What outputs have that write an item as a line."""

    preset: PresetName | None = Field(default=None, examples=["sentinel"])
    """What the receiver is: `sentinel`, `splunk_sc4s`, `arcsight`, `qradar`, `mcas` or `generic`. Sets `format`, `profile` and `names`,
    and of syslog `rfc`, `timestamp`, `framing` and `max_message_bytes`, where they are left out (docs/siem.md)."""
    profile: Profile | None = Field(default=None, examples=["casbd"])
    """Of CEF: `casbd`, or `mcas` for CEF as Microsoft's SIEM agent wrote it."""
    names: Names | None = Field(default=None, examples=["substitute"])
    """Of CEF: whether `|`, `\\` and `=` in the name of a policy, which is in the header, become `/`, `/` and `-` (`substitute`, as
    receivers in use do not undo escapes there) or are escaped (`escape`)."""
    portal: str = Field(default="", examples=["https://siem.example.com/alerts"])
    """The address of a web page with alerts, for links in CEF and LEEF messages."""

    def chosen(self) -> Preset:
        """The preset's values, with those in their place that were given."""
        preset = PRESETS[self.preset or GENERIC]
        given = {name: value for name in preset.__struct_fields__ if (value := getattr(self, name, None)) is not None}
        return replace(preset, **given)

    def meaning(self) -> str:
        """What the preset comes to beside the other options; "" where there is none."""
        if self.preset is None:
            return ""
        chosen = self.chosen()
        of_cef = () if chosen.format == "cef" else ("profile", "names")
        names = [name for name in chosen.__struct_fields__ if name in type(self).model_fields and name not in of_cef]
        values = {name: value for name in names if (value := getattr(chosen, name)) is not None}
        return f"preset {self.preset}: " + ", ".join(f"{name} {value}" for name, value in values.items())

    def check_line(self) -> None:
        """ValueError where options contradict each other."""
        unused = {"profile", "names"} & self.model_fields_set
        if unused and (chosen := self.chosen().format) != "cef":
            by = "" if "format" in self.model_fields_set else f" by preset: {self.preset}"
            raise ValueError(f"{' and '.join(sorted(unused))} are for format: cef, and this is {chosen}{by}")
