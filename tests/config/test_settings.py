"""The configuration: what it becomes, and every mistake with its place and what is allowed."""

import os
from pathlib import Path

import pytest

from casbd.config import reading
from casbd.errors import Mistakes

HERE = Path(__file__).parent
DAY = 86_400_000


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "casbd.yaml"
        path.write_text(text)
        return reading.load(path)

    return load


@pytest.fixture
def mistakes(load, tmp_path):
    def mistakes(text):
        with pytest.raises(Mistakes) as caught:
            load(text)
        return [str(mistake).removeprefix(f"{tmp_path}/casbd.yaml:") for mistake in caught.value.mistakes]

    return mistakes


def test_every_mistake_is_told_at_once():
    """`CASBD_ACCEPT=1` writes what came out as what is expected."""
    with pytest.raises(Mistakes) as caught:
        reading.load(HERE / "mistakes.yaml")
    found = str(caught.value).replace(f"{HERE}/", "") + "\n"
    if os.environ.get("CASBD_ACCEPT"):
        (HERE / "mistakes.txt").write_text(found)
    assert found == (HERE / "mistakes.txt").read_text()


class TestValues:
    def test_of_contract(self, load, tmp_path):
        settings = load(
            """
            state_dir: /var/lib/casbd
            rules: [rules, /etc/casbd/rules]
            inputs:
              - {name: m365, path: "in/*", format: m365, instance: contoso, silence: 2h}
              - {name: any, path: /in/*, poll: true}
            outputs:
              - {name: siem, type: syslog, host: 127.0.0.1, port: 6514, transport: tls, send: [alerts, activities]}
              - {name: file, type: file, path: alerts.cef}
            connectors:
              - {name: script, type: command, command: [/bin/true]}
            governance: {mode: approve, protected_users: [breakglass@contoso.com], max_per_hour: 5}
            retention: {activities: 30d}
            metrics: {port: 9100}
            """
        )

        assert settings.rules == (tmp_path / "rules", Path("/etc/casbd/rules"))
        first, second = (entry.spec for entry in settings.inputs)
        assert (first.name, first.path, first.format, first.instance, first.silence) == (
            "m365",
            f"{tmp_path}/in/*",
            "m365",
            "contoso",
            7_200_000,
        )
        assert (second.path, second.format, second.poll, second.silence) == ("/in/*", "auto", True, None)
        siem, file = settings.outputs
        assert (siem.name, siem.type, siem.send) == ("siem", "syslog", ("alerts", "activities"))
        assert file.send == ("alerts",)
        assert file.options.path == tmp_path / "alerts.cef"
        assert settings.connectors[0].name == "script"
        assert (settings.governance.mode, settings.governance.max_per_hour) == ("approve", 5)
        assert (settings.retention.activities, settings.retention.alerts) == (30 * DAY, 730 * DAY)
        assert (settings.metrics.host, settings.metrics.port) == ("127.0.0.1", 9100)

    def test_what_an_output_is_sent(self, load, mistakes):
        text = "outputs: [{name: pager, type: stdout, send: [system, governance], min_severity: %s}]\n"
        (pager,) = load(text % "high").outputs
        assert (pager.send, pager.min_severity) == (("system", "governance"), "high")
        (told,) = mistakes(text % "grave")
        assert told == "1:81: `min_severity`: `grave` is none of informational, low, medium, high"
        (told,) = mistakes("outputs: [{name: pager, type: stdout, send: []}]\n")
        assert told == "1:45: `send`: should not be empty"

    @pytest.mark.parametrize(
        ("send", "filters", "wrong"),
        [
            ("alerts", "{severity: {eq: high}, tags: {eq: x}, app: {eq: Okta}, activity_count: {gte: 5}}", []),
            ("system", "{title: {contains: disk}}", []),
            ("activities", "{activity_type: {eq: Log on}, raw.a: {isset: true}}", []),
            ("alerts, activities", "{any_of: [{user: {eq: eva@contoso.com}}, {country: {neq: NO}}]}", []),
            ("alerts", "{sevrity: {eq: high}}", ["alerts have no field `sevrity` (did you mean `severity`?)"]),
            ("alerts", "{severity: {eq: grave}}", ["`severity` is never `grave` (allowed: high, informational, low, medium)"]),
            ("alerts", "{activity_type: {eq: Log on}}", ["`activity_type` is a field of activities, not of alerts"]),
            ("alerts", "{raw.a: {eq: b}}", ["alerts have no field `raw.a`"]),
            ("alerts", "{user_role: object, user: {eq: a}}", ["`user_role` is about the objects of activities, and alerts have none"]),
            (
                "alerts, activities",
                "{severity: {eq: high}}",
                ["`severity` is a field of alerts, and this output is sent activities (one output for each)"],
            ),
            ("alerts, activities", "{user: {equals: a}}", ["unknown operator `equals`"]),
            ("governance", "{user: {eq: a}}", ["`filters` is about alerts and activities, and `send` has neither"]),
            ("alerts", "{}", ["expected fields with operators"]),
        ],
    )
    def test_filters_of_an_output(self, load, mistakes, send, filters, wrong):
        outputs = (
            f"  - {{name: siem, type: stdout, send: [{send}]}}\n  - {{name: soc, type: stdout, send: [{send}],\n     filters: {filters}}}\n"
        )
        text = f"outputs:\n{outputs}"
        if not wrong:
            siem, soc = load(text).outputs
            assert siem.filters is None
            assert soc.filters is not None
            return
        (told,) = mistakes(text)
        assert told.startswith("4:")
        assert wrong[0] in told

    @pytest.mark.parametrize(("written", "begin"), [("now", 0), ("beginning", 2**53), ("2d", 2 * DAY)])
    def test_what_a_new_output_gets_of_what_is_stored(self, load, mistakes, written, begin):
        text = "outputs: [{name: siem, type: stdout, from: %s}]\n"
        assert load(text % written).outputs[0].begin == begin
        assert mistakes(text % "yesterday") == [
            "1:44: `from`: 'yesterday' is neither `now` nor `beginning`, nor a length of time such as 2d"
        ]

    def test_fields_that_an_output_is_not_to_have(self, load, mistakes):
        text = "outputs: [{name: siem, type: stdout, leave_out: [raw, %s]}]\n"
        assert load(text % "answer").outputs[0].leave_out == ("raw", "answer")
        (unknown,) = mistakes(text % "rwa")
        assert unknown.startswith("1:55: ")
        assert "there is no field `rwa` that can be left out (did you mean `raw`?)" in unknown
        (needed,) = mistakes(text % "alert_id")
        assert "`alert_id` cannot be left out" in needed

    def test_left_out(self, load):
        settings = load("inputs: []\n")

        assert settings.state_dir == Path("/var/lib/casbd")
        assert settings.governance.mode == "dry_run"
        assert (settings.retention.activities, settings.retention.alerts) == (180 * DAY, 730 * DAY)
        assert settings.metrics is None
        assert settings.workers == 1
        assert set(settings.enrichers) >= {"geoip", "ip_ranges", "user_agent", "users"}

    def test_norway_is_not_false(self, load):
        assert load("inputs: [{name: m365, path: /in/*, instance: NO}]\n").inputs[0].spec.instance == "NO"

    def test_empty_sections_are_as_if_left_out(self, load):
        assert load("state_dir: x\norganization:\nenrichment: {}\n").enrichers == load("state_dir: x\n").enrichers


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("inputs: 5\n", ["1:9: `inputs`: should be a list (such as [a, b])"]),
            (
                "inputs: {a: b}\noutputs: x\n",
                ["1:9: `inputs`: should be a list (such as [a, b])", "2:10: `outputs`: should be a list (write [x])"],
            ),
            ("outputs: [{name: x, type: [a]}]\n", ["1:27: `type`: should be text"]),
            ("outputs: [{type: file}]\n", ["1:11: `name` is missing", "1:11: `path` is missing"]),
            ("outputs: [{name: x}]\n", ["1:11: `type` is missing"]),
            ("inputs: [{name: {a: b}, path: x}]\n", ["1:17: `name`: should be text"]),
            (
                "inputs: [{name: [a], path: x}, {name: [a], path: x}]\n",
                ["1:17: `name`: should be text", "1:33: `['a']` is there twice in `inputs`", "1:39: `name`: should be text"],
            ),
            ("outputs: [{name: x, type: stdout}, {name: x, type: stdout}]\n", ["1:37: `x` is there twice in `outputs`"]),
            ("organization: [a]\n", ["1:1: `organization` is a mapping"]),
            ("governance: 5\n", ["1:13: `governance`: should be a mapping of keys and values"]),
            ("inputs:\n\t- a\n", ["2:1: found character '\\t' that cannot start any token (indent with blanks, not with tabs)"]),
            ("state_dir: a\nstate_dir: b\n", ["2:1: duplicate key `state_dir`"]),
        ],
    )
    def test_of_the_wrong_shape(self, mistakes, text, found):
        assert mistakes(text) == found

    @pytest.mark.parametrize("text", ["- a\n", "text\n"])
    def test_a_file_that_is_no_mapping(self, mistakes, text):
        assert mistakes(text) == ["1:1: should be a mapping of keys and values"]

    def test_what_is_right_is_known_all_the_same(self, tmp_path):
        path = tmp_path / "casbd.yaml"
        path.write_text(
            "rules: [mine]\nworkers: none\nfoo: bar\norganization: {domains: [contoso.com], grups: x}\n"
            "enrichment: {tor: 5, ip_ranges: r.yaml}\noutputs: [{name: a, type: stdout}, {name: b, type: b}]\n"
        )

        settings, mistakes = reading.read(path)

        assert len(mistakes) == 5
        assert settings.rules == (tmp_path / "mine",)
        assert settings.workers == 1
        assert settings.enrichers["users"].domains == ("contoso.com",)
        assert settings.enrichers["ip_ranges"].ip_ranges == tmp_path / "r.yaml"
        assert [output.name for output in settings.outputs] == ["a"]

    def test_a_wrong_key_of_a_mapping_stands_where_the_key_is(self, mistakes):
        (told,) = mistakes("inputs:\n  - {name: x, path: x, format: json, mapping: {timestamp: t, usr: u}}\n")
        assert told.startswith("2:62: `mapping.usr`: `usr` is no field")

    def test_an_empty_section_is_as_if_it_were_not_there(self, load, mistakes):
        empty = "".join(f"{name}:\n" for name in ("inputs", "organization", "enrichment", "outputs", "connectors", "governance"))
        assert load(empty) == load("rules: []\n")
        assert mistakes("state_dir:\noutput:\n") == [
            "1:11: `state_dir`: there is no value (should be a path)",
            "2:1: unknown key `output` (did you mean `outputs`?)",
        ]

    def test_an_output_may_have_the_name_of_an_input(self, load):
        inputs = "inputs: [{name: x, path: /x}]\noutputs: [{name: x, type: stdout}]\n"
        load(inputs + "connectors: [{name: x, type: command, command: [/bin/true]}]\n")

    @pytest.mark.parametrize("value", ["plain", "{env: A, file: b}", "{}", "{credential: ../x}"])
    def test_a_secret_is_never_a_plain_value(self, mistakes, value):
        (found,) = mistakes(f"connectors: [{{name: c, type: webhook, url: 'https://x.example/', secret: {value}}}]\n")
        assert "secret" in found or "credential" in found
        assert "plain" not in found.replace("plain value", "")

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(Mistakes, match="cannot be read: No such file"):
            reading.load(tmp_path / "casbd.yaml")
