"""`./dev audit` with the real uv, in a clone of one package whose index and list of known holes are on loopback."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
[project]
name = "site"
version = "0"
requires-python = ">=3.11"
dependencies = ["jinja2"]
"""
LOCK = """
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "jinja2"
version = "3.1.6"
source = { registry = "http://127.0.0.1:PORT/simple" }
wheels = [{ url = "http://127.0.0.1:PORT/jinja2-3.1.6-py3-none-any.whl", hash = "sha256:HASH", size = 1 }]

[[package]]
name = "site"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "jinja2" }]

[package.metadata]
requires-dist = [{ name = "jinja2" }]
""".replace("HASH", "0" * 64)
HOLE = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "It is open",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


class Holes(ThreadingHTTPServer):
    """By the interface of osv.dev: for each package the ids of its holes, and each hole by its id. An index as well."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.with_holes: set[str] = set()
        self.asked: list[str] = []


class Asked(BaseHTTPRequestHandler):
    """One request of it."""

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        names = [query["package"]["name"] for query in queries]
        server = cast("Holes", self.server)
        server.asked += names
        short = {"vulns": [{key: HOLE[key] for key in ("id", "modified")}]}
        self._answer({"results": [short if name in server.with_holes else {} for name in names]})

    def do_GET(self) -> None:
        if self.path.startswith("/simple/"):
            self._answer({"meta": {"api-version": "1.1"}, "name": "jinja2", "files": []}, "vnd.pypi.simple.v1+json")
        else:
            self._answer(HOLE)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""

    def _answer(self, told: object, kind: str = "json") -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-type", f"application/{kind}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def holes() -> Generator[Holes]:
    with Holes() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def clone(holes: Holes, tmp_path: Path) -> Path:
    """`./dev`, and a lock of one package."""
    shutil.copy(ROOT / "dev", tmp_path / "dev")
    for name, text in (("pyproject.toml", PROJECT), ("uv.lock", LOCK)):
        (tmp_path / name).write_text(text.replace("PORT", str(holes.server_port)), encoding="utf-8")
    return tmp_path


def audit(holes: Holes, clone: Path) -> subprocess.CompletedProcess[str]:
    """Nobody elsewhere can be asked: what is not on loopback goes to a proxy that is not there."""
    return subprocess.run(
        [clone / "dev", "audit", "--service-url", f"http://127.0.0.1:{holes.server_port}"],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(clone),
            "UV_CACHE_DIR": str(clone / "cache"),
            "ALL_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_package_with_a_known_hole_is_named(holes: Holes, clone: Path) -> None:
    holes.with_holes.add("jinja2")
    done = audit(holes, clone)
    assert done.returncode == 1, done.stderr
    assert "jinja2 3.1.6 has 1 known vulnerability" in done.stdout
    assert "PYSEC-2026-1: It is open" in done.stdout


def test_packages_without_any_are_asked_for_and_pass(holes: Holes, clone: Path) -> None:
    done = audit(holes, clone)
    assert done.returncode == 0, done.stderr
    assert holes.asked == ["jinja2"]
