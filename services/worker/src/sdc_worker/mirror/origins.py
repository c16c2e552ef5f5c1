"""Where a backup of everything is: the replica beside the site, the daily mirror, a month of the monthly one."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Misconfigured, NotFound, Unavailable
from sdc_core.objects import Endpoint, daily_endpoint, local_endpoint, open_store
from sdc_core.settings import Settings

from sdc_worker.mirror import months
from sdc_worker.mirror.daily import CURRENT
from sdc_worker.mirror.places import monthly_endpoint

Kind: TypeAlias = Literal["replica", "daily", "monthly"]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A backup. `bucket` holds every bucket of the site, each at `prefix` + its name + `/`; where `bucket` is empty
    each is itself. `words` name it to a person.
    """

    kind: Kind
    words: str
    endpoint: Endpoint
    bucket: str = ""
    prefix: str = ""

    def place(self, bucket: str) -> tuple[str, str]:
        """In which bucket, and below which prefix, the objects of one of the site's buckets are."""
        return (self.bucket, f"{self.prefix}{bucket}/") if self.bucket else (bucket, "")


async def find(settings: Settings, kind: Kind, month: str = "") -> Origin:
    """The backup of that kind; of the monthly ones that of `month` (2026-11), or the newest whole one. Raises
    Misconfigured where the settings name none, NotFound for a month that is not kept, and Unavailable.
    """
    if kind == "replica":
        return Origin(kind=kind, words="the replica beside the site", endpoint=local_endpoint(settings))
    endpoint = daily_endpoint(settings) if kind == "daily" else monthly_endpoint(settings)
    if endpoint is None:
        name = kind.upper()
        message = f"no {kind} remote is set: SDC_REMOTE_{name}_ENDPOINT_URL, _BUCKET and its keys name one"
        raise Misconfigured(message)
    if kind == "daily":
        bucket = settings.REMOTE_DAILY_BUCKET
        return Origin(kind=kind, words="the daily mirror", endpoint=endpoint, bucket=bucket, prefix=CURRENT)
    bucket = settings.REMOTE_MONTHLY_BUCKET
    found = await _month(endpoint, bucket, month)
    return Origin(
        kind=kind, words=f"the monthly mirror of {found}", endpoint=endpoint, bucket=bucket, prefix=f"{found}/"
    )


async def require_answer(origin: Origin, bucket: str) -> None:
    """Raises Unavailable, soon and in words, where nobody lets the backup of that bucket of the site be read: a program
    that is started on it would try for a minute.
    """
    there, prefix = origin.place(bucket)
    async with open_store(origin.endpoint) as store:
        try:
            async for _ in store.list(there, prefix):
                return
        except (NotFound, Unavailable) as error:
            message = f"{origin.words} at {origin.endpoint.url} cannot be read: {error}"
            raise Unavailable(message) from None


async def _month(endpoint: Endpoint, bucket: str, wanted: str) -> str:
    async with open_store(endpoint) as store:
        kept = await months.kept(store, bucket)
        # Half a month is better than nothing, and than that alone.
        newest = wanted or await months.newest_whole(store, bucket, kept)
    if not kept or (wanted and wanted not in kept):
        others = f"it has {', '.join(kept)}" if kept else "it has none"
        message = f"bucket {bucket} keeps no month {wanted}: {others}" if wanted else f"bucket {bucket} keeps no month"
        raise NotFound(message)
    return newest or kept[-1]
