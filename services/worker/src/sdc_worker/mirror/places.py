"""Where the mirrors are, and that they are apart: from each other, and from what they copy."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from sdc_core.objects import Endpoint, daily_endpoint, local_endpoint
from sdc_core.settings import Settings

from sdc_worker.mirror.plan import MirrorRefused


def monthly_endpoint(settings: Settings) -> Endpoint | None:
    """The remote of the monthly snapshots, or None where none is set."""
    if not (settings.REMOTE_MONTHLY_ENDPOINT_URL and settings.REMOTE_MONTHLY_BUCKET):
        return None
    return Endpoint(
        url=settings.REMOTE_MONTHLY_ENDPOINT_URL,
        access_key_id=settings.REMOTE_MONTHLY_ACCESS_KEY_ID,
        secret_access_key=settings.REMOTE_MONTHLY_SECRET_ACCESS_KEY.get_secret_value(),
        region=settings.REMOTE_MONTHLY_REGION,
    )


def is_elsewhere(settings: Settings) -> bool:
    """Whether a remote, the daily or the monthly one, is at another address than the object store and not on this
    machine. Two names of one machine are not seen through.
    """
    here = _host(settings.S3_ENDPOINT_URL)
    remotes = (daily_endpoint(settings), monthly_endpoint(settings))
    hosts = [_host(each.url) for each in remotes if each is not None]
    return any(host != here and not _is_loopback(host) for host in hosts)


def require_apart(settings: Settings) -> None:
    """Raises MirrorRefused when a mirror would be written into a bucket that is copied, or both into one: it would then
    hold itself, and double with every run.
    """
    own = {settings.S3_BACKUP_BUCKET, settings.S3_MEDIA_BUCKET, settings.S3_ANALYTICS_BUCKET}
    store = _address(local_endpoint(settings).url)
    places = {}
    for kind, endpoint, bucket in (
        ("DAILY", daily_endpoint(settings), settings.REMOTE_DAILY_BUCKET),
        ("MONTHLY", monthly_endpoint(settings), settings.REMOTE_MONTHLY_BUCKET),
    ):
        if endpoint is None:
            continue
        place = (_address(endpoint.url), bucket)
        if place[0] == store and bucket in own:
            message = f"SDC_REMOTE_{kind}_BUCKET is {bucket}, a bucket of the site itself"
            raise MirrorRefused(f"{message}: nothing was copied. Name an empty bucket, best in another store")
        if place in places.values():
            message = f"SDC_REMOTE_DAILY_BUCKET and SDC_REMOTE_MONTHLY_BUCKET are both {bucket} in one store"
            raise MirrorRefused(f"{message}: nothing was copied. Name an empty one for the months")
        places[kind] = place


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".").lower()


def _address(url: str) -> tuple[str, int]:
    """The names of this machine are one address."""
    parts = urlsplit(url)
    host = _host(url)
    return ("loopback" if _is_loopback(host) else host, parts.port or (443 if parts.scheme == "https" else 80))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
