"""A cluster of Kafka brokers in this process, on loopback: librdkafka's own, which its makers test clients with.

Source: librdkafka, `src/rdkafka_mock.h`; numbers of requests and errors are of Kafka's protocol.
"""

import ctypes
from pathlib import Path

import confluent_kafka
from confluent_kafka import Consumer, TopicPartition

PRODUCE = 0
LONG_ENOUGH = 20.0
_PRODUCER = 0


class Cluster:
    """One broker with a topic `casbd` of `partitions`."""

    def __init__(self, partitions: int = 1) -> None:
        (library,) = (Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs").glob("librdkafka*.so*")
        self._rdkafka = ctypes.CDLL(str(library))
        for name in ("rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(self._rdkafka, name).restype = ctypes.c_void_p
        self._rdkafka.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        self._handle = ctypes.c_void_p(self._rdkafka.rd_kafka_new(_PRODUCER, None, ctypes.create_string_buffer(512), 512))
        self._cluster = ctypes.c_void_p(self._rdkafka.rd_kafka_mock_cluster_new(self._handle, 1))
        self._rdkafka.rd_kafka_mock_topic_create(self._cluster, b"casbd", partitions, 1)
        self.broker = self._rdkafka.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def is_found_at(self, host: str, port: int) -> None:
        """What it says of itself from now on."""
        self._rdkafka.rd_kafka_mock_broker_set_host_port(self._cluster, ctypes.c_int32(1), host.encode(), ctypes.c_int(port))

    def answers(self, *errors: int, request: int = PRODUCE) -> None:
        """The next requests of the kind with these, and do nothing of what they ask."""
        numbers = (ctypes.c_int * len(errors))(*errors)
        self._rdkafka.rd_kafka_mock_push_request_errors_array(self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), numbers)

    def goes(self) -> None:
        self._rdkafka.rd_kafka_mock_broker_set_down(self._cluster, ctypes.c_int32(1))

    def returns(self) -> None:
        self._rdkafka.rd_kafka_mock_broker_set_up(self._cluster, ctypes.c_int32(1))

    def messages(self, number: int, partition: int = 0) -> list:
        """So many from the partition's beginning on, or fewer where there are no more within a second."""
        consumer = Consumer({"bootstrap.servers": self.broker, "group.id": "tests", "auto.offset.reset": "earliest"})
        try:
            consumer.assign([TopicPartition("casbd", partition, 0)])
            _, end = consumer.get_watermark_offsets(TopicPartition("casbd", partition), timeout=LONG_ENOUGH)
            return consumer.consume(min(number, end), LONG_ENOUGH) if end else []
        finally:
            consumer.close()

    def stop(self) -> None:
        self._rdkafka.rd_kafka_mock_cluster_destroy(self._cluster)
        self._rdkafka.rd_kafka_destroy(self._handle)
