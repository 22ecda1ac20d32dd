import json
import logging
import sys

import pytest
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import json_message, message_id
from casbd.plugins import registry
from tests.outputs.answering import alert, alerts, ids
from tests.outputs.mock_kafka import Cluster
from tests.own_events import casbd, lay_out
from tests.wire.ocsf_schema import mistakes

pytest.importorskip("confluent_kafka")
Kafka = registry.load("outputs", "kafka")
MESSAGE_TOO_LARGE, NOT_ENOUGH_REPLICAS, TOPIC_AUTHORIZATION_FAILED, INVALID_RECORD = 10, 19, 29, 87
EVERYTHING = 1000


@pytest.fixture
def cluster(until_the_end):
    def make(**options) -> Cluster:
        return until_the_end(Cluster(**options))

    return make


@pytest.fixture
def output(until_the_end):
    def make(cluster, **options):
        about = {"brokers": [cluster.broker], "topic": "casbd", "tls": False, "timeout": "20s"}
        return until_the_end(Kafka(Kafka.Options.model_validate(about | options)))

    return make


def sent(cluster, number=EVERYTHING, partition=0) -> list[str]:
    return [json.loads(message.value())["alert_id"] for message in cluster.messages(number, partition)]


class TestMessages:
    def test_each_says_what_it_is_and_whom_it_is_about(self, cluster, output):
        one = cluster()
        command = GovernanceCommand(command_id="c", action="suspend_user", connector="entra", target="eva", status="succeeded")
        activities = [Activity(activity_id="a", user="bob"), Activity(activity_id="b")]
        several = [alert(1, user="anna"), alert(2), alert(3, category="system"), *activities, command]
        output(one).send(several)
        got = one.messages(len(several))
        assert [message.value() for message in got] == [json_message(item) for item in several]
        assert [message.key() for message in got] == [b"anna", b"2", b"3", b"bob", b"b", b"eva"]
        headers = [dict(message.headers()) for message in got]
        assert [header["type"] for header in headers] == [b"alert", b"alert", b"system", b"activity", b"activity", b"governance"]
        assert [header["id"].decode() for header in headers] == [message_id(json_message(item)) for item in several]

    def test_all_about_one_user_is_in_one_partition_in_order(self, cluster, output):
        one = cluster(partitions=4)
        output(one).send([alert(number, user=f"user{number % 9}") for number in range(90)])
        seen: dict[str, list[int]] = {}
        partitions = [one.messages(EVERYTHING, partition) for partition in range(4)]
        for messages in partitions:
            for message in messages:
                seen.setdefault(message.key(), []).append(int(json.loads(message.value())["alert_id"]))
        assert sum(map(len, partitions)) == 90
        assert sum(map(bool, partitions)) > 1
        assert sorted(seen.values()) == [list(range(first, 90, 9)) for first in range(9)]

    def test_events_of_ocsf(self, cluster, output):
        one = cluster()
        output(one, format="ocsf").send(alerts(1))
        (message,) = one.messages(1)
        assert mistakes(json.loads(message.value())) == []

    def test_half_a_surrogate_pair_in_a_name_stops_nothing(self, cluster, output):
        one = cluster()
        output(one).send([alert(1, user="\ud800")])
        assert one.messages(1)[0].key() == b"?"


def test_every_message_of_all_samples_arrives_once(cluster, tmp_path):
    one = cluster()
    send = "send: [alerts, activities, governance]"
    kafka = f"{{name: k, type: kafka, brokers: ['{one.broker}'], topic: casbd, tls: false, {send}}}"
    lay_out(tmp_path, kafka, f"{{name: json, type: file, path: sent, format: json, {send}}}")
    done = casbd(tmp_path, "run", "--once")
    assert done.returncode == 0, done.stderr
    expected = (tmp_path / "sent").read_bytes().splitlines()
    assert [message.value() for message in one.messages(EVERYTHING * 10)] == expected
    assert len(expected) > 1000
    assert casbd(tmp_path, "outputs", "test", "k").returncode == 0


class TestAnswers:
    def test_brokers_that_are_away_delay_and_nothing_is_lost(self, cluster, output):
        one = cluster()
        one.goes()
        kafka = output(one, timeout="5s")
        with pytest.raises(Retry, match=f"{one.broker}: .*timed out") as caught:
            kafka.send(alerts(1, 2))
        assert (caught.value.sent, caught.value.lasting) == (0, False)
        one.returns()
        kafka.send(alerts(1, 2))
        assert sent(one) == ids(1, 2)

    def test_replicas_that_lag_are_waited_for(self, cluster, output):
        one = cluster()
        one.answers(NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS)
        output(one).send(alerts(1, 2))
        assert sent(one) == ids(1, 2)

    def test_who_may_not_write_waits_until_somebody_changes_that(self, cluster, output):
        one = cluster()
        one.answers(TOPIC_AUTHORIZATION_FAILED)
        kafka = output(one)
        with pytest.raises(Retry, match="Topic authorization failed") as caught:
            kafka.send(alerts(1, 2))
        assert (caught.value.sent, caught.value.lasting, caught.value.after) == (0, True, 60.0)
        kafka.send(alerts(1, 2))
        assert sent(one) == ids(1, 2)

    def test_one_that_is_longer_than_any_may_be_is_refused_and_those_before_it_are_there(self, cluster, output):
        one = cluster()
        kafka = output(one, max_message=5000)
        several = [*alerts(1, 2), alert(3, title="x" * 9000), alert(4)]
        with pytest.raises(Rejected, match="Message size too large") as caught:
            kafka.send(several)
        assert caught.value.sent == 2
        kafka.send(several[3:])
        assert sent(one) == ids(1, 2, 4)

    @pytest.mark.parametrize("error", [MESSAGE_TOO_LARGE, INVALID_RECORD])
    def test_a_batch_that_is_refused_is_sent_in_halves(self, cluster, output, error):
        one = cluster()
        one.answers(error)
        output(one).send(alerts(1, 2, 3, 4))
        assert sent(one) == ids(1, 2, 3, 4)

    def test_one_that_is_refused_alone_is_set_aside(self, cluster, output):
        one = cluster()
        one.answers(INVALID_RECORD, INVALID_RECORD, INVALID_RECORD)
        kafka = output(one)
        with pytest.raises(Rejected) as caught:
            kafka.send(alerts(1, 2, 3, 4))
        assert caught.value.sent == 0
        kafka.send(alerts(2, 3, 4))
        assert sent(one) == ids(2, 3, 4)


def test_a_message_of_which_nothing_is_heard_is_not_delivered():
    outcomes = sys.modules[Kafka.__module__]._Outcomes(2)
    assert outcomes.first_that_failed() == 0
    outcomes.note(0, None, None)
    assert outcomes.first_that_failed() == 1
    outcomes.note(1, None, None)
    assert outcomes.first_that_failed() is None


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"brokers": []}, "at least 1"),
            ({"brokers": ["kafka.example.com"]}, "pattern"),
            ({"brokers": ["a:1,b:2"]}, "pattern"),
            ({"topic": "a b"}, "pattern"),
            ({"tls": False, "ca_file": "ca.pem"}, "ca_file need tls: true"),
            ({"key_file": "k.pem"}, "key_file needs cert_file"),
            ({"user": "u"}, "belong together"),
            ({"mechanism": "PLAIN", "user": "u", "password": {"env": "X"}, "tls": False}, "a password needs tls"),
            ({"mechanism": "PLAIN", "user": "u", "password": "plain"}, "never a plain value"),
        ],
        ids=str,
    )
    def test_what_does_not_go_together_is_a_mistake(self, options, complaint):
        with pytest.raises(ValidationError, match=complaint):
            Kafka.Options.model_validate({"brokers": ["kafka.example.com:9093"], "topic": "casbd"} | options)

    def make(self, **options):
        return Kafka(Kafka.Options.model_validate({"brokers": ["127.0.0.1:1"], "topic": "casbd"} | options))

    def test_files_and_secrets_that_are_not_there_are_found_at_the_start(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET", raising=False)
        with pytest.raises(Mistakes, match="cannot be used for TLS"):
            self.make(ca_file=tmp_path / "none.pem")
        with pytest.raises(Mistakes, match="is empty or not set"):
            self.make(mechanism="PLAIN", user="u", password={"env": "CASBD_TEST_SECRET"})

    def test_without_librdkafka_it_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "confluent_kafka", None)
        with pytest.raises(Mistakes, match="needs confluent-kafka"):
            self.make()

    def test_a_password_that_is_not_taken_is_not_told(self, cluster, output, monkeypatch, caplog, capfd):
        """The cluster of the tests knows no users, and ends the connection of who logs on."""
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret-pass")
        kafka = output(cluster(), mechanism="PLAIN", user="casbd", password={"env": "CASBD_TEST_SECRET"}, timeout="1s")
        with pytest.raises(Retry) as caught:
            kafka.send(alerts(1))
        told = [str(caught.value), caplog.text, *capfd.readouterr()]
        assert not [text for text in told if "s3cret" in text]

    def test_tls_is_spoken_where_it_is_asked_for(self, cluster, output, monkeypatch):
        """The cluster of the tests speaks none, so that it is no peer for that."""
        one = cluster()
        with pytest.raises(Retry):
            output(one, tls=True, timeout="1s").send(alerts(1))
        assert sent(one) == []
