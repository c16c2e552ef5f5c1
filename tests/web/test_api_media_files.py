"""The file of a media asset through the API: replaced, given up, brought back; found by words; and who shows it."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core import keys
from sdc_core.objects import ObjectStore
from sdc_core.settings import Settings
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media
from sdc_web.authors import accounts
from sdc_web.db import Databases
from sdc_web.media import files
from sdc_web.posts import Post

from api_client import program, token
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
PNG, OTHER = b"\x89PNG\r\n\x1a\n" + bytes(5_000), b"\x89PNG\r\n\x1a\n" + bytes(6_000)
SMALL = StoredVariant(name="480.webp", width=480, height=320, format="webp", size_bytes=7)
MANIFEST = Manifest(recipe="r1", width=4_800, height=3_200, placeholder="", color="#ffffff", variants=(SMALL,))
FILE = {"Content-Type": "image/png"}


@pytest.fixture
def settings(settings_with_store: Settings) -> Settings:
    return settings_with_store


@pytest.fixture
async def asset_id(api: httpx.AsyncClient, databases: Databases) -> str:
    """An asset that is ready."""
    said = {"filename": "lamp.png", "alt": "A lamp"}
    made = (await api.post("/media", content=PNG, headers=FILE, params=said)).json()
    await media.ready(databases.site, made["id"], MANIFEST)
    return made["id"]


async def put(api: httpx.AsyncClient, asset_id: str, body: bytes = OTHER, seen: str = "*") -> httpx.Response:
    headers = {**FILE, "If-Match": seen}
    return await api.put(f"/media/{asset_id}/file", content=body, headers=headers, params={"filename": "new.png"})


async def made_ready(databases: Databases, asset_id: str) -> None:
    """The worker has made the variants of the file that waits."""
    async with databases.site.read() as connection:
        waiting = await files.waiting_for(connection, asset_id)
    assert waiting is not None
    await media.ready(databases.site, waiting.file_id, MANIFEST)


async def test_a_file_takes_the_place_of_another_one_once_it_is_made_and_goes_back(
    api: httpx.AsyncClient, databases: Databases, asset_id: str
) -> None:
    sent = await put(api, asset_id)
    told = sent.json()
    assert (sent.status_code, told["former"], told["waiting"]["state"]) == (200, None, "pending")
    assert (await api.get(f"/media/{asset_id}")).json()["file_name"] == "lamp.png"
    await made_ready(databases, asset_id)
    now = (await api.get(f"/media/{asset_id}/file")).json()
    assert (now["sha256"], now["waiting"]) == (told["waiting"]["sha256"], None)
    assert now["former"]["file_name"] == "lamp.png"
    asset = (await api.get(f"/media/{asset_id}")).json()
    assert (asset["file_name"], asset["alt"]) == ("new.png", "A lamp")
    back = (await api.delete(f"/media/{asset_id}/file")).json()
    assert (back["sha256"], back["former"]["file_name"]) == (told["sha256"], "new.png")


async def test_a_file_that_is_sent_again_after_it_arrived_is_there_already(
    api: httpx.AsyncClient, databases: Databases, asset_id: str
) -> None:
    await put(api, asset_id)
    await made_ready(databases, asset_id)
    again = await put(api, asset_id)
    assert (again.status_code, again.json()["waiting"]) == (200, None)


async def test_a_file_takes_the_place_of_the_one_that_was_seen_alone(
    api: httpx.AsyncClient, databases: Databases, object_store: ObjectStore, settings: Settings, asset_id: str
) -> None:
    address = f"/media/{asset_id}/file"
    seen = (await api.get(address)).headers["etag"]
    waits = await put(api, asset_id, seen=seen)
    assert waits.status_code == 200
    kept = [each.key async for each in object_store.list(settings.S3_MEDIA_BUCKET)]
    refused = await put(api, asset_id, OTHER + b"third", seen)
    now = (await api.get(address)).headers["etag"]
    assert (refused.status_code, refused.json()["code"], refused.headers["etag"]) == (412, "stale", now)
    assert [each.key async for each in object_store.list(settings.S3_MEDIA_BUCKET)] == kept
    await made_ready(databases, asset_id)
    # To give up what waits is meant, and not to bring the former file back.
    assert (await api.delete(address, headers={"If-Match": waits.headers["etag"]})).status_code == 412
    ready = await api.get(address)
    assert ready.json()["sha256"] == waits.json()["waiting"]["sha256"]
    back = await api.delete(address, headers={"If-Match": ready.headers["etag"]})
    assert back.json()["sha256"] == ready.json()["former"]["sha256"]
    assert (await put(api, asset_id, OTHER + b"third", "no etag")).status_code == 422


async def test_a_file_that_waits_is_given_up(api: httpx.AsyncClient, asset_id: str) -> None:
    await put(api, asset_id)
    assert (await api.delete(f"/media/{asset_id}/file")).json()["waiting"] is None
    nothing_left = await api.delete(f"/media/{asset_id}/file")
    assert (nothing_left.status_code, nothing_left.json()["code"]) == (404, "not_found")


async def test_what_is_no_picture_or_in_the_library_already_takes_no_place(
    api: httpx.AsyncClient, asset_id: str
) -> None:
    await api.post("/media", content=OTHER, headers=FILE)
    for body, status in ((b"no picture", 422), (OTHER, 409), (b"", 422)):
        assert (await put(api, asset_id, body)).status_code == status, body[:10]
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await api.put(f"/media/{asset_id}/file", content=b"x", headers=form)).status_code == 415
    assert (await put(api, "nothing")).status_code == 404
    assert (await api.get(f"/media/{asset_id}/file")).json()["waiting"] is None


async def test_what_failed_is_ordered_once_more(api: httpx.AsyncClient, databases: Databases) -> None:
    made = (await api.post("/media", content=PNG, headers=FILE)).json()
    await media.failed(databases.site, made["id"], "it is damaged")
    assert (await api.post(f"/media/{made['id']}/orders")).json()["state"] == "pending"
    assert (await api.post(f"/media/{made['id']}/orders")).json()["state"] == "pending"


async def test_what_is_ready_is_made_anew_only_for_who_asks_for_that(
    api: httpx.AsyncClient, object_store: ObjectStore, settings: Settings, asset_id: str
) -> None:
    bucket, key = settings.S3_MEDIA_BUCKET, keys.manifest(asset_id)
    await object_store.put(bucket, key, b"{}", content_type="application/json")
    assert (await api.post(f"/media/{asset_id}/orders")).json()["state"] == "ready"
    assert await object_store.head(bucket, key)
    assert (await api.post(f"/media/{asset_id}/orders?anew=true")).json()["state"] == "ready"
    assert await object_store.head(bucket, key) is None
    assert (await api.post(f"/media/{asset_id}/orders?anew=perhaps")).status_code == 422


async def test_posts_that_show_an_asset_are_told_to_those_who_may_know_of_them(
    app: ASGIApp, api: httpx.AsyncClient, databases: Databases, asset_id: str, publish: Publish
) -> None:
    shown = await publish("Fog", f"![](media:{asset_id})", cover_asset_id=asset_id)
    await api.post("/posts", json={"title": "A draft", "body": f"![](media:{asset_id})"})
    told = (await api.get(f"/media/{asset_id}/uses")).json()
    assert [(each["title"], each["on_site"], each["places"]) for each in told["uses"]] == [
        ("Fog", True, ["cover", "text"]),
        ("A draft", False, ["text"]),
    ]
    assert told["others"] == 0
    ann = await accounts.create(databases, OWNER, name="ann", role="author")
    async with program(app, await token(databases, ann.id, name="anns")) as anns:
        seen = (await anns.get(f"/media/{asset_id}/uses")).json()
    assert ([each["post_id"] for each in seen["uses"]], seen["others"]) == ([shown.id], 1)


async def test_assets_are_found_by_words_and_by_use_page_by_page(api: httpx.AsyncClient, publish: Publish) -> None:
    ids = []
    for number in range(3):
        said = {"filename": f"lämp {number}.png", "alt": "" if number else "A lamp at night"}
        made = await api.post("/media", content=PNG + bytes([number]), headers=FILE, params=said)
        ids.append(made.json()["id"])
    await publish("Fog", f"![](media:{ids[1]})")

    async def found(**asked: str) -> list[str]:
        seen, cursor = [], {}
        while True:
            page = (await api.get("/media", params={**asked, "limit": "2", **cursor})).json()
            seen += [each["id"] for each in page["media"]]
            if page["next_cursor"] is None:
                return seen
            cursor = {"cursor": page["next_cursor"]}

    assert await found(q="LAMP png") == ids[::-1]
    assert await found(q='night"') == []
    assert await found(q="night") == [ids[0]]
    assert await found(use="used") == [ids[1]]
    assert await found(alt="missing", use="unused") == [ids[2]]
    refused = await api.get("/media", params={"trashed": "true", "q": "lamp"})
    assert (refused.status_code, refused.json()["field"]) == (422, "trashed")
