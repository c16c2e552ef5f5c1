"""Webhook endpoints as programs watch over them: never their addresses and secrets."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from litestar.types import ASGIApp
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_web.endpoints.keeping import Made
from sdc_web.posts import Post

from api_client import program, token
from receiver import Receiver, answer

Deliver = Callable[..., Awaitable[None]]
Publish = Callable[..., Awaitable[Post]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Endpoints may be on loopback."""
    return settings.model_copy(update={"WEBHOOKS_PRIVATE": True})


async def test_an_endpoint_is_told_of_without_its_address_and_its_secret(
    api: httpx.AsyncClient, newsletter: Made, hook: str
) -> None:
    read = await api.get("/endpoints")
    (told,) = read.json()["endpoints"]
    assert (told["id"], told["name"], told["host"], told["state"]) == (newsletter.id, "Newsletter", "127.0.0.1", "on")
    assert (await api.get(f"/endpoints/{newsletter.id}")).json() == told
    assert newsletter.secret not in read.text
    assert hook not in read.text
    assert (await api.get("/endpoints/nothing")).status_code == 404


async def test_a_paused_endpoint_hears_later_what_happened_meanwhile(
    api: httpx.AsyncClient, newsletter: Made, receiver: Receiver, publish: Publish, deliver: Deliver
) -> None:
    paused = await api.post(f"/endpoints/{newsletter.id}/pause")
    await publish("On fog")
    await deliver()
    waiting = (await api.get(f"/endpoints/{newsletter.id}")).json()["waiting"]
    assert (paused.json()["state"], waiting, receiver.heard) == ("paused", 1, [])
    assert (await api.delete(f"/endpoints/{newsletter.id}/pause")).json()["state"] == "on"
    await deliver()
    assert receiver.types == ["post.published"]


async def test_a_delivery_tells_of_its_attempts_and_is_sent_again(
    api: httpx.AsyncClient, newsletter: Made, receiver: Receiver, publish: Publish, deliver: Deliver
) -> None:
    receiver.answers = [answer("500 Internal Server Error", b"no")]
    await publish("On fog")
    await deliver()
    (row,) = (await api.get("/deliveries", params={"endpoint_id": newsletter.id})).json()["deliveries"]
    whole = (await api.get(f"/deliveries/{row['id']}")).json()
    assert (row["state"], row["attempts"], row["type"]) == ("waiting", 1, "post.published")
    assert [(each["status"], each["answer"]) for each in whole["tries"]] == [(500, "no")]
    assert (await api.post(f"/deliveries/{row['id']}/replay")).json()["state"] == "waiting"
    await deliver()
    assert (await api.get(f"/deliveries/{row['id']}")).json()["state"] == "delivered"
    assert receiver.ids == [row["message_id"]] * 2


async def test_the_log_is_filtered_and_read_a_page_at_a_time(
    api: httpx.AsyncClient, newsletter: Made, publish: Publish
) -> None:
    assert newsletter
    for title in ("One", "Two", "Three"):
        await publish(title)
    first = (await api.get("/deliveries?limit=2&type=post.published")).json()
    second = (await api.get("/deliveries", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [len(first["deliveries"]), len(second["deliveries"]), second["next_cursor"]] == [2, 1, None]
    assert (await api.get("/deliveries?state=failed")).json()["deliveries"] == []
    assert (await api.get("/deliveries?cursor=x")).json()["field"] == "cursor"


@pytest.mark.parametrize("delivery_id", ["1", "x", "-1", "9" * 30, "\u0661"])
async def test_there_is_no_delivery_of_another_number(api: httpx.AsyncClient, delivery_id: str) -> None:
    assert (await api.get(f"/deliveries/{delivery_id}")).status_code == 404
    assert (await api.post(f"/deliveries/{delivery_id}/replay")).status_code == 404


async def test_a_token_that_reads_the_site_pauses_nothing(
    app: ASGIApp, databases: Databases, author_id: str, newsletter: Made
) -> None:
    async with program(app, await token(databases, author_id, "site:read")) as reader:
        assert (await reader.get("/endpoints")).status_code == 200
        assert (await reader.post(f"/endpoints/{newsletter.id}/pause")).status_code == 403
    async with program(app, await token(databases, author_id, "posts:publish")) as writer:
        assert (await writer.get("/deliveries")).status_code == 403
