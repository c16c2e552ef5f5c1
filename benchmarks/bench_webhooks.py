"""Signing and verifying a webhook beside the `standardwebhooks` package, in one process and by turns.

Both sign a body of 1 kB as a sender does, with the time of now, and verify it as a receiver does, headers and all;
neither reads the JSON.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from sdc_core.webhooks import Keyring, new_secret
from standardwebhooks.webhooks import Webhook

ROUNDS = 15
EACH = 4_000
ID = "msg_2mFNkXeA2cIVr5m1"
BODY = b'{"type":"post.published","timestamp":"2026-11-24T10:00:00Z","data":{"title":"' + b"fog " * 240 + b'"}}'
TEXT = BODY.decode()
"""Which the peer wants to sign."""


def main() -> None:
    """Print one table."""
    secret = new_secret()
    keyring, peer = Keyring([secret]), Webhook(secret)

    def ours() -> None:
        keyring.verify(keyring.headers(ID, BODY), BODY)

    def theirs() -> None:
        now = datetime.now(tz=UTC)
        headers = {
            "webhook-id": ID,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": peer.sign(ID, now, TEXT),
        }
        peer.verify(BODY, headers, json_parse=False)

    rounds = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
    sdc_us, peer_us = (statistics.median(each[side] for each in rounds) for side in (0, 1))
    ratio = statistics.median(theirs_us / ours_us for ours_us, theirs_us in rounds)
    print("| sign and verify 1 kB | µs | rate to the peer |")
    print("|---|---:|---:|")
    print(f"| sdc | {sdc_us:.1f} | **{ratio:.2f}x** |")
    print(f"| standardwebhooks {version('standardwebhooks')} | {peer_us:.1f} | 1.00x |")


def timed(work: Callable[[], None]) -> float:
    """Microseconds of CPU for each, over `EACH` of them."""
    started_s = time.process_time()
    for _ in range(EACH):
        work()
    return (time.process_time() - started_s) / EACH * 1e6


if __name__ == "__main__":
    main()
