"""The add-on's searches: of saved searches and of the dashboard."""

import json
import re
from typing import Any

from conf_files import ADDON, read
from eval_language import names


def dashboard() -> dict[str, Any]:
    """The definition of the dashboard, which Dashboard Studio keeps as JSON in XML."""
    text = (ADDON / "default" / "data" / "ui" / "views" / "casbd.xml").read_text()
    match = re.search(r"<definition><!\[CDATA\[(.*?)\]\]></definition>", text, re.DOTALL)
    assert match
    found: dict[str, Any] = json.loads(match[1])
    return found


def searches() -> dict[str, str]:
    """Each by its name."""
    saved = {name: stanza["search"] for name, stanza in read("savedsearches.conf").items()}
    return saved | {f"dashboard {name}": source["options"]["query"] for name, source in dashboard()["dataSources"].items()}


def expanded(search: str) -> str:
    """With the text of its macros, and anything in the place of tokens."""
    text = re.sub(r"`(\w+)`", lambda match: read("macros.conf")[match[1]]["definition"], search)
    return re.sub(r"\$\w+\$", "*", text)


def first_command(search: str) -> str:
    """What asks for events: all before the first bar, or what stands behind `where` of `| tstats`, which asks the index alone.

    Without when they were indexed, which is no field of theirs.
    """
    text = re.sub(r" _index_earliest=\S+", "", expanded(search))
    of_index = re.match(r"\| tstats .*? where (.*?) by ", text)
    return of_index[1] if of_index else text.partition("|")[0].strip()


def unknown_fields(search: str, known: set[str]) -> set[str]:
    """Fields that a search names and that nothing gives, neither the events nor a command before.

    ValueError for a command that is not here.
    """
    _, *commands = re.split(r"\|(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", expanded(search))
    missing = set(re.findall(r"(\w+)\s*(?:!?=| IN )", first_command(search))) - known
    for text in commands:
        name, _, rest = text.strip().partition(" ")
        if name not in _COMMANDS:
            raise ValueError(f"no command {name}")
        read_by, known = _COMMANDS[name](rest, known)
        missing |= read_by - known if name in ("table", "dedup", "sort", "convert") else read_by
    return missing


def _counted(text: str, known: set[str]) -> tuple[set[str], set[str]]:
    """`dc(id) as alerts count by user`: what is read of what is not there, and all that there is afterwards."""
    sums, *groups = re.split(r"\b(?:by|over)\b", text)
    by = {word for group in groups for word in group.split()}
    calls = re.findall(r"\w+\(((?:[^()]|\([^()]*\))*)\)", sums)
    read_by = {name for call in calls for name in names(call.removeprefix("eval("))}
    made = set(re.findall(r"\bas (\w+)", sums)) | {"count"}
    return (read_by | by) - known, made | by | {"_time"}


def _evaluated(text: str, known: set[str]) -> tuple[set[str], set[str]]:
    missing: set[str] = set()
    for part in re.split(r",\s*(?=\w+=)", text):
        name, _, expression = part.partition("=")
        missing |= names(expression) - known
        known = known | {name.strip()}
    return missing, known


def _listed(text: str, known: set[str]) -> tuple[set[str], set[str]]:
    """Of `table`, `dedup`, `sort 10 -count`: names, of which `casbd_*` may be a pattern."""
    return {word.lstrip("-+") for word in text.split() if not word.isdigit()}, known


_COMMANDS = {
    "chart": _counted,
    "convert": lambda text, known: (set(re.findall(r"ctime\((\w+)\)", text)), known),
    "dedup": _listed,
    "eval": _evaluated,
    "sort": _listed,
    "stats": _counted,
    "table": _listed,
    "timechart": _counted,
    "tstats": lambda text, known: _counted(re.sub(r" where .*? (?=by )", " ", text), known),
    "where": lambda text, known: (names(text) - known, known),
}
