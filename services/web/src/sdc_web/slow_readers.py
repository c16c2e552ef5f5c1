"""Readers who do not take what they asked for: who takes next to nothing of an answer is cut off.

An answer is out of the application's hands once the server has it: the kernel takes some of it, the rest waits in the
server's memory until the reader has taken it, and the server has no deadline for that. So each process looks at its own
connections, on which the kernel tells what waits and how much was taken.
"""

import asyncio
import fcntl
import os
import socket
import struct
import sys
import termios
from contextlib import suppress

import msgspec
from sdc_core import clock, metrics
from sdc_core.metrics import Family

LOOK_S = 1.0
PATIENCE_S = 60.0
SLOWEST_BYTES_PER_S = 4 * 1024
"""A reader who takes so much on average is left in peace; `PATIENCE_S` is for a tunnel, and for a proxy that takes a
lot at a time.
"""
MOST = 128
"""Of one process, that may stand still at the same moment. Each may have a megabyte in the server's memory; when there
are more, those who have stood longest go at once.
"""
FILES = "/proc/self/fd"
_INFO_BYTES = 128
_TAKEN_AT = 120
"""`tcpi_bytes_acked` of Linux's `struct tcp_info`."""
_RESET = struct.pack("ii", 1, 0)


class _Reader(msgspec.Struct, frozen=True, kw_only=True):
    """One on whom bytes wait: since when it has moved on by nothing, and how it stood then."""

    file: int
    since_us: int
    taken: int
    waiting: int


class SlowReaders:
    """Those of the connections to `port` that this process holds."""

    __slots__ = ("_port", "_readers", "cut")

    def __init__(self, port: int) -> None:
        self._port = port
        self._readers: dict[int, _Reader] = {}
        self.cut = 0

    def figures(self) -> list[Family]:
        """How many were cut off."""
        words = "Cut off: they did not take what they asked for."
        return [metrics.single("counter", "sdc_slow_readers_cut_total", words, self.cut)]

    async def run(self) -> None:
        """The loop: for ever, or not at all on a system that does not tell how much was taken."""
        while sys.platform == "linux":
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.look, clock.monotonic_us())

    def look(self, now_us: int) -> None:
        """Look at all of them, and cut off whom there is no more patience with. Blocking."""
        found: dict[int, _Reader] = {}
        for file in map(int, os.listdir(FILES)):  # noqa: PTH208 - there are thousands, and a Path for each would cost more than the look
            # Closed meanwhile, or nothing of the kind.
            with suppress(OSError):
                # Nearly all connections are idle: they cost this one question.
                if waiting := _waiting(file):
                    self._add(found, file, waiting, now_us)
        self._readers = found
        standing = sorted((each.since_us, inode) for inode, each in found.items() if each.since_us < now_us)
        surplus = len(standing) - MOST
        for place, (since_us, inode) in enumerate(standing):
            if place < surplus or now_us - since_us >= PATIENCE_S * clock.SECOND_US:
                self._cut(inode)

    def _add(self, found: dict[int, _Reader], file: int, waiting: int, now_us: int) -> None:
        with _own(file) as connection:
            if not self._is_reader(connection):
                return
            inode = os.fstat(connection.fileno()).st_ino
            info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        (taken,) = struct.unpack_from("=Q", info, _TAKEN_AT)
        before = self._readers.get(inode)
        if before is not None:
            enough = SLOWEST_BYTES_PER_S * (now_us - before.since_us) / clock.SECOND_US
            # All that waited is enough too: events of a few bytes come seldom, and are taken at once.
            if taken - before.taken < min(before.waiting, enough):
                found[inode] = msgspec.structs.replace(before, file=file)
                return
        found[inode] = _Reader(file=file, since_us=now_us, taken=taken, waiting=waiting)

    def _is_reader(self, connection: socket.socket) -> bool:
        return (
            connection.family in (socket.AF_INET, socket.AF_INET6)
            and connection.type == socket.SOCK_STREAM
            and connection.getsockname()[1] == self._port
        )

    def _cut(self, inode: int) -> None:
        """Have the server find it closed. The server then closes it with a reset, since the kernel would keep what
        waits for minutes.
        """
        with suppress(OSError), _own(self._readers.pop(inode).file) as connection:
            # The number may be another file's by now.
            if os.fstat(connection.fileno()).st_ino == inode:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                connection.shutdown(socket.SHUT_RDWR)
                self.cut += 1


def _waiting(file: int) -> int:
    """Bytes that were given to the kernel and that the other side has not taken. Raises OSError for what is none."""
    return int.from_bytes(fcntl.ioctl(file, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def _own(file: int) -> socket.socket:
    """The same connection under a number of our own, which nobody else closes."""
    own = os.dup(file)
    try:
        return socket.socket(fileno=own)
    except OSError:
        os.close(own)
        raise
