"""A clean Debian 12, without containers or caches, on which root and a user run both commands of README.md."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from containers import Failed, Skipped, make_root, until

CLONE = Path(__file__).resolve().parent.parent
NEEDED = "python3,git,ca-certificates"
"""What README.md asks for, and nothing else."""
UP_S = 1800
TEST_S = 1800
END_S = 30
PORTS = 12
LINK = re.compile(r"http://localhost:\d+/author/setup\?token=\S+")
PEOPLE = {"root": "/root", "ada": "/home/ada"}
INSIDE = """
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -t sysfs -o ro sysfs "$1/sys" || exit 90
exec chroot "$1" setpriv --reuid "$2" --regid "$2" --init-groups --reset-env sh -c "$3"
"""

Say = Callable[[str], None]


def rehearse(say: Say) -> None:
    """Both commands, as both of them. Raises Skipped and Failed."""
    if os.geteuid() != 0 or not shutil.which("mmdebstrap") or not shutil.which("unshare"):
        raise Skipped("a clean Debian is made by root, with mmdebstrap (Debian: apt-get install mmdebstrap)")
    with tempfile.TemporaryDirectory(prefix="sdc-bare-", dir="/var/tmp") as folder:
        root = Path(folder)
        make_root(root, NEEDED)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        subprocess.run(
            ["chroot", root, "useradd", "--create-home", "--shell", "/bin/sh", "ada"], check=True, timeout=60
        )
        say(f"made a clean Debian 12 with {NEEDED.replace(',', ', ')}")
        for person, home in PEOPLE.items():
            clone = root / home.lstrip("/") / "sdc"
            subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", CLONE, clone], check=True, timeout=300)
            subprocess.run(["chroot", root, "chown", "-R", f"{person}:", f"{home}/sdc"], check=True, timeout=300)
            Bare(root, person, home, say).run()


class Bare:
    """One person's first hour with a clone."""

    def __init__(self, root: Path, person: str, home: str, say: Say) -> None:
        self.root = root
        self.person = person
        self.home = home
        self.say = say
        first = free_ports()
        self.ports = f"SDC_WEB_PORT={first + 10} SDC_WORKER_PORT={first + 11}"
        self.ports += f" SDC_S3_ENDPOINT_URL=http://127.0.0.1:{first}"

    def run(self) -> None:
        """Up for the first time and again, then tests, then what was written where."""
        self.mark = self.root / "var" / f"begun-{self.person}"
        self.mark.touch()
        self.up("the first time")
        self.up("again")
        started_s = time.monotonic()
        done = self.start("./dev test tests/unit")
        said, _ = done.communicate(timeout=TEST_S)
        if done.returncode:
            raise Failed(f"./dev test tests/unit as {self.person}: {said[-3000:]}")
        verdict = said.strip().splitlines()[-1]
        self.say(f"{self.person}: ./dev test tests/unit, {time.monotonic() - started_s:.1f} s: {verdict}")
        if strays := self.written_elsewhere():
            raise Failed(f"{self.person} has written outside of the clone: {', '.join(strays[:10])}")
        self.say(f"{self.person}: nothing was written outside of the clone and uv's cache")

    def up(self, what: str) -> None:
        """`./dev up` until the link that it prints works, then Ctrl-C."""
        started_s = time.monotonic()
        up, said = self.start("./dev up"), ""

        def read() -> None:
            nonlocal said
            assert up.stdout is not None  # noqa: S101 - asked for below
            for line in up.stdout:
                said += line

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            until(lambda: up.poll() is not None or answers(said), f"./dev up as {self.person}", UP_S)
            if up.poll() is not None:
                raise Failed(f"./dev up as {self.person} ended: {said[-3000:]}")
            took_s = time.monotonic() - started_s
            os.killpg(up.pid, signal.SIGINT)
            code = up.wait(timeout=END_S)
        except (Failed, subprocess.TimeoutExpired) as failure:
            raise Failed(f"{failure}\n{said[-3000:]}") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(up.pid, signal.SIGKILL)
            reader.join(timeout=END_S)
        if code:
            raise Failed(f"./dev up as {self.person} ended with {code} after Ctrl-C: {said[-3000:]}")
        self.say(f"{self.person}: ./dev up {what}, {took_s:.1f} s until the link works; ends well at Ctrl-C")

    def start(self, command: str) -> subprocess.Popen[str]:
        """A command of the clone in the clean root, with processes of its own that end with it."""
        line = f"cd {self.home}/sdc && export {self.ports} && exec {command}"
        return subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                INSIDE,
                "sh",
                self.root,
                self.person,
                line,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )

    def written_elsewhere(self) -> list[str]:
        """Files that are new and in neither the clone nor uv's cache nor a folder for what goes by itself."""
        own = [f"{self.root}{self.home}/{name}" for name in ("sdc", ".cache/uv", ".local/share/uv")]
        away = [str(self.root / name) for name in ("proc", "dev", "sys", "tmp", "run", "var/tmp")]
        pruned = [part for folder in (*own, *away) for part in ("-path", folder, "-prune", "-o")]
        found = subprocess.run(
            ["find", self.root, *pruned, "-type", "f", "-newer", self.mark, "-print"],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        return found.stdout.split("\n")[:-1]


def answers(said: str) -> bool:
    """Whether the link is printed and answered; the second time there is one as well, since nobody followed it."""
    links = LINK.findall(said)
    with suppress(OSError), ExitStack() as opened:
        return bool(links) and opened.enter_context(urllib.request.urlopen(links[-1], timeout=5)).status == 200  # noqa: S310
    return False


def free_ports() -> int:
    """The first of a row of ports that are free: the clean root shares the network of this machine."""
    for first in range(20_000, 30_000, PORTS):
        with ExitStack() as held, suppress(OSError):
            for port in range(first, first + PORTS):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise Skipped(f"no {PORTS} free ports in a row")
