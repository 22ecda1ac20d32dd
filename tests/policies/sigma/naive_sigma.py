"""Sigma the slow and obvious way, over a record as it was exported: what the imported policies must agree with.

Of the modifiers it knows contains, startswith, endswith, all, re, exists and fieldref; a value compares by its JSON text.
"""

import fnmatch
import json
import re


def holds(record, detection):
    """Whether a record meets a detection."""
    selections = {name: given for name, given in detection.items() if name not in ("condition", "timeframe")}
    met = {name: selection(record, given) for name, given in selections.items()}

    def several(found):
        names = [name for name in met if found[2] == "them" or fnmatch.fnmatch(name, found[2])]
        return f"({(' and ' if found[1] == 'all' else ' or ').join(f'<{name}>' for name in names)})"

    text = re.sub(r"\b(1|any|all) of ([\w*]+)", several, detection["condition"])
    text = re.sub(r"(?<!<)\b(?!and\b|or\b|not\b)([A-Za-z_]\w*)\b(?!>)", r"<\1>", text)
    return eval(re.sub(r"<(\w+)>", lambda found: str(met[found[1]]), text))


def selection(record, given):
    if not isinstance(given, list):
        return all(item(record, key, wanted) for key, wanted in given.items())
    return any(selection(record, one) if isinstance(one, dict) else keyword(record, str(one)) for one in given)


def keyword(value, wanted):
    """Whether a value somewhere in the record has the keyword in it."""
    if isinstance(value, dict | list):
        return any(keyword(one, wanted) for one in (value.values() if isinstance(value, dict) else value))
    if value is None:
        return False
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            if keyword(json.loads(value), wanted):
                return True
        except ValueError:
            pass
    return fits(text(value).casefold(), wanted.casefold(), ["contains"])


def item(record, key, wanted):
    field, *modifiers = key.split("|")
    found = [value for value in values(record, field) if value is not None]
    if "exists" in modifiers:
        return bool(found) is wanted
    if "fieldref" in modifiers:
        return any(text(one).casefold() == text(other).casefold() for one in found for other in values(record, wanted) if other is not None)
    several = wanted if isinstance(wanted, list) else [wanted]
    answers = [not found if one is None else any(fits(value, one, modifiers) for value in found) for one in several]
    return all(answers) if "all" in modifiers else any(answers)


def fits(value, wanted, modifiers):
    wanted = json.dumps(wanted) if isinstance(wanted, bool) else str(wanted)
    if "re" in modifiers:
        return re.search(wanted, text(value)) is not None
    before, after = {"contains": "**", "startswith": " *", "endswith": "* "}.get(next(iter(modifiers), ""), "  ")
    pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in f"{before}{wanted}{after}".strip())
    return re.fullmatch(pattern, text(value), re.IGNORECASE | re.DOTALL) is not None


def text(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def values(record, path):
    """Everything that a path leads to, lists opened."""
    found = [record]
    for step in path.split("."):
        inside = [one for value in found for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
        found = [value for one in inside for key, value in one.items() if key.casefold() == step.casefold()]
    return [one for value in found for one in (value if isinstance(value, list) else [value])]
