"""Folders that are file systems of their own, so small that they can be filled to the last byte."""

import os
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

SIZES_KIB = {"data": 96 * 1024, "logs": 20 * 1024, "temp": 20 * 1024}
"""Of each folder, in its order; all of an idle site takes 5 MiB."""
FILL_S = 0.02
PIECES = (1024 * 1024, 64 * 1024, 4 * 1024)
_NAMESPACE = ("unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]))
_ENTER = ("--mount", *([] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]))


class TinyDisks:
    """The folders below one, which only those see that are run by `within`, and this process below `seen`. They are
    there until `close`: a process that holds them waits for its input to end.
    """

    def __init__(self, folder: Path) -> None:
        for name in SIZES_KIB:
            (folder / name).mkdir()
        mounts = "".join(f'mount -t tmpfs -o size={size}k tmpfs "$0/{name}" && ' for name, size in SIZES_KIB.items())
        self._holder = subprocess.Popen(
            [*_NAMESPACE, "sh", "-c", f"{mounts} echo mounted && exec cat", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"mounted\n"
        self.within = ("nsenter", f"--target={self._holder.pid}", *_ENTER)
        self.settings = {"SDC_LOG_DIR": str(folder / "logs"), "TMPDIR": str(folder / "temp")}
        self.folder = folder

    def seen(self, path: Path) -> Path:
        """A path of theirs as others see it."""
        return Path(f"/proc/{self._holder.pid}/root{path}")

    def fill(self, name: str) -> None:
        """Take all the room that one of them has left."""
        with self._filler(name).open("ab", buffering=0) as file:
            for size in PIECES:
                with suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    @contextmanager
    def kept_full(self, name: str) -> Generator[None]:
        """Take whatever becomes free as well: those that end give back a little."""
        over = threading.Event()

        def fill_again() -> None:
            while not over.wait(FILL_S):
                self.fill(name)

        self.fill(name)
        filling = threading.Thread(target=fill_again)
        filling.start()
        try:
            yield
        finally:
            over.set()
            filling.join()
            self.free()

    def free(self) -> None:
        """Give back whatever was taken."""
        for name in SIZES_KIB:
            self._filler(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nobody holds them any more."""
        self._holder.communicate()

    def _filler(self, name: str) -> Path:
        return self.seen(self.folder / name / "filler")


def may_mount() -> bool:
    """Whether the system lets this user have file systems of his own: containers often do not."""
    tried = [*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    try:
        return subprocess.run(tried, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
