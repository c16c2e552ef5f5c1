"""Idempotency-Key: every POST of the API heeds it."""

from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest
from sdc_core.errors import NotFound
from sdc_core.settings import Settings
from sdc_web.api.operations import OPERATIONS
from sdc_web.db import Databases
from sdc_web.endpoints.keeping import Made
from sdc_web.posts import Post, preview_links

from signing_in import OWNER

KEY = {"Idempotency-Key": "the-same"}
PNG, OTHER = b"\x89PNG\r\n\x1a\n" + bytes(5_000), b"\x89PNG\r\n\x1a\n" + bytes(6_000)
Publish = Callable[..., Awaitable[Post]]
ASKED: dict[str, tuple[str, object]] = {
    "posts.create": ("/posts", {"title": "Mist"}),
    "tags.merge": ("/tags/mist/merge", {"into": "light"}),
    "series.create": ("/series", {"title": "On fog"}),
    "redirects.create": ("/redirects", {"path": "/lamp", "target": "/posts/fog"}),
    "redirects.add_all": ("/redirects/import", {"redirects": [{"path": "/lamp", "target": "/posts/fog"}]}),
    "publications.create": ("/posts/{post}/publication", None),
    "preview_links.create": ("/posts/{post}/preview-links", {"note": "for Grace"}),
    "revisions.restore": ("/posts/{post}/revisions/{revision}/restoration", None),
    "posts.restore": ("/posts/{trashed}/restoration", None),
    "media.create": ("/media?filename=other.png", OTHER),
    "media.restore": ("/media/{lost}/restoration", None),
    "media_files.order": ("/media/{asset}/orders", None),
    "webmentions.decide": ("/webmentions/decisions", {"ids": [], "verdict": "accepted"}),
    "endpoints.pause": ("/endpoints/{endpoint}/pause", None),
    "endpoints.replay": ("/deliveries/{delivery}/replay", None),
}
"""What each is asked of, and with what."""


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store.model_copy(update={"WEBHOOKS_PRIVATE": True})


async def _there(api: httpx.AsyncClient, publish: Publish) -> dict[str, str]:
    """The ids of what is there to be asked of."""
    post, trashed = await publish("Fog", tags=("light", "mist")), await publish("Haze")
    await api.delete(f"/posts/{trashed.id}")
    (revision,) = (await api.get(f"/posts/{post.id}/revisions")).json()["revisions"]
    assets = [
        (await api.post("/media?filename=a.png", content=each, headers={"Content-Type": "image/png"})).json()["id"]
        for each in (PNG, PNG + b"x")
    ]
    await api.delete(f"/media/{assets[1]}")
    (endpoint,) = (await api.get("/endpoints")).json()["endpoints"]
    delivery = (await api.get("/deliveries")).json()["deliveries"][0]
    return {
        "post": post.id,
        "trashed": trashed.id,
        "revision": revision["id"],
        "asset": assets[0],
        "lost": assets[1],
        "endpoint": endpoint["id"],
        "delivery": delivery["id"],
    }


async def _ask(api: httpx.AsyncClient, path: str, sent: object) -> httpx.Response:
    if isinstance(sent, bytes):
        return await api.post(path, content=sent, headers=KEY | {"Content-Type": "image/png"})
    content = b"" if sent is None else msgspec.json.encode(sent)
    # Only what needs the revision looks at it.
    return await api.post(path, content=content, headers=KEY | {"If-Match": "*", "Content-Type": "application/json"})


@pytest.mark.parametrize("name", [each.name for each in OPERATIONS if each.method == "POST"])
async def test_what_is_sent_again_with_its_key_is_answered_as_the_first_time(
    api: httpx.AsyncClient, publish: Publish, newsletter: Made, name: str
) -> None:
    assert newsletter
    path, sent = ASKED[name]
    path = path.format(**await _there(api, publish))
    first, again = [await _ask(api, path, sent) for _ in range(2)]
    assert first.is_success, first.text
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (
        first.status_code,
        first.content,
        "true",
    )


async def test_a_link_whose_secret_nobody_was_told_gets_another_one(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog")
    paths = [
        (await preview_links.make(databases, OWNER, post.id, days=7, link_id="link")).path for _ in ("lost", "told")
    ]
    assert [each.id for each in await preview_links.listing(databases, OWNER, post.id)] == ["link"]
    assert (await preview_links.follow(databases, paths[1].rpartition("/")[2])).link.id == "link"
    with pytest.raises(NotFound):
        await preview_links.follow(databases, paths[0].rpartition("/")[2])
