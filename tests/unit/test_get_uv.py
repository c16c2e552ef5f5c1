"""The bootstrap of uv, against the real lock and a loopback server in place of PyPI."""

import hashlib
import io
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import get_uv
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = b"#!/bin/sh\necho uv 0.13.9\n"


class Pypi(BaseHTTPRequestHandler):
    """Answers `/wheel` with a wheel that holds `PROGRAM`, anything else with 404."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/wheel") else 404)
        self.end_headers()
        if self.path.startswith("/wheel"):
            self.wfile.write(wheel_bytes())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Keep quiet."""


def wheel_bytes() -> bytes:
    """The smallest wheel that looks like uv's; the same bytes each time."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("uv/__init__.py"), b"")
        archive.writestr(zipfile.ZipInfo("uv-0.13.9.data/scripts/uvx"), b"not this one")
        archive.writestr(zipfile.ZipInfo("uv-0.13.9.data/scripts/uv"), PROGRAM)
    return content.getvalue()


@pytest.fixture
def pypi() -> Generator[str]:
    """The address of a loopback server that knows one wheel."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pypi) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def locked() -> list[get_uv.Wheel]:
    """The wheels of the project's own lock."""
    return get_uv.wheels((ROOT / "uv.lock").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("family", "machine", "ending"),
    [
        ("manylinux", "x86_64", "-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("manylinux", "aarch64", "-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl"),
        ("musllinux", "x86_64", "-musllinux_1_1_x86_64.whl"),
        ("musllinux", "aarch64", "-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl"),
        ("macosx", "x86_64", "-macosx_10_12_x86_64.whl"),
        ("macosx", "arm64", "-macosx_11_0_arm64.whl"),
    ],
)
def test_the_lock_has_a_wheel_of_uv_for_each_supported_platform(
    locked: list[get_uv.Wheel], family: str, machine: str, ending: str
) -> None:
    assert get_uv.choose(locked, family, machine).url.endswith(f"-py3-none{ending}")


def test_a_platform_without_a_wheel_is_refused(locked: list[get_uv.Wheel]) -> None:
    with pytest.raises(get_uv.Refused, match="none for musllinux on s390x"):
        get_uv.choose(locked, "musllinux", "s390x")


def test_a_package_whose_name_only_begins_with_uv_is_not_taken_for_it() -> None:
    lock = '[[package]]\nname = "uvicorn"\nversion = "1"\nwheels = [\n    { url = "https://a/b.whl" },\n]\n'
    with pytest.raises(get_uv.Refused, match="does not name it"):
        get_uv.wheels(lock)


def test_a_wheel_with_another_hash_is_refused(pypi: str) -> None:
    wheel = get_uv.Wheel(f"{pypi}/wheel", "0" * 64, [])
    with pytest.raises(get_uv.Refused, match="SHA-256 differs"):
        get_uv.download(wheel)


def test_an_error_of_the_server_names_host_and_status(pypi: str) -> None:
    with pytest.raises(get_uv.Refused, match=r"127\.0\.0\.1:\d+ answered 404"):
        get_uv.download(get_uv.Wheel(f"{pypi}/gone", "0" * 64, []))


def test_the_program_is_unpacked_whole_and_executable(tmp_path: Path) -> None:
    target = tmp_path / ".uv" / "uv"
    get_uv.install(wheel_bytes(), target)
    assert subprocess.check_output([target], text=True) == "uv 0.13.9\n"
    assert list(target.parent.iterdir()) == [target]


def test_dev_fetches_uv_by_itself_where_it_is_missing(pypi: str, tmp_path: Path) -> None:
    family, machine = get_uv.this_machine()
    digest = hashlib.sha256(wheel_bytes()).hexdigest()
    url = f"{pypi}/wheel/uv-0.13.9-py3-none-{family}_1_0_{machine}.whl"
    answer = run_dev(tmp_path, f'{{ url = "{url}", hash = "sha256:{digest}" }}')
    assert "fetching uv" in answer.stderr
    assert subprocess.check_output([tmp_path / ".uv" / "uv"], text=True) == "uv 0.13.9\n"


def test_dev_says_in_one_line_why_uv_cannot_be_had(pypi: str, tmp_path: Path) -> None:
    family, machine = get_uv.this_machine()
    url = f"{pypi}/wheel/uv-0.13.9-py3-none-{family}_1_0_{machine}.whl"
    answer = run_dev(tmp_path, f'{{ url = "{url}", hash = "sha256:{"0" * 64}" }}')
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[1:] == [
        f"dev: cannot fetch uv: what {pypi.removeprefix('http://')} sent is not what uv.lock names (SHA-256 differs)"
    ]


def test_ctrl_c_while_uv_is_fetched_leaves_no_trace(tmp_path: Path) -> None:
    family, machine = get_uv.this_machine()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(10)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/uv-0.13.9-py3-none-{family}_1_0_{machine}.whl"
        environment = bare_clone(tmp_path, f'{{ url = "{url}", hash = "sha256:{"0" * 64}" }}')
        command = [sys.executable, tmp_path / "infra/get_uv.py", tmp_path / "uv"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as fetching:
            asked, _ = silent.accept()
            with asked:
                fetching.send_signal(signal.SIGINT)
                assert fetching.communicate(timeout=10)[1] == ""
    assert fetching.returncode == -signal.SIGINT


def run_dev(clone: Path, wheel: str) -> subprocess.CompletedProcess[str]:
    """`./dev bench` in a clone of which only the bootstrap exists, on a machine without uv."""
    environment = bare_clone(clone, wheel)
    return subprocess.run(
        [clone / "dev", "bench"], env=environment, capture_output=True, text=True, timeout=15, check=False
    )


def bare_clone(clone: Path, wheel: str) -> dict[str, str]:
    """Make a clone of the bootstrap alone, whose lock names one wheel; returns the environment of a bare machine."""
    (clone / "infra").mkdir()
    for name in ("dev", "infra/get_uv.py"):
        shutil.copy(ROOT / name, clone / name)
    (clone / "uv.lock").write_text(f'[[package]]\nname = "uv"\nwheels = [\n    {wheel},\n]\n', encoding="utf-8")
    commands = clone / "bin"
    commands.mkdir()
    (commands / "python3").symlink_to(sys.executable)
    for name in ("sh", "dirname", "uname"):
        (commands / name).symlink_to(shutil.which(name) or "")
    return {"HOME": str(clone), "PATH": str(commands), "NO_PROXY": "127.0.0.1"}
