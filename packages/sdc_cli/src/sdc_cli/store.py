"""The embedded object store: how SeaweedFS is started, on ten ports in a row from that of the endpoint."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings

from sdc_cli import first_run

HOST = "127.0.0.1"
PORTS = 10
MARK = "buckets.txt"
MEMORY = "240MiB"
"""GOMEMLIMIT: without one it grows to 600 MB under large uploads and keeps them; a smaller one makes those slower
(docs/decisions/0004-memory-of-the-object-store.md)."""


def first_port(settings: Settings) -> int:
    """The S3 port; SeaweedFS uses the nine after it too."""
    port = urlsplit(settings.S3_ENDPOINT_URL).port or 80
    if port + PORTS - 1 > 65535:
        message = f"SDC_S3_ENDPOINT_URL: the object store needs {PORTS} ports from {port} on, and they end at 65535"
        raise Misconfigured(message)
    return port


def folder(settings: Settings) -> Path:
    """Where the embedded store keeps everything."""
    return settings.DATA_DIR / "object-store"


def write_identities(settings: Settings) -> None:
    """Make the store's folders, and the file that tells it whom to believe: us, and nobody else."""
    home = folder(settings)
    for part in (home, home / "data", home / "log"):
        part.mkdir(exist_ok=True, mode=0o700)
    identity = {
        "name": "sdc",
        "credentials": [
            {
                "accessKey": settings.S3_ACCESS_KEY_ID,
                "secretKey": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
            }
        ],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    descriptor = os.open(home / "s3.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode({"identities": [identity]}))


def command(settings: Settings, program: str, host: str = HOST) -> list[str]:
    """`weed mini`, to be run in `folder`: its sockets are named relatively, since such a path may have 107 bytes only.

    It listens on `host`, and its parts find each other on this machine. Every port is set, or SeaweedFS takes its
    default one. Each bucket takes at least one volume, hence many small ones.
    """
    port = first_port(settings)
    numbered = ("s3.port", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port")
    numbered += ("filer.port.grpc", "s3.port.grpc", "admin.port", "admin.port.grpc")
    return [
        *(program, "-logdir=log", "mini", "-dir=data", f"-ip={HOST}", f"-ip.bind={host}"),
        *(f"-{name}={port + offset}" for offset, name in enumerate(numbered)),
        *("-s3.config=s3.json", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-disableHttp", "-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=500"),
        *("-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"),
    ]


def fsync_command(settings: Settings, program: str) -> list[str]:
    """A shell of the running store; `FSYNC` on its standard input."""
    port = first_port(settings)
    return [
        program,
        "shell",
        f"-master=127.0.0.1:{port + 1}.{port + 2}",
        f"-filer=127.0.0.1:{port + 5}.{port + 6}",
    ]


FSYNC = b"fs.configure -locationPrefix=/buckets/ -fsync -apply\n"
"""Without it an acknowledged upload is lost when the power fails. The store remembers it."""


def environment(settings: Settings) -> dict[str, str]:
    """What SeaweedFS reads from its environment."""
    keys = first_run.store_keys(settings)
    return {
        "WEED_JWT_SIGNING_KEY": keys.signing,
        "WEED_JWT_SIGNING_READ_KEY": keys.signing_read,
        "WEED_JWT_FILER_SIGNING_KEY": keys.filer_signing,
        "WEED_JWT_FILER_SIGNING_READ_KEY": keys.filer_signing_read,
        "GOMEMLIMIT": MEMORY,
    } | _index(settings)


def _index(settings: Settings) -> dict[str, str]:
    """One LevelDB for the names of all objects, and not the eight of the default, each with a write buffer of 16 MB.

    A store that was begun with those is found in them alone, and keeps them.
    """
    if any(folder(settings).glob("data/filerldb2/*/CURRENT")):
        return {}
    return {"WEED_LEVELDB2_ENABLED": "false", "WEED_LEVELDB_ENABLED": "true", "WEED_LEVELDB_DIR": "data/filerldb"}


def is_new(settings: Settings) -> bool:
    """Whether the embedded store was never started here."""
    data = folder(settings) / "data"
    return not data.is_dir() or not any(data.iterdir())


def is_prepared(settings: Settings) -> bool:
    """Whether a start before this one found or made the buckets, and both databases are there: nothing to wait for."""
    mark = folder(settings) / MARK
    return (
        settings.site_db.exists()
        and settings.worker_db.exists()
        and mark.is_file()
        and mark.read_text(encoding="utf-8") == _buckets(settings)
    )


def mark_prepared(settings: Settings) -> None:
    """Remember that the buckets are there. Beside the embedded store's files: it goes when they go."""
    home = folder(settings)
    home.mkdir(exist_ok=True, mode=0o700)
    (home / MARK).write_text(_buckets(settings), encoding="utf-8")


def forget_prepared(settings: Settings) -> None:
    """As if no start had found or made the buckets."""
    (folder(settings) / MARK).unlink(missing_ok=True)


def _buckets(settings: Settings) -> str:
    names = (settings.S3_MEDIA_BUCKET, settings.S3_BACKUP_BUCKET, settings.S3_ANALYTICS_BUCKET)
    return " ".join((settings.S3_ENDPOINT_URL, *names))


def possible_strays(settings: Settings) -> list[Path]:
    """Sockets that SeaweedFS makes in /tmp whatever it is told, and leaves there when it is killed."""
    port = first_port(settings)
    grpc = {"master": 2, "volume": 4, "filer": 6, "s3": 7, "admin": 9}
    return [Path(f"/tmp/seaweedfs-{part}-grpc-{port + offset}.sock") for part, offset in grpc.items()]  # noqa: S108
