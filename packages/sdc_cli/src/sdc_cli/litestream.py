"""What Litestream is told."""

from importlib.resources import files
from pathlib import Path

from sdc_core.settings import Settings


def config(settings: Settings) -> Path:
    """Litestream's configuration, put into the data folder from the one that SDC ships."""
    run = settings.DATA_DIR / "run"
    run.mkdir(exist_ok=True, mode=0o700)
    file = run / "litestream.yml"
    file.write_bytes(files("sdc_cli").joinpath("litestream.yml").read_bytes())
    return file


def environment(settings: Settings, child: dict[str, str]) -> dict[str, str]:
    """A child's environment with every variable that litestream.yml names."""
    # With a certificate bundle of one's own set, Litestream does not start for an endpoint without TLS.
    dropped = "AWS_CA_BUNDLE" if settings.S3_ENDPOINT_URL.startswith("http://") else ""
    return {name: value for name, value in child.items() if name != dropped} | {
        "LITESTREAM_METRICS_ADDR": "",
        "LITESTREAM_DATA_DIR": str(settings.DATA_DIR.absolute()),
        "LITESTREAM_ENDPOINT_URL": settings.S3_ENDPOINT_URL,
        "LITESTREAM_REGION": settings.S3_REGION,
        "LITESTREAM_BUCKET": settings.S3_BACKUP_BUCKET,
        "LITESTREAM_SYNC_INTERVAL": "200ms",
        "LITESTREAM_ACCESS_KEY_ID": settings.S3_ACCESS_KEY_ID,
        "LITESTREAM_SECRET_ACCESS_KEY": settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
    }


def socket(settings: Settings) -> Path:
    """Where the running Litestream takes orders."""
    return settings.DATA_DIR.absolute() / "run" / "litestream.sock"
