"""CEF parsers of others, from PyPI: a thousand alerts with hostile values in every field, and each gets every field back."""

import pytest
import strict_cef

from casbd.wire import cef
from tests.wire.items import hostile_alerts

ALERTS = hostile_alerts(1000)


def by_pycef(message: str) -> dict[str, str]:
    """Its values are still escaped, and a label takes the place of its key."""
    found = {key: unescaped(value) for key, value in pytest.importorskip("pycef").parse(message).items()}
    label = {"portalURL": "cs1", "uniqueServiceAppIds": "cs2", "relatedAudits": "cs3", "policyIDs": "cs4", "tags": "cs5"}
    label |= {"country": "flexString1", "closedBy": "flexString2"}
    return found | {key: found[name] for name, key in label.items() if name in found} | {"name": found["Name"]}


def by_jc(message: str) -> dict[str, str]:
    (found,) = pytest.importorskip("jc").parse("cef", message, raw=True)
    return {key: unescaped(value) for key, value in found.items()}


def by_cefp(message: str) -> dict[str, str]:
    found = pytest.importorskip("cefp").CEFParser.parse(message)
    return {key: value.rstrip(" ") for key, value in found["extension"].items()} | {"name": found["name"]}


def unescaped(value: str) -> str:
    return "".join(strict_cef.unescape(token) for token in strict_cef.tokenise(value))


@pytest.mark.parametrize("profile", ["casbd", "mcas"])
@pytest.mark.parametrize("read", [by_pycef, by_jc, by_cefp])
def test_every_field_comes_back(read, profile):
    for alert in ALERTS:
        message = cef.alert(alert, profile=profile, portal="https://casbd.example")
        header, wanted = strict_cef.parse(message)
        found = read(message)
        assert found["name"] == header[5]
        assert {key: value for key, value in wanted.items() if found.get(key, "") != value and not key.endswith("Label")} == {}


def test_one_that_undoes_escapes_in_the_header_gets_the_name_whole():
    for alert in ALERTS:
        name = " ".join(strict_cef.clean(alert.policy_name).split()) or "unnamed"
        assert by_cefp(cef.alert(alert, names="escape"))["name"] == name
