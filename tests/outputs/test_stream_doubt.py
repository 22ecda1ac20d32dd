"""What the TCP sender holds for in doubt when a connection ends, and what it does not."""

import contextlib
import socket
import threading

import pytest

from casbd.errors import Retry
from casbd.outputs import _connection, _stream
from casbd.outputs._connection import Address
from casbd.outputs._doubt import GOOD_BYE_SECONDS
from tests.outputs.receivers import LONG_ENOUGH, WINDOW, Receiver, frames, noticed, numbers, reset, stream, wait_until_broken


def close_in_order(connection: socket.socket, self: Receiver) -> None:
    """Reads one batch, says good-bye."""
    self.got[-1] += connection.recv(1 << 16)


def test_after_a_good_bye_only_what_the_program_itself_may_have_lost_is_in_doubt(receiver, clock):
    """Its kernel had handed over everything; the program may have died with what it read last."""
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and self.got.append(connection.recv(1 << 16)))
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += GOOD_BYE_SECONDS
    sender.send(frames(3, 5))
    server.go_on.set()
    error = noticed(sender)
    assert (error.unread, error.sent) == (2, 0)
    assert "closed the connection" in str(error)


def test_a_good_bye_long_after_the_last_message_puts_nothing_in_doubt(receiver, clock):
    server = receiver(close_in_order)
    sender = stream(server.port, clock)
    for number in range(5):
        sender.send(frames(number, number + 1))
        clock.now += GOOD_BYE_SECONDS
        assert server.closed.wait(LONG_ENOUGH)
        server.closed.clear()
    assert [numbers(got) for got in server.got] == [[0], [1], [2], [3], [4]]
    sender.close()


@pytest.mark.parametrize("how", ["resets", "shuts down and closes"])
def test_a_good_bye_with_something_unread_is_none(receiver, clock, how):
    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        if how == "shuts down and closes":
            connection.shutdown(socket.SHUT_RDWR)
        else:
            reset(connection)

    server = receiver(serve)
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += GOOD_BYE_SECONDS
    sender.send(frames(3, 5))
    server.go_on.set()
    assert noticed(sender).unread == 5


def test_what_a_receiver_acknowledged_but_never_read_is_in_doubt_at_once_with_nothing_to_send(receiver):
    def die_unread(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) > 1:
            self.read_all(connection)
            return
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    server = receiver(die_unread)
    sender = stream(server.port)
    sender.send(frames(0, 3))  # the kernel has them, the program has not
    assert sender.unread() == 3
    server.go_on.set()
    assert noticed(sender).unread == 3
    sender.send(frames(0, 7))
    sender.conclude()
    assert [numbers(got) for got in server.got] == [[], [0, 1, 2, 3, 4, 5, 6]]


def test_a_reset_puts_all_in_doubt_before_anything_new_is_sent(receiver):
    """The order is the outbox's to keep: what is in doubt goes first."""
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and reset(connection))
    sender = stream(server.port)
    sender.send(frames(0, 3))
    server.go_on.set()
    assert server.closed.wait(LONG_ENOUGH)
    wait_until_broken(sender)
    with pytest.raises(Retry) as caught:
        sender.send(frames(3, 4))
    assert (caught.value.sent, caught.value.unread, len(server.got)) == (0, 3, 1)


@pytest.mark.parametrize("seconds", [0.0, WINDOW - 1])
def test_a_reset_in_the_middle_of_a_batch_puts_what_went_before_in_doubt(receiver, monkeypatch, clock, seconds):
    monkeypatch.setattr(_stream, "CHUNK", 1000)

    def serve(connection: socket.socket, self: Receiver) -> None:
        while len(connection.recv(1 << 16, socket.MSG_PEEK)) < 5000:  # acknowledged by the kernel, never read
            pass
        reset(connection)

    sender = stream(receiver(serve).port, clock)
    sender.send(frames(0, 3))
    clock.now += seconds
    with pytest.raises(Retry) as caught:
        sender.send(frames(3, 5000))
    assert (caught.value.sent, caught.value.unread) == (0, 3)


def test_a_receiver_that_closes_in_the_middle_of_a_batch_has_none_of_it(receiver):
    def serve(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) == 1:
            self.got[-1] += connection.recv(5000)  # and closes, with most of the batch unread
        else:
            self.read_all(connection)

    server = receiver(serve)
    sender = stream(server.port)
    batch = frames(0, 20_000, 100)
    with pytest.raises(Retry) as caught:
        sender.send(batch)
    assert (caught.value.sent, caught.value.unread) == (0, 0)
    sender.send(batch)
    sender.conclude()
    assert numbers(server.got[1]) == list(range(20_000))


def test_a_receiver_that_never_reads_is_given_up_in_time_and_all_is_in_doubt(receiver):
    """A time-out forgets nothing: it was this that lost alerts."""

    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        self.read_all(connection)

    server = receiver(serve, buffer=4096)
    sender = stream(server.port, send_timeout=0.3)
    sender.send(frames(0, 10))
    with pytest.raises(Retry, match=r"timed out|acknowledgement") as caught:
        sender.send(frames(10, 20_000, 100))
    assert (caught.value.sent, caught.value.unread) == (0, 10)
    server.go_on.set()


def test_what_the_receivers_buffer_cannot_hold_any_more_is_out_of_doubt(receiver, monkeypatch):
    monkeypatch.setattr(_connection, "buffer_of_peer", lambda _: 100_000)
    server = receiver(lambda connection, self: self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 1000, 1000))
    assert 0 < sender.unread() * 1000 <= 100_000 + _stream.GOOD_BYE_BYTES + _stream.CHUNK
    sender.conclude()


def test_the_buffer_of_a_peer_is_more_than_it_takes_unread(receiver):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH))
    connection = Address("127.0.0.1", server.port, 5.0, 0.3).connect()
    taken = 0
    with contextlib.suppress(TimeoutError):
        for _ in range(1000):
            _connection.send_all(connection, b"x" * 65_536, 0.3)
            taken += 65_536
    assert 0 < taken < _connection.buffer_of_peer(connection)
    connection.close()


def test_what_was_acknowledged_long_ago_over_a_connection_that_stands_is_out_of_doubt(receiver, clock):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH))
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += WINDOW - 1
    sender.send(frames(3, 5))
    assert sender.unread() == 5
    clock.now += 1
    assert sender.unread() == 2
    clock.now += WINDOW
    assert sender.unread() == 0
    sender.close()


def test_a_good_bye_of_ours_is_answered_by_who_has_read_everything(receiver):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 3))
    threading.Timer(0.1, server.go_on.set).start()
    sender.conclude()
    assert numbers(server.got[0]) == [0, 1, 2]
    sender.conclude()  # again does not matter


@pytest.mark.parametrize("how", ["hangs", "dies"])
def test_a_good_bye_of_ours_that_is_not_answered_leaves_all_in_doubt(receiver, monkeypatch, how):
    monkeypatch.setattr(_stream, "CONCLUDE_SECONDS", 0.2)

    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    server = receiver(serve)
    sender = stream(server.port)
    sender.send(frames(0, 3))
    if how == "dies":
        server.go_on.set()
        wait_until_broken(sender)
    with pytest.raises(Retry) as caught:
        sender.conclude()
    assert caught.value.unread == 3
    server.go_on.set()
    assert sender.unread() == 0
