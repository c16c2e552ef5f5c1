"""Media assets through the API, as a program that may write sees them."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import httpx
import msgspec
import pytest
from litestar.types import ASGIApp
from sdc_core import keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import edge, media
from sdc_web.db import Databases
from sdc_web.posts import Post

from api_client import program, token
from signing_in import OWNER

SMALL = StoredVariant(name="480.webp", width=480, height=320, format="webp", size_bytes=7)
MANIFEST = Manifest(recipe="r1", width=4_800, height=3_200, placeholder="", color="#ffffff", variants=(SMALL,))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(5_000)


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def api(app: ASGIApp, databases: Databases, author_id: str) -> AsyncGenerator[httpx.AsyncClient]:
    async with program(app, await token(databases, author_id)) as opened:
        yield opened


async def sent(api: httpx.AsyncClient, body: bytes = PNG, said: dict[str, str] | None = None) -> httpx.Response:
    """The answer to a file."""
    return await api.post("/media", content=body, params=said or {}, headers={"Content-Type": "image/png"})


async def test_a_file_is_kept_untouched_at_the_address_that_is_told(
    api: httpx.AsyncClient, object_store: ObjectStore, settings: Settings
) -> None:
    answer = await sent(api, said={"filename": "a/cup.png", "alt": "A cup"})
    told = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/media/{told['id']}")
    assert {name: told[name] for name in told if name not in ("id", "uploaded_at")} == {
        "trashed_at": None,
        "state": "pending",
        "reason": "",
        "kind": "",
        "url": "",
        "file_name": "cup.png",
        "alt": "A cup",
        "decorative": False,
        "title": "",
        "caption": "",
        "focus_x": 50,
        "focus_y": 50,
        "content_type": "image/png",
        "size_bytes": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "width": None,
        "height": None,
        "animated": False,
        "variants": [],
        "moving": [],
    }
    assert await object_store.get(settings.S3_MEDIA_BUCKET, keys.original(told["id"]), max_bytes=10_000) == PNG


async def test_the_same_file_twice_is_one_asset(api: httpx.AsyncClient) -> None:
    first, second = await sent(api, said={"alt": "A cup"}), await sent(api, said={"alt": "Another"})
    assert (second.status_code, second.json()) == (200, first.json())
    assert second.headers["location"] == first.headers["location"]


async def test_what_a_program_knows_already_is_not_sent_again_until_it_changes(api: httpx.AsyncClient) -> None:
    asset = f"/media/{(await sent(api)).json()['id']}"
    for path in (asset, "/media", "/media?limit=1", "/posts", "/tags"):
        known = {"If-None-Match": (await api.get(path)).headers["etag"]}
        again = await api.get(path, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", known["If-None-Match"]), path
    known = {"If-None-Match": (await api.get(asset)).headers["etag"]}
    changed = await api.patch(asset, json={"alt": "A cup"}, headers=known)
    assert changed.status_code == 200
    now = await api.get(asset, headers=known)
    assert (now.status_code, now.headers["etag"]) == (200, changed.headers["etag"])


async def test_a_file_that_is_sent_twice_with_a_key_is_answered_as_new_again(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "image/png", "Idempotency-Key": "k"}
    first, second = [await api.post("/media", content=PNG, headers=headers) for _ in range(2)]
    other = await api.post("/media", content=PNG + b"x", headers=headers)
    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert (other.status_code, other.json()["field"]) == (422, "Idempotency-Key")
    assert len((await api.get("/media")).json()["media"]) == 1


async def test_a_file_is_taken_in_pieces(api: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for at in range(0, len(PNG), 700):
            yield PNG[at : at + 700]

    answer = await api.post("/media", content=pieces(), headers={"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json()["size_bytes"]) == (201, len(PNG))


async def test_what_is_far_too_large_is_refused_before_it_is_sent(api: httpx.AsyncClient) -> None:
    async def nothing() -> AsyncGenerator[bytes]:
        pytest.fail("the body was asked for")
        yield b""

    headers = {"Content-Type": "image/png", "Content-Length": str(edge.HEARD_OUT_BYTES + 1)}
    answer = await api.post("/media", content=nothing(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_what_is_too_large_is_refused_while_it_comes(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = 0
    monkeypatch.setattr(edge, "HEARD_OUT_BYTES", media.upload.MAX_BYTES + 2 * 2**20)

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal came
        while True:
            came += 2**20
            yield PNG[:8] + bytes(2**20 - 8)

    answer = await api.post("/media", content=endless(), headers={"Content-Type": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert media.upload.MAX_BYTES < came <= media.upload.MAX_BYTES + 4 * 2**20


async def test_what_is_no_picture_is_refused(api: httpx.AsyncClient) -> None:
    for body in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF8"):
        refused = await sent(api, body)
        assert (refused.status_code, refused.json()["field"]) == (422, "file"), body
    assert (await api.get("/media")).json() == {"media": [], "next_cursor": None}


async def test_a_file_in_a_wrapping_is_refused(api: httpx.AsyncClient) -> None:
    for kind in ("", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "text/html"):
        refused = await api.post("/media", content=PNG, headers={"Content-Type": kind})
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type"), kind


async def test_a_compressed_file_is_refused(api: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "image/png", "Content-Encoding": "gzip"}
    assert (await api.post("/media", content=PNG, headers=headers)).status_code == 415


async def test_what_is_said_of_a_file_is_checked(api: httpx.AsyncClient) -> None:
    for field, said in (("alt", "x" * 501), ("filename", "x" * 1_001), ("name", "x")):
        refused = await sent(api, said={field: said})
        assert (refused.status_code, refused.json()["field"]) == (422, field)


async def test_an_asset_that_is_ready_tells_its_variants(api: httpx.AsyncClient, databases: Databases) -> None:
    asset_id = (await sent(api)).json()["id"]
    await media.ready(databases.site, asset_id, MANIFEST)
    told = (await api.get(f"/media/{asset_id}")).json()
    assert (told["state"], told["width"], told["height"]) == ("ready", 4_800, 3_200)
    assert told["variants"] == [
        {
            "url": f"http://localhost:8000/media/{asset_id}/480.webp?r=r1",
            "content_type": "image/webp",
            "width": 480,
            "height": 320,
            "size_bytes": 7,
        }
    ]


async def test_an_animation_tells_what_moves_beside_what_does_not(api: httpx.AsyncClient, databases: Databases) -> None:
    asset_id = (await sent(api)).json()["id"]
    frames = msgspec.structs.replace(SMALL, name="480-moving.webp")
    await media.ready(databases.site, asset_id, msgspec.structs.replace(MANIFEST, animated=True, moving=(frames,)))
    told = (await api.get(f"/media/{asset_id}")).json()
    assert told["animated"]
    assert [each["url"] for each in told["variants"]] == [f"http://localhost:8000/media/{asset_id}/480.webp?r=r1"]
    assert [each["url"] for each in told["moving"]] == [f"http://localhost:8000/media/{asset_id}/480-moving.webp?r=r1"]


async def test_an_asset_that_failed_tells_why(api: httpx.AsyncClient, databases: Databases) -> None:
    asset_id = (await sent(api)).json()["id"]
    await media.failed(databases.site, asset_id, "It is cut off.")
    found = (await api.get("/media", params={"state": "failed"})).json()["media"]
    assert [(each["id"], each["reason"]) for each in found] == [(asset_id, "It is cut off.")]
    assert (await api.get("/media", params={"state": "pending"})).json()["media"] == []


async def test_the_assets_are_paged_and_each_is_in_the_list_once(api: httpx.AsyncClient) -> None:
    ids = [(await sent(api, PNG + bytes([number]))).json()["id"] for number in range(5)]
    found, cursor = [], ""
    for _ in range(3):
        page = (await api.get("/media", params={"limit": "2"} | ({"cursor": cursor} if cursor else {}))).json()
        found += [each["id"] for each in page["media"]]
        cursor = page["next_cursor"]
    assert (sorted(found, reverse=True), len(found), cursor) == (sorted(ids, reverse=True), 5, None)


async def test_the_alternative_text_is_changed(api: httpx.AsyncClient) -> None:
    before = (await sent(api, said={"alt": "A cup"})).json()
    after = await api.patch(f"/media/{before['id']}", json={"alt": "A  blue\tcup"})
    assert (after.status_code, after.json()) == (200, before | {"alt": "A blue cup"})
    assert (await api.get(f"/media/{before['id']}")).json() == after.json()


async def test_what_else_is_said_is_changed_field_by_field(api: httpx.AsyncClient) -> None:
    before = (await sent(api, said={"alt": "A cup"})).json()
    address = f"/media/{before['id']}"
    told = before
    changes: list[dict[str, str | int]] = [{"title": "Cup"}, {"caption": "Tea", "focus_y": 0}, {"focus_x": 100}, {}]
    for change in changes:
        after = await api.patch(address, json=change)
        told |= change
        assert (after.status_code, after.json()) == (200, told), change


async def test_wrong_words_are_refused_and_nothing_is_changed(api: httpx.AsyncClient) -> None:
    before = (await sent(api)).json()
    address = f"/media/{before['id']}"
    for changes in (
        {"title": "x" * 201}, {"title": "t", "caption": "x" * 501}, {"focus_x": 101}, {"focus_y": -1},
        {"focus_x": "50"}, {"title": None}, {"title": "a\0b"},
    ):  # fmt: skip
        assert (await api.patch(address, json=changes)).status_code == 422, changes
    assert (await api.get(address)).json() == before


async def test_a_wrong_alternative_text_is_refused(api: httpx.AsyncClient) -> None:
    address = f"/media/{(await sent(api)).json()['id']}"
    for changes in ({"alt": None}, {"alt": "x" * 501}, {"alt": "a\0b"}, {"alt": "a", "state": "ready"}):
        assert (await api.patch(address, json=changes)).status_code == 422, changes


async def test_an_asset_that_nothing_shows_goes_into_the_trash_and_comes_back(
    api: httpx.AsyncClient, app: ASGIApp, databases: Databases, author_id: str
) -> None:
    before = (await sent(api)).json()
    address = f"/media/{before['id']}"
    deleted = await api.delete(address)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [(await api.request(method, address)).status_code for method in ("GET", "DELETE")] == [404, 404]
    (trashed,) = (await api.get("/media", params={"trashed": "true"})).json()["media"]
    assert (trashed["id"], trashed["trashed_at"] is None) == (before["id"], False)
    async with program(app, await token(databases, author_id, "read")) as reader:
        assert (await reader.get("/media", params={"trashed": "true"})).status_code == 403
        assert (await reader.post(f"{address}/restoration")).status_code == 403
    for _ in range(2):
        back = await api.post(f"{address}/restoration")
        assert (back.status_code, back.json()) == (200, before)
    assert (await api.get("/media", params={"trashed": "true"})).json()["media"] == []
    assert (await api.post("/media/01NOTHING/restoration")).status_code == 404


async def test_an_asset_that_posts_show_stays_and_they_are_named(
    api: httpx.AsyncClient, publish: Callable[..., Awaitable[Post]]
) -> None:
    asset_id = (await sent(api)).json()["id"]
    shown = await publish("On cups", f"![](media:{asset_id})")
    cover = await publish("A cup", cover_asset_id=asset_id)
    refused = await api.delete(f"/media/{asset_id}")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "conflict")
    assert problem["uses"] == [{"post_id": cover.id, "title": "A cup"}, {"post_id": shown.id, "title": "On cups"}]
    assert (await api.get(f"/media/{asset_id}")).status_code == 200


async def test_what_lies_in_the_trash_is_not_found_and_comes_back_when_it_is_sent(
    api: httpx.AsyncClient, databases: Databases
) -> None:
    asset_id = (await sent(api)).json()["id"]
    await media.trash.put(databases.site, OWNER, [asset_id])
    assert (await api.get(f"/media/{asset_id}")).status_code == 404
    assert (await api.get("/media")).json()["media"] == []
    again = await sent(api)
    assert (again.status_code, again.json()["id"]) == (200, asset_id)
    assert (await api.get(f"/media/{asset_id}")).status_code == 200
