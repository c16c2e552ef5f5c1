"""One attempt: the bytes, the signatures, and what an answer means."""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from sdc_core import clock, outside
from sdc_core.attempts import Attempt
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring

from sdc_web.authors import sealing
from sdc_web.endpoints.records import Endpoint, Message, Try

TIMEOUT_S = 15.0
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After each failed attempt, as Standard Webhooks proposes; after the tenth no other."""
MAX_ANSWER = 2_048
GONE = 410


async def keyring(settings: Settings, endpoint: Endpoint) -> Keyring | None:
    """Every secret that signs for an endpoint now; None when this machine cannot open the newest one."""
    newest = await sealing.unseal(settings.factors_key, endpoint.secret, endpoint.id)
    if newest is None:
        return None
    secrets = [newest]
    if endpoint.former_secret is not None and clock.now_us() < (endpoint.former_until_us or 0):
        former = await sealing.unseal(settings.factors_key, endpoint.former_secret, endpoint.id)
        secrets += [former] if former is not None else []
    return Keyring(each.decode() for each in secrets)


def body(message: Message, site_url: str) -> bytes:
    """The bytes to sign and send: the same with each attempt."""
    data: dict[str, object] = msgspec.json.decode(message.data, type=dict[str, object])
    for name in ("url", "previous_url"):
        if isinstance(path := data.get(name), str):
            data[name] = site_url + quote(path)
    happened = clock.to_datetime(message.at_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"id": message.id, "type": message.type, "timestamp": happened, "data": data})


async def send(endpoint: Endpoint, sent: bytes, headers: Mapping[str, str], *, private: bool) -> Attempt:
    """POST once. Nothing is followed, and no more than the beginning of an answer is read."""
    told = {"content-type": "application/json", "user-agent": "SDC", **headers}
    return await outside.post(endpoint.url, sent, told, timeout_s=TIMEOUT_S, private=private)


def told(attempt: Attempt, started_us: int) -> Try:
    """An attempt as it is kept."""
    return Try(
        number=0,
        at_us=started_us,
        status=attempt.status,
        error="" if attempt.ok else attempt.error or _words(attempt.status),
        answer=attempt.body[:MAX_ANSWER].decode(errors="replace").replace("\0", "�"),
        duration_us=attempt.duration_us,
    )


def pause_us(tries: int, retry_after_s: int) -> int | None:
    """How long after that many tries the next one is made, up to a tenth longer; None when there is no other."""
    if tries > len(PAUSES_S):
        return None
    pause_s = max(PAUSES_S[tries - 1], retry_after_s)
    return int((pause_s + clock.jitter(pause_s / 10)) * clock.SECOND_US)


def _words(status: int) -> str:
    if 300 <= status < 400:
        return f"it answered {status}: it leads elsewhere, and is not followed"
    if status == GONE:
        return "it answered 410: it wants no more"
    return f"it answered {status}"
