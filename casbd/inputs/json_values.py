"""JSON that is not one record a line: arrays (pretty, or gigabytes on one line), wrappers, and objects one after another.

Elements are found by counting brackets outside strings, one regular-expression match per bracket: the depth is a number,
so deep nesting costs nothing. Whether an element is good JSON is its format's business. But where an element does not end,
or swallows what looks like the next one's beginning, it is checked, so that a bad element costs only itself.
"""

from __future__ import annotations

import re

import msgspec

from casbd.inputs.cutting import Context, Cut, malformed

_GAP = re.compile(rb"(?:[\s,\0]++|\xef\xbb\xbf)*+")
_SEPARATORS = b" \t\r\n,\0"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+[{}\[\]]", re.DOTALL)
_SCALAR = re.compile(_STRING + rb'|[^\s,\[\]{}"]++', re.DOTALL)
_FIRST_KEY = re.compile(rb"\{\s*" + _STRING, re.DOTALL)

_ABOUT = (
    rb'"(?:@odata\.[^"]*+|kind|etag|next\w*+|prev\w*+|cursor|ok|success|done|count|limit|offset|total\w*+|page\w*+|per_page|max|size|chunk_size'
    rb"|has\w*+|from|to|links|_links|meta|metadata|messageType|owner|logGroup|logStream|subscriptionFilters|Stats|[Ss]chema"
    rb'|searchedLogStreams|ResponseMetadata|\$metadata)"'
)
_FLAT = rb"\{(?:[^{}\"]++|" + _STRING + rb")*+\}"
_NESTED = rb"\{(?:[^{}\"]++|" + _STRING + rb"|\{(?:[^{}\"]++|" + _STRING + rb"|" + _FLAT + rb")*+\})*+\}"
_PLAIN = _STRING + rb"|[\w.+-]++|" + _NESTED + rb"|\[\s*+(?:(?:" + _STRING + rb"|" + _FLAT + rb")\s*+,?\s*+)*+\]"
_HOLDER = (
    rb"(?:value|[Rr]ecords|[Rr]esults|items|activities|activityEventEntities|entries|logEvents|Events|logs"
    rb'|audit_?(?:logs|events|entries|records)|audit(?:Logs|Events|Entries|Records)|operation_logs|log_entries)"\s*+:\s*+\[(?=\s*+[\]{])'
)
_RECORDS_OWN = rb'"(?:_?id|u?uid|type|kind|action|event\w*+|\w*+[tT]ime\w*+|tenantId|aadTenantId)"'
"""Keys by which records begin; what else is called `data` is a part of one."""
_LOG_EVENT = rb'\{\s*+"(?:timestamp"|logStreamName"|ingestionTime"|eventId"\s*+:\s*+"\d{30}|message"\s*+:\s*+"\s*+\{)'
"""How an event of CloudWatch Logs may begin (the key `timestamp` one of Dropbox, too), the record being its message."""
_NO_LOG_EVENT = rb'\]\s*+(?:\}|,\s*+"(?:searchedLogStreams|next\w*+|ResponseMetadata|\$metadata)")'
_EVENTS = rb'events"\s*+:\s*+\[(?=\s*+(?:' + _LOG_EVENT + rb"|" + _NO_LOG_EVENT + rb"))"
_ALERTS = rb'alerts"\s*+:\s*+\[(?=\s*+\{\s*+"(?:customerId|alertId)")'
_DATA = rb'data"\s*+:\s*+\[(?=\s*+\{\s*+' + _RECORDS_OWN + rb")"

WRAPPER = re.compile(
    rb"\{\s*+(?:"
    + _ABOUT
    + rb"\s*+:\s*+(?:"
    + _PLAIN
    + rb')\s*+,\s*+)*+"(?:'
    + _HOLDER
    + rb"|"
    + rb"|".join((_EVENTS, _ALERTS, _DATA))
    + rb")",
    re.DOTALL,
)
"""The beginning of an object whose only purpose is to hold records: Microsoft Graph, CloudTrail (files, CloudWatch and
LookupEvents), Azure diagnostics, Google, Slack, Box, Dropbox and CloudWatch Logs (`events`), Google's Alert Center (`alerts`),
Power BI, Defender's hunting APIs (`schema` and `results`), Defender for Cloud Apps and many others (`data`)."""

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_AFTER_ARRAY = {"array": "top", "wrapped": "rest", "top": "top"}


class JsonValues:
    """Cuts the elements of top-level arrays and wrappers, and top-level objects."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._mark = context.mark.encode("latin-1")

    def cut(self, text: bytes, *, at_end: bool, final: bool) -> Cut:  # noqa: ARG002 - a value's end needs no guessing
        """See Cutter."""
        cut = Cut()
        place, level = self._resume(text, cut), self.context.level
        tried = False
        while (place := _gap(text, place)) < len(text):
            if after := self._structure(text, place, level):
                place, level = after
                continue
            if level == "rest":
                break
            if self._mark and level != "top" and not tried:
                tried, place = True, self._many(text, place, level, cut)
                continue
            end = self._value(text, place, final, cut)
            if end is None:
                break
            place = cut.used = end
            self.context.level = level
        if level == "top" and place == len(text):
            cut.closers = place - cut.used
        return cut

    def _structure(self, text: bytes, place: int, level: str) -> tuple[int, str] | None:
        """(behind it, the level there) of what is not a record: the brackets around the records. None: a value is here."""
        head = text[place]
        if level == "rest":
            end = closing(text, place, 1)
            return None if end is None else (end, "top")
        if head == 0x5D:  # ]
            return place + 1, _AFTER_ARRAY[level]
        if head == 0x7D:  # } without a beginning
            return place + 1, level
        if level == "top" and head == 0x5B:  # [
            return place + 1, "array"
        if level == "top" and (wrapper := WRAPPER.match(text, place)):
            return wrapper.end(), "wrapped"
        return None

    def _many(self, text: bytes, place: int, level: str, cut: Cut) -> int:
        """Behind the last element but one of `text`: what stands before an element's beginning, and is JSON, is elements.

        This is the fast road. `place` where it does not lead on: something is broken, or looks like a beginning and is none.
        """
        body = text[place : max(place, text.rfind(self._mark))].rstrip(_SEPARATORS)
        try:
            elements = _ELEMENTS.decode(b"[%b]" % body)
        except (msgspec.DecodeError, RecursionError):
            return place
        for element in map(bytes, elements):
            place = _gap(text, place)
            cut.records.append(element)
            cut.places.append(place)
            place += len(element)
        if elements:
            cut.used, self.context.level = place, level
        return place

    def _value(self, text: bytes, place: int, final: bool, cut: Cut) -> int | None:
        """Behind the value at `place`, which is now in `cut`; None where it is not yet whole."""
        if text[place] not in b"{[":
            return self._scalar(text, place, final, cut)
        end = closing(text, place, 0)
        if end is None or (self._mark and text.find(self._mark, place + 1, end) >= 0):
            behind = self._next_element(text, place, end)
            if behind is not None:
                cut.rejects.append((place, behind, "an element of this JSON array does not end"))
                return behind
        if end is None:
            return None
        cut.records.append(text[place:end])
        cut.places.append(place)
        if not self._mark and (key := _FIRST_KEY.match(text, place)):
            self._mark = key[0]
            self.context.mark = self._mark.decode("latin-1")
        return end

    def _scalar(self, text: bytes, place: int, final: bool, cut: Cut) -> int | None:
        value = _SCALAR.match(text, place)
        if value is None or (value.end() == len(text) and not final):
            return None
        cut.records.append(value[0])
        cut.places.append(place)
        return value.end()

    def _next_element(self, text: bytes, place: int, end: int | None) -> int | None:
        """Where the next element begins, if the one at `place` is broken and this can be seen."""
        if not self._mark or not malformed(text[place:end]):
            return None
        behind = text.find(self._mark, place + 1)
        return behind if behind >= 0 else None

    def _resume(self, text: bytes, cut: Cut) -> int:
        """Behind the rest of an element that was too long: at what looks like the next one's beginning, or the next line."""
        if not self.context.skipping:
            return 0
        sign = self._mark or b"\n"
        place = text.find(sign)
        self.context.skipping = place < 0
        cut.used = place if place >= 0 else max(0, len(text) - len(sign) + 1)
        return cut.used if place >= 0 else len(text)


def _gap(text: bytes, place: int) -> int:
    match = _GAP.match(text, place)
    return match.end() if match else place


def closing(text: bytes, place: int, depth: int) -> int | None:
    """Behind the bracket that brings `depth` down to 0, from `place` on; None where the text ends before."""
    match = _BRACKET.match
    while bracket := match(text, place):
        place = bracket.end()
        depth += 1 if text[place - 1] in b"{[" else -1
        if depth <= 0:
            return place
    return None
