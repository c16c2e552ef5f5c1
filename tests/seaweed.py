"""A real SeaweedFS for tests: started once, on ports the system gives, ended by its process id."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sdc_core import clock
from sdc_core.objects import Endpoint

READY_S = 60.0
ACCESS_KEY_ID = "sdc-test"
SECRET_ACCESS_KEY = "made-up-secret-of-the-tests"


@contextmanager
def running(folder: Path) -> Generator[Endpoint]:
    """The endpoint of a SeaweedFS that keeps everything below `folder`; `folder/stderr` holds what it says."""
    for part in ("data", "log"):
        (folder / part).mkdir(parents=True)
    (folder / "s3.json").write_text(_identities(), encoding="utf-8")
    ports = _free_ports(10)
    keys = {f"WEED_JWT_{part}SIGNING_{read}KEY": clock.new_token() for part in ("", "FILER_") for read in ("", "READ_")}
    with (folder / "stderr").open("wb") as errors:
        weed = subprocess.Popen(
            _command(folder, ports), env={**os.environ, **keys, "GOMEMLIMIT": "320MiB"}, stdout=errors, stderr=errors
        )
        try:
            _wait_until_ready(weed, f"http://127.0.0.1:{ports[0]}/healthz", folder / "stderr")
            yield Endpoint(
                url=f"http://127.0.0.1:{ports[0]}",
                access_key_id=ACCESS_KEY_ID,
                secret_access_key=SECRET_ACCESS_KEY,
            )
        finally:
            # Nothing here is worth keeping, so nothing is flushed: a SIGTERM would take two seconds.
            weed.kill()
            weed.wait(timeout=5)


def _command(folder: Path, ports: list[int]) -> list[str]:
    s3, master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3_grpc, admin, admin_grpc = ports
    return [
        str(Path(sys.executable).with_name("weed")),
        *(f"-logdir={folder / 'log'}", "mini", "-disableHttp", f"-dir={folder / 'data'}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}"),
        *(f"-s3.config={folder / 's3.json'}", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-master.port={master}", f"-master.port.grpc={master_grpc}", "-master.telemetry=false"),
        *(f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=500"),
        *(f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}", "-webdav=false", "-admin.ui=false"),
        *(f"-admin.port={admin}", f"-admin.port.grpc={admin_grpc}"),
        *(f"-filer.localSocket={folder / 'f.sock'}", f"-s3.localSocket={folder / 's3.sock'}"),
    ]


def _identities() -> str:
    credentials = [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return json.dumps({"identities": [{"name": "sdc", "credentials": credentials, "actions": actions}]})


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago; all are held until the last is known, so that none comes twice."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_until_ready(weed: subprocess.Popen[bytes], url: str, errors: Path) -> None:
    give_up_us = clock.monotonic_us() + int(READY_S * clock.SECOND_US)
    while clock.monotonic_us() < give_up_us and weed.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            threading.Event().wait(0.05)
    message = f"SeaweedFS is not ready: {errors.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
