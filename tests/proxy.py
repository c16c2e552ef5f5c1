"""Caddy as infra/caddy has it, in front of replicas of web on this machine."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx

BIN = Path(sys.executable).parent
CADDYFILE = Path(__file__).resolve().parent.parent / "infra" / "caddy" / "Caddyfile"


@contextmanager
def proxied(port: int, replicas: list[int], folder: Path) -> Generator[str]:
    """Its address, for the block."""
    environment = {
        **os.environ,
        "SITE_ADDRESS": f"http://localhost:{port}",
        "UPSTREAMS": " ".join(f"127.0.0.1:{each}" for each in replicas),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    with running([str(BIN / "caddy"), "run", "--config", str(CADDYFILE)], environment, folder / "caddy.log"):
        yield environment["SITE_ADDRESS"]


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Generator[subprocess.Popen[bytes]]:
    """A program for the block."""
    with log.open("ab") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def lives(url: str) -> bool:
    """Whether web answers there, and does not leave."""
    try:
        return httpx.get(f"{url}/health/live", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
