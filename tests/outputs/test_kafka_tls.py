"""Kafka over TLS, and who logs on there: what is wrong is told in words, nothing is lost by it, and no password is told to anybody."""

import json
import logging

import pytest
from builders import record

from casbd.errors import Retry
from casbd.plugins import registry
from tests.certificates import Authority
from tests.outputs.answering import alerts, ids
from tests.outputs.kafka_listener import Listener
from tests.outputs.mock_kafka import Cluster
from tests.own_events import casbd

KafkaError = pytest.importorskip("confluent_kafka").KafkaError
Kafka = registry.load("outputs", "kafka")
PASSWORD, WRONG = "correct horse battery", "incorrect horse"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("kafka"), "ca")


@pytest.fixture
def brokers(authority, until_the_end, monkeypatch):
    """Makes a broker behind a listener at `localhost`, and the options of an output to it."""
    monkeypatch.setenv("CASBD_TEST_PASSWORD", PASSWORD)
    monkeypatch.setenv("CASBD_TEST_WRONG", WRONG)

    def make(certificate=None, **options) -> tuple[Listener, Cluster, dict]:
        listener = until_the_end(Listener(certificate or authority.issue("localhost"), **options))
        cluster = until_the_end(Cluster())
        host, _, port = cluster.broker.partition(":")
        listener.broker = host, int(port)
        cluster.is_found_at("localhost", listener.port)
        about = {"brokers": [f"localhost:{listener.port}"], "topic": "casbd", "ca_file": str(authority.certificate), "timeout": "3s"}
        return listener, cluster, about

    return make


def user(mechanism, password="CASBD_TEST_PASSWORD"):
    return {"mechanism": mechanism, "user": "casbd", "password": {"env": password}}


@pytest.fixture
def output(until_the_end):
    return lambda **options: until_the_end(Kafka(Kafka.Options.model_validate(options | {"timeout": "20s"})))


@pytest.fixture
def fails(until_the_end, caplog):
    """Sends two alerts in vain, and says why."""
    caplog.set_level(logging.DEBUG)

    def send(**options) -> Retry:
        one = until_the_end(Kafka(Kafka.Options.model_validate(options)))
        with pytest.raises(Retry) as caught:
            one.send(alerts(1, 2))
        assert caught.value.sent == 0
        assert not any(word in f"{caught.value}{caplog.text}" for word in (PASSWORD, WRONG))
        return caught.value

    return send


def lasts(error):
    return error.lasting and error.after == 60.0


def sent(listener, cluster):
    """What the broker has, asked without the listener."""
    cluster.is_found_at(*listener.broker)
    return [json.loads(message.value())["alert_id"] for message in cluster.messages(10)]


class TestTls:
    def test_messages_arrive(self, brokers, output):
        listener, cluster, about = brokers()
        output(**about).send(alerts(1, 2))
        assert sent(listener, cluster) == ids(1, 2)

    def test_a_certificate_that_nobody_signed_whom_we_trust(self, brokers, fails, tmp_path):
        listener, cluster, about = brokers(Authority(tmp_path, "other").issue("localhost"))
        error = fails(**about)
        assert f"the certificate of {about['brokers'][0]} is not accepted: unable to get local issuer certificate" in str(error)
        assert lasts(error)
        assert sent(listener, cluster) == []

    def test_a_certificate_for_another_host(self, brokers, fails, authority):
        listener, cluster, about = brokers(authority.issue("kafka.example.com"))
        error = fails(**about)
        assert "Hostname mismatch, certificate is not valid for 'localhost'" in str(error)
        assert lasts(error)
        assert sent(listener, cluster) == []

    def test_brokers_that_want_a_certificate_get_it(self, brokers, output, fails, tmp_path):
        clients = Authority(tmp_path, "clients")
        listener, cluster, about = brokers(clients=clients.certificate)
        error = fails(**about)
        assert "certificate required" in str(error)
        assert lasts(error)
        certificate, key = clients.issue("casbd")
        output(**about, cert_file=str(certificate), key_file=str(key)).send(alerts(1, 2))
        assert sent(listener, cluster) == ids(1, 2)


def test_what_somebody_has_to_change_is_not_hidden_by_what_follows_from_it():
    one = Kafka(Kafka.Options.model_validate({"brokers": ["127.0.0.1:1"], "topic": "casbd", "tls": False}))
    one._note_trouble(KafkaError(KafkaError._TRANSPORT, "Connection refused"))
    one._note_trouble(KafkaError(KafkaError._TRANSPORT, "certificate verify failed"))
    one._note_trouble(KafkaError(KafkaError._TRANSPORT, "Disconnected"))
    one._note_trouble(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    assert one._trouble.str() == "certificate verify failed"


class TestLoggingOn:
    @pytest.mark.parametrize("mechanism", MECHANISMS)
    def test_who_knows_the_password_is_let_in(self, brokers, output, mechanism):
        listener, cluster, about = brokers(users={"casbd": PASSWORD})
        output(**about, **user(mechanism)).send(alerts(1, 2))
        assert {*listener.logged_on} == {(mechanism, "casbd")}
        assert sent(listener, cluster) == ids(1, 2)

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
    def test_a_wrong_password(self, brokers, fails, output, mechanism):
        listener, cluster, about = brokers(users={"casbd": PASSWORD})
        error = fails(**about, **user(mechanism, "CASBD_TEST_WRONG"))
        assert "SASL authentication error: Authentication failed" in str(error)
        assert lasts(error)
        assert (listener.logged_on, sent(listener, cluster)) == ([], [])

    def test_a_mechanism_that_they_do_not_know(self, brokers, fails):
        _, _, about = brokers(users={"casbd": PASSWORD}, mechanisms=("PLAIN",))
        error = fails(**about, **user("SCRAM-SHA-256"))
        assert "broker's supported mechanisms: PLAIN" in str(error)
        assert lasts(error)

    def test_nobody_where_a_user_is_wanted(self, brokers, fails):
        listener, cluster, about = brokers(users={"casbd": PASSWORD})
        assert "no broker talks to us: perhaps they want `mechanism`" in str(fails(**about))
        assert sent(listener, cluster) == []


def test_what_waited_for_the_right_password_is_delivered(brokers, tmp_path):
    listener, cluster, about = brokers(users={"casbd": PASSWORD})
    options = {"name": "k", "type": "kafka", **about, **user("SCRAM-SHA-256", "CASBD_TEST_KAFKA")}
    inputs = [{"name": "in", "path": "in/*"}]
    (tmp_path / "casbd.yaml").write_text(json.dumps({"state_dir": "state", "rules": ["rules"], "inputs": inputs, "outputs": [options]}))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "failed.yaml").write_text("name: Failed\nseverity: low\nfilters: {activity_type: {eq: Failed log on}}\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_bytes(b"".join(record(at=number) + b"\n" for number in range(3)))
    done = casbd(tmp_path, "run", "--once", CASBD_TEST_KAFKA=WRONG)
    assert done.returncode == 75
    assert "SASL authentication error" in done.stderr
    assert WRONG not in done.stdout + done.stderr
    done = casbd(tmp_path, "run", "--once", CASBD_TEST_KAFKA=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert len(sent(listener, cluster)) == 3
