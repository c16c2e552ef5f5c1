"""What an endpoint, a message for it and an attempt are."""

import hashlib
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec

MAX_WAITING = 10_000
"""For one endpoint; the trigger that queues says the same."""

Type: TypeAlias = Literal[
    "post.published", "post.changed", "post.withdrawn", "media.ready", "job.failed", "drill.failed", "ping"
]
State: TypeAlias = Literal["on", "paused", "disabled"]
Standing: TypeAlias = Literal["waiting", "delivered", "failed", "held_back"]

TYPES: MappingProxyType[str, str] = MappingProxyType({
    "post.published": "a text goes out",
    "post.changed": "what readers see of a text changes",
    "post.withdrawn": "a text leaves the site",
    "media.ready": "a picture has all its sizes",
    "job.failed": "a cron job fails",
    "drill.failed": "a restore drill fails",
})  # fmt: skip
"""What an endpoint can ask for, in words that follow "when". A `ping` comes only by its button."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages go; times in microseconds, UTC. `reason` tells what the last failed attempt met, and of a disabled
    one why it is that; `waiting` counts what is still to be sent.
    """

    id: str
    name: str
    url: str
    types: str
    secret: bytes
    former_secret: bytes | None
    former_until_us: int | None
    state: State
    reason: str
    failures: int
    failing_since_us: int | None
    created_at_us: int
    waiting: int = 0

    @property
    def wanted(self) -> list[str]:
        """The types it asked for."""
        return msgspec.json.decode(self.types, type=list[str])

    @property
    def secret_mark(self) -> str:
        """Tells the secret of now from those before it, and nothing of what it is."""
        return hashlib.sha256(self.secret).hexdigest()[:16]


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that one process holds until `next_us`, while it makes an attempt."""

    id: int
    message_id: str
    next_us: int
    tries: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What happened; `data` is JSON."""

    id: str
    type: str
    data: str
    at_us: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log."""

    id: int
    message_id: str
    endpoint_id: str
    endpoint_name: str
    type: str
    at_us: int
    state: Standing
    next_us: int | None
    attempts: int
    reason: str


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as it is kept: `status` is 0 and `error` says why when no answer came."""

    number: int
    at_us: int
    status: int
    error: str
    answer: str
    duration_us: int
