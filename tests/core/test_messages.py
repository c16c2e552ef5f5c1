import json
from datetime import UTC, datetime

import pytest
from sdc_core import messages
from sdc_core.errors import Invalid
from sdc_core.messages import (
    CompareMedia,
    CronTick,
    Expire,
    ImageFailed,
    ImageReady,
    MediaFailed,
    MediaReady,
    MediaUploaded,
    Message,
    PublishDue,
    Recipe,
    RetireLogs,
    Upload,
)
from sdc_core.variants import Manifest, StoredVariant

TICK = CronTick(job="publish_due", run_id="01ARYZ6S41TSV4RRFFQ69G5FAV", due_us=1_795_478_400_000_000)
MANIFEST = Manifest(
    recipe="r1",
    width=10,
    height=10,
    placeholder="data:,",
    color="#000000",
    variants=(StoredVariant(name="10.png", width=10, height=10, format="png", size_bytes=70),),
)
EVERY: list[Message] = [
    PublishDue(data=TICK),
    Expire(data=TICK),
    RetireLogs(data=TICK),
    MediaUploaded(data=Upload(asset_id="A", sha256="0" * 64)),
    MediaReady(data=ImageReady(asset_id="A", manifest=MANIFEST)),
    MediaFailed(data=ImageFailed(asset_id="A", reason="not a picture")),
    CompareMedia(data=Recipe(recipe="r1")),
]
TICK_JSON = {"job": "expire", "run_id": "r", "due_us": 1}


def _body(**fields: object) -> bytes:
    return json.dumps({"type": "cron.expire", "timestamp": "2026-11-24T00:00:00Z", "data": TICK_JSON} | fields).encode()


@pytest.mark.parametrize("message", EVERY, ids=lambda message: type(message).__name__)
def test_a_message_survives_the_way_through_bytes(message: Message) -> None:
    assert messages.decode(messages.encode(message)) == message


def test_a_message_has_the_shape_of_the_specification() -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert json.loads(messages.encode(Expire(timestamp=at, data=TICK))) == {
        "type": "cron.expire",
        "timestamp": "2026-11-24T12:00:00Z",
        "data": {"job": "publish_due", "run_id": TICK.run_id, "due_us": TICK.due_us},
    }


def test_a_well_formed_message_is_read() -> None:
    assert messages.decode(_body()) == Expire(
        timestamp=datetime(2026, 11, 24, tzinfo=UTC), data=CronTick(job="expire", run_id="r", due_us=1)
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(_body(type="cron.unknown"), id="unknown type"),
        pytest.param(_body(type=["cron.expire"]), id="type is no text"),
        pytest.param(_body(extra=1), id="extra field"),
        pytest.param(_body(data=TICK_JSON | {"extra": 1}), id="extra field inside"),
        pytest.param(_body(data=TICK_JSON | {"due_us": "1"}), id="number as text"),
        pytest.param(_body(data={"job": "expire"}), id="missing fields"),
        pytest.param(_body(timestamp="2026-11-24T00:00:00"), id="time without a zone"),
        pytest.param(_body(timestamp="yesterday"), id="no time"),
        pytest.param(_body()[:-1], id="cut off"),
        pytest.param(_body() + b"{}", id="two messages"),
        pytest.param(_body().replace(b"expire", b"\xff\xfe"), id="not UTF-8"),
        pytest.param(_body(job="\x00").replace(b"cron", b"cr\x00n"), id="control character"),
        pytest.param(b'{"type":' + b"[" * 200_000, id="deep type"),
        pytest.param(b'{"type":"cron.expire","data":' + b'{"job":' * 200_000, id="deep data"),
        pytest.param(b"[" * 200_000 + b"]" * 200_000, id="deep lists"),
    ],
)
def test_what_is_no_message_is_invalid_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Invalid):
        messages.decode(body)


def test_the_largest_real_message_is_far_below_the_limit() -> None:
    many = tuple(
        StoredVariant(name=f"{width}.avif", width=width, height=width, format="avif", size_bytes=10**7)
        for width in range(1_000, 1_016)
    )
    manifest = Manifest(recipe="r1", width=1, height=1, placeholder="d" * 2_000, color="#000000", variants=many)
    body = messages.encode(MediaReady(data=ImageReady(asset_id="A" * 26, manifest=manifest)))
    assert len(body) * 10 < messages.MAX_BYTES
