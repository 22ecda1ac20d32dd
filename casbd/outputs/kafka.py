"""Alerts, activities and outcomes of governance as messages of a topic of Apache Kafka.

It sends through librdkafka (`pip install 'casbd[kafka]'`). Source: Apache Kafka, "Producer Configs"; librdkafka, "Idempotent Producer".
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import ByteSize, Field, model_validator

from casbd.documents.duration_option import Duration
from casbd.documents.secrets import Secret
from casbd.errors import Mistake, Mistakes, Rejected, Retry, sentence
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.outputs._message import json_message, kind_of, message_id, ocsf_message
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.outputs._tls import client_context, why_not_trusted
from casbd.plugins import ConfigPath, Item, Options, registry
from casbd.web.answers import RECHECK
from casbd.web.api import is_loopback
from casbd.wire.plain_text import cut, single_line

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

Broker = Annotated[str, Field(max_length=260, pattern=r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$")]
_MOST_AT_ONCE = 5_000_000
"""Bytes that are sent before their acknowledgement is waited for."""
_LONGER_THAN_A_MESSAGE = 5.0
"""Seconds after which nothing can be on its way any more that librdkafka would not have given up."""
_MOST_OF_REASON = 300
_REFUSED = frozenset(("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP", "POLICY_VIOLATION"))
"""Of a message, or of the batch that it went in."""
_LASTING = frozenset(
    (
        *("_AUTHENTICATION", "_SSL", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "UNKNOWN_TOPIC_OR_PART", "TOPIC_EXCEPTION"),
        *("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED", "SASL_AUTHENTICATION_FAILED", "UNSUPPORTED_SASL_MECHANISM"),
    )
)
_ALL_DOWN = "_ALL_BROKERS_DOWN"
_LOG = logging.getLogger(__name__)


class KafkaOptions(Options):
    """Options of the output `kafka`."""

    brokers: Annotated[tuple[Broker, ...], Field(min_length=1, max_length=50)]
    """Some of the cluster's brokers, by which the others are found: `host:port`."""
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
    """The topic, which has to be there unless brokers make one when it is asked for."""
    format: Literal["json", "ocsf"] = "json"
    """`json`, or `ocsf`: events of OCSF 1.5."""
    tls: bool = True
    """false sends in the clear, and no password to anybody but this host itself."""
    ca_file: ConfigPath | None = Field(default=None, examples=["ca.pem"])
    """Whom to trust (PEM). Left out: the system's list."""
    cert_file: ConfigPath | None = Field(default=None, examples=["casbd.pem"])
    """Our own certificate (PEM), if the brokers want one."""
    key_file: ConfigPath | None = Field(default=None, examples=["casbd.key"])
    """Its key; left out: it stands in `cert_file` as well."""
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How a user logs on (SASL). Left out: nobody does."""
    user: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The user's name."""
    password: Secret | None = None
    """The user's password: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    compression: Literal["none", "gzip", "lz4", "zstd"] = "zstd"
    """How batches are compressed."""
    max_message: Annotated[ByteSize, Field(ge=1000, le=1_000_000_000)] = Field(default=ByteSize(1_000_000), examples=["1MB"])
    """A message has so much at most, and a larger one is refused: the brokers' `message.max.bytes`."""
    timeout: Annotated[Duration, Field(ge=1000, le=600_000)] = 30_000
    """What the brokers have not acknowledged after so long is sent again later."""

    @model_validator(mode="after")
    def _fits_together(self) -> KafkaOptions:
        if not self.tls and (unused := {"ca_file", "cert_file", "key_file"} & self.model_fields_set):
            raise ValueError(f"{', '.join(sorted(unused))} need tls: true")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        if len({value is None for value in (self.mechanism, self.user, self.password)}) > 1:
            raise ValueError("`mechanism`, `user` and `password` belong together")
        if self.password and not self.tls and not all(_is_here(broker) for broker in self.brokers):
            raise ValueError("a password needs tls: true")
        return self


@registry.output
class Kafka:
    """Produces to one topic; a message is delivered when all replicas that are in sync have it.

    Its key is the user it is about, so that all about one stays in order; its headers are `id`, by which a repeat is known, and `type`.
    """

    Options: ClassVar[type[Options]] = KafkaOptions
    example: ClassVar[dict[str, Any]] = {
        "brokers": ["kafka1.example.com:9093", "kafka2.example.com:9093"],
        "topic": "casbd",
        "mechanism": "SCRAM-SHA-512",
        "user": "casbd",
        "password": {"credential": "kafka-password"},
    }

    def __init__(self, options: KafkaOptions) -> None:
        """Raises Mistakes where the password or a file of TLS cannot be read, or librdkafka is not there."""
        if find_spec("confluent_kafka") is None:
            raise Mistakes([Mistake("the output kafka", 0, 0, "needs confluent-kafka", "pip install 'casbd[kafka]'")])
        if options.password is not None:
            options.password.check()
        try:
            client_context(ca_file=options.ca_file, cert_file=options.cert_file, key_file=options.key_file, verify=True)
        except OSError as error:
            raise Mistakes([Mistake("the output kafka", 0, 0, f"has a file that cannot be used for TLS: {error}")]) from None
        self._options = options
        self._producer: Producer | None = None
        self._trouble: KafkaError | None = None

    def send(self, items: Sequence[Item]) -> None:
        """Send all; return when the brokers have all. In order for each user."""
        send_in_parts([self._message(item) for item in items], _MOST_AT_ONCE, self._post)

    def close(self) -> None:
        """Let go of the brokers, and of what they have not acknowledged."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.flush(0)

    def _message(self, item: Item) -> _Message:
        text = json_message(item)
        own = message_id(text)
        message = _Message(ocsf_message(item, own) if self._options.format == "ocsf" else text)
        message.key = _subject(item).encode("utf-8", "replace")
        message.headers = {"id": own, "type": kind_of(item)}
        return message

    def _post(self, part: Messages) -> None:
        """Produce all of it, and wait until the brokers have said what became of each."""
        producer, outcomes = self._connected(), _Outcomes(len(part))
        too_long = self._produce(producer, part, outcomes)
        producer.flush(self._options.timeout / 1000 + _LONGER_THAN_A_MESSAGE)
        place = outcomes.first_that_failed()
        if place is None:
            self._trouble = None
        elif place == too_long:
            raise Rejected(self._reason(outcomes[place]), sent=place)
        else:
            self.close()  # what was not acknowledged must not arrive behind what is sent then
            self._fail(outcomes[place], place, len(part))

    def _produce(self, producer: Producer, part: Messages, outcomes: _Outcomes) -> int | None:
        """Hand them to librdkafka, as far as it takes them. The place of one that is longer than any may be."""
        from confluent_kafka import KafkaException

        for place, message in enumerate(part):
            assert isinstance(message, _Message)
            note = partial(outcomes.note, place)
            try:
                producer.produce(self._options.topic, bytes(message), message.key, headers=message.headers, on_delivery=note)
            except BufferError as error:  # its queue is full
                outcomes[place] = str(error)
                return None
            except KafkaException as error:
                outcomes[place] = error.args[0]
                return place if _name(error.args[0]) == "MSG_SIZE_TOO_LARGE" else None
        return None

    def _fail(self, outcome: KafkaError | str | None, place: int, number: int) -> None:
        """Raise for the first that was not delivered, behind so many that were. Those behind it may be, and come again."""
        name, trouble = _name(outcome), self._trouble
        if name in _REFUSED:
            raise NotTaken(self._reason(outcome)) if number > 1 else Rejected(self._reason(outcome))
        is_lasting = name in _LASTING or _lasts(trouble)
        reason = self._reason(outcome, trouble if trouble is None or not _is_of_tls(trouble) else self._why_not_trusted() or trouble)
        raise Retry(reason, sent=place, after=RECHECK if is_lasting else None, lasting=is_lasting)

    def _reason(self, *said: KafkaError | str | None) -> str:
        text = ": ".join(_words(one) for one in said if one is not None)
        return cut(single_line(f"{self._options.brokers[0]}: {text}"), _MOST_OF_REASON)

    def _connected(self) -> Producer:
        if self._producer is None:
            from confluent_kafka import Producer

            try:
                self._producer = Producer(self._configuration(), logger=_LOG)
            except Mistakes as error:  # a file that is being replaced
                raise Retry(sentence(error)) from None
            self._trouble = None
        return self._producer

    def _configuration(self) -> dict[str, Any]:
        options = self._options
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(options.brokers),
            "client.id": "casbd",
            "enable.idempotence": True,  # and so acks=all, and each in its place in its partition
            "message.timeout.ms": options.timeout,
            "message.max.bytes": options.max_message,
            "compression.type": options.compression,
            "partitioner": "murmur2_random",  # as Java's producers choose
            "security.protocol": ("sasl_" if options.mechanism else "") + ("ssl" if options.tls else "plaintext"),
            "log_level": 2,
            "error_cb": self._note_trouble,
        }
        if options.tls:
            settings["ssl.ca.location"] = str(options.ca_file or "probe")
        if options.cert_file:
            settings |= {"ssl.certificate.location": str(options.cert_file), "ssl.key.location": str(options.key_file or options.cert_file)}
        if options.mechanism and options.password:
            settings |= {"sasl.mechanism": options.mechanism, "sasl.username": options.user, "sasl.password": options.password.reveal()}
        return settings

    def _note_trouble(self, error: KafkaError) -> None:
        """Why nothing is acknowledged: a message says of itself only that its time is over. What lasts is not hidden by what follows
        from it, such as that all brokers are down."""
        if self._trouble is None or (not _lasts(self._trouble) and error.name() != _ALL_DOWN):
            self._trouble = error

    def _why_not_trusted(self) -> str:
        """What Python says of a broker's certificate: librdkafka does not say whether its name is wrong or who signed it. Empty where
        it says nothing of it."""
        options = self._options
        try:
            context = client_context(ca_file=options.ca_file, cert_file=options.cert_file, key_file=options.key_file, verify=True)
        except OSError as error:  # a file that is being replaced
            return f"a file cannot be used for TLS: {error}"
        brokers = (broker.rpartition(":") for broker in options.brokers)
        return next((why for host, _, port in brokers if (why := why_not_trusted(context, host.strip("[]"), int(port)))), "")


class _Message(bytes):
    """A message's text, with what goes along."""

    key: bytes
    headers: dict[str, Any]


class _Outcomes(list["KafkaError | str | None"]):
    """What became of each message: None where it was delivered."""

    def __init__(self, number: int) -> None:
        super().__init__(["not acknowledged in time"] * number)

    def note(self, place: int, error: KafkaError | None, _message: object) -> None:
        """What librdkafka says of one."""
        self[place] = error

    def first_that_failed(self) -> int | None:
        """Its place."""
        return next((place for place, outcome in enumerate(self) if outcome is not None), None)


def _subject(item: Item) -> str:
    """Whom an item is about; where that is not known the item itself, so that what is said of an alert stays in order."""
    if isinstance(item, Alert):
        return item.user or item.alert_id
    return item.user or item.activity_id if isinstance(item, Activity) else item.target


def _name(error: KafkaError | str | None) -> str:
    return "" if error is None or isinstance(error, str) else error.name()


def _words(said: KafkaError | str) -> str:
    if isinstance(said, str):
        return said
    return "no broker talks to us: perhaps they want `mechanism`, or other `tls`" if said.name() == _ALL_DOWN else said.str()


def _lasts(error: KafkaError | None) -> bool:
    return error is not None and (error.name() in _LASTING or _is_of_tls(error))


def _is_of_tls(error: KafkaError) -> bool:
    """Whether one end does not accept the other's certificate. Its name is often only that the connection ended."""
    return "certificate" in error.str() or "SSL alert" in error.str()


def _is_here(broker: str) -> bool:
    return is_loopback(broker.rpartition(":")[0].strip("[]"))
