"""Bytes as they are, straight to a server that listens, and what comes back."""

import re
import resource
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager, suppress

QUIET_S = 3
AGAIN_S = 0.5


def answered(connect: Callable[[], socket.socket], sent: bytes) -> bytes:
    """All that comes back until the server closes or says nothing for a moment; it need not take all that is sent."""
    found = b""
    with closing(connect()) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        connection.settimeout(QUIET_S)
        with suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                found += piece
                connection.settimeout(AGAIN_S)
    return found


def statuses(answers: bytes) -> list[int]:
    """The status of each answer."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answers)]


@contextmanager
def idle_ones(port: int, many: int, own_files: int) -> Generator[list[socket.socket]]:
    """Connections on which nothing is said: as many as this process may open beside `own_files`, at most `many`."""
    with open_files(many + own_files) as allowed, ExitStack() as held:
        yield [
            held.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            for _ in range(allowed - own_files)
        ]


@contextmanager
def open_files(many: int) -> Generator[int]:
    """Let this process open so many, as far as the system allows, and say how many of these it may."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = many if hard == resource.RLIM_INFINITY else min(many, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    try:
        yield allowed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def is_open(connection: socket.socket) -> bool:
    """Whether the other side holds it still; on what is open nothing may have been said."""
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
