"""Readers who do not take what they asked for, by sockets as the server has them: this process holds both ends."""

import socket
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, suppress

import pytest
from sdc_core.clock import SECOND_US
from sdc_web import slow_readers
from sdc_web.slow_readers import LOOK_S, MOST, PATIENCE_S, SLOWEST_BYTES_PER_S, SlowReaders

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell it")

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def connect() -> Generator[Callable[[], Pair]]:
    """Makes connections: the end of the server, and that of a reader who has next to no memory of its own."""
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))

        def connected() -> Pair:
            reader = held.enter_context(closing(socket.socket()))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            reader.settimeout(5)
            reader.connect(server.getsockname())
            accepted = held.enter_context(closing(server.accept()[0]))
            accepted.settimeout(0)
            return accepted, reader

        yield connected


def fill(server: socket.socket) -> None:
    """Give the kernel as much as it takes, as the server does."""
    with suppress(BlockingIOError):
        while server.send(bytes(1 << 20)):
            pass


def is_cut(pair: Pair) -> bool:
    """Whether the server cannot write to it any more."""
    try:
        pair[0].send(b"x")
    except BlockingIOError:
        return False
    except OSError:
        return True
    return False


def port_of(pair: Pair) -> int:
    return int(pair[0].getsockname()[1])


def us(seconds: float) -> int:
    return int(seconds * SECOND_US)


def test_who_takes_nothing_is_cut_once_patience_is_over(connect: Callable[[], Pair]) -> None:
    pair = connect()
    fill(pair[0])
    readers = SlowReaders(port_of(pair))
    for second in (0, LOOK_S, PATIENCE_S - 1):
        readers.look(us(second))
        assert not is_cut(pair), second
    readers.look(us(PATIENCE_S))
    assert is_cut(pair)
    assert readers.cut == 1


def test_what_waits_for_who_was_cut_is_thrown_away(connect: Callable[[], Pair]) -> None:
    pair = connect()
    fill(pair[0])
    readers = SlowReaders(port_of(pair))
    readers.look(0)
    readers.look(us(PATIENCE_S))
    pair[0].close()
    # A reset and no end in order: the kernel would keep the rest for minutes, for a reader who takes nothing.
    with pytest.raises(ConnectionResetError):
        to_end(pair[1])


def test_who_takes_some_now_and_then_is_cut_as_well(connect: Callable[[], Pair]) -> None:
    pair = connect()
    fill(pair[0])
    readers = SlowReaders(port_of(pair))
    for second in range(0, int(PATIENCE_S) + 1, 10):
        readers.look(us(second))
        if not is_cut(pair):
            took(pair[1], SLOWEST_BYTES_PER_S)
    assert is_cut(pair)


def test_who_is_slow_and_honest_gets_all_of_it(connect: Callable[[], Pair]) -> None:
    pair = connect()
    fill(pair[0])
    readers = SlowReaders(port_of(pair))
    every_s = 20
    for second in range(0, 1_200, every_s):
        readers.look(us(second))
        took(pair[1], 2 * SLOWEST_BYTES_PER_S * every_s)
        fill(pair[0])
    assert not is_cut(pair)
    assert readers.cut == 0


def test_a_stream_that_says_a_little_now_and_then_is_never_cut(connect: Callable[[], Pair]) -> None:
    pair = connect()
    readers = SlowReaders(port_of(pair))
    for second in range(0, 600, 4):
        pair[0].send(b"data: 3\n\n")
        readers.look(us(second))
        assert pair[1].recv(100) == b"data: 3\n\n"
    assert not is_cut(pair)


def test_of_too_many_those_who_stand_longest_are_cut(
    connect: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST > 2
    monkeypatch.setattr(slow_readers, "MOST", 2)
    pairs = [connect() for _ in range(4)]
    readers = SlowReaders(port_of(pairs[0]))
    for second, pair in enumerate(pairs):
        fill(pair[0])
        readers.look(us(second))
    readers.look(us(4))
    assert [is_cut(pair) for pair in pairs] == [True, True, False, False]


def test_connections_of_other_ports_are_not_looked_at(connect: Callable[[], Pair]) -> None:
    pair = connect()
    fill(pair[0])
    readers = SlowReaders(port_of(pair) - 1)
    readers.look(0)
    readers.look(us(PATIENCE_S))
    assert not is_cut(pair)


def took(reader: socket.socket, size_bytes: int) -> None:
    """Take so much, whatever more there is."""
    while size_bytes > 0:
        size_bytes -= len(reader.recv(min(size_bytes, 1 << 16)))


def to_end(reader: socket.socket) -> None:
    """Take all that comes."""
    while reader.recv(1 << 20):
        pass
