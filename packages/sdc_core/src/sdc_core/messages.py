"""The messages that the services sign and send to each other: `{"type", "timestamp", "data"}`, one Struct a type.

Shape: Standard Webhooks 1.0.0, section "Payload structure". The union is closed: an unknown type is refused.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from sdc_core import clock
from sdc_core.errors import Invalid
from sdc_core.variants import Manifest

MAX_BYTES = 256 * 1024
"""A message over this is refused unread. Manifests are the largest, at a few kilobytes."""


class CronTick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A due run of a cron job; `run_id` is the webhook id as well, and every attempt carries the same one."""

    job: str
    run_id: str
    due_us: int


class Upload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An original that waits in the object store for its variants."""

    asset_id: str
    sha256: str


class ImageReady(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every variant of an asset is stored, and this lists them."""

    asset_id: str
    manifest: Manifest


class ImageFailed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No variants can be made; `reason` is a sentence for the author."""

    asset_id: str
    reason: str


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """By which variants are made now; `after` is the last id that was answered before, empty at first."""

    recipe: str
    after: str = ""


class RunFailed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of a cron job that failed or took too long; `output` is the beginning of what it said."""

    job: str
    run_id: str
    due_us: int
    outcome: str
    output: str


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)] = msgspec.field(default_factory=clock.now)


class PublishDue(_Message, frozen=True, tag="cron.publish_due"):
    """Publish what is scheduled for now or earlier."""

    data: CronTick


class Expire(_Message, frozen=True, tag="cron.expire"):
    """Delete rows whose time is over."""

    data: CronTick


class RetireLogs(_Message, frozen=True, tag="cron.logs"):
    """Delete access log files past retention."""

    data: CronTick


class CheckLinks(_Message, frozen=True, tag="cron.links"):
    """Look where the links of published texts lead."""

    data: CronTick


class MediaUploaded(_Message, frozen=True, tag="media.uploaded"):
    """Web to worker: make the variants of an upload."""

    data: Upload


class MediaReady(_Message, frozen=True, tag="media.ready"):
    """Worker to web."""

    data: ImageReady


class MediaFailed(_Message, frozen=True, tag="media.failed"):
    """Worker to web."""

    data: ImageFailed


class CompareMedia(_Message, frozen=True, tag="media.compare"):
    """Worker to web: which pictures are shown otherwise."""

    data: Recipe


class JobFailed(_Message, frozen=True, tag="job.failed"):
    """Worker to web: endpoints of the author's may have asked to hear of it."""

    data: RunFailed


Message: TypeAlias = (
    PublishDue | Expire | RetireLogs | CheckLinks | MediaUploaded | MediaReady | MediaFailed | CompareMedia | JobFailed
)

_decoder = msgspec.json.Decoder(Message)
_encoder = msgspec.json.Encoder()


def encode(message: Message) -> bytes:
    """The bytes to sign and send; they must not be encoded a second time in between."""
    return _encoder.encode(message)


def decode(body: bytes) -> Message:
    """A message from verified bytes; Invalid when it is none that this version knows, or nests too deep."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"not a message: {error}"
        raise Invalid(message) from None
