"""What is published is rendered anew after an upgrade that renders in another way."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest
from sdc_core.sqlite import execute, fetch_value
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, rereading
from sdc_web.search import index
from sdc_web.texts import markdown
from sdc_web.texts.markdown import Rendered

from signing_in import OWNER

EXAMPLES = Path(__file__).parents[1] / "examples" / "commonmark-0.31.2.json"
BEYOND = """
# Fog {#fog .wide}

A[^b] ~~b~~ https://a.example ada@example.org $a^2$ <kbd>c</kbd> <h1 align="center">d</h1>

[^a]: Nobody asks.
[^b]: Note.

> [!WARNING]
> Mind.

| a |
|--:|
| b |

- [x] done

Term
: Meaning

![a](media:X "Caption")

## 你好

{.lead #f}
`x`{#y .small} [z]{lang=fr}

<div onclick="x"><table border="1"><tr><td>y</td></tr></table><script>z</script></div>

```python title="a.py" numbers {1}
x = 1
```
"""
RENDERING = (6, "ed7b85fe5c8937f1")
"""`index.READING`, and what it makes of these texts."""
Publish = Callable[..., Awaitable[Post]]


async def rendered_formerly(databases: Databases) -> None:
    """As a release would have done it that knew no better."""
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE search_rows SET reading = 3")
        sql = "UPDATE revisions SET body_html = '<p>as before</p>', reading_minutes = 9 WHERE published_at_us > 0"
        await execute(connection, sql)
        await execute(connection, "UPDATE generation SET n = n + 1")


async def left(databases: Databases) -> int:
    async with databases.site.read() as connection:
        sql = "SELECT count(*) FROM revisions WHERE body_html = '<p>as before</p>'"
        return int(await fetch_value(connection, sql) or 0)


async def test_the_very_next_answer_has_the_new_rendering_and_feeds_call_it_no_change(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    post = await publish("Fog", "A *text*.")
    dates = [line for line in (await client.get("/feed.xml")).text.splitlines() if "<updated>" in line]
    await rendered_formerly(databases)
    former = (await client.get(post.path)).text
    assert "<p>as before</p>" in former
    assert "9 min" in former
    await posts.read_again(databases.site)
    page = (await client.get(post.path)).text
    assert "<p>A <em>text</em>.</p>" in page
    assert "9 min" not in page
    feed = (await client.get("/feed.xml")).text
    assert "&lt;em&gt;text" in feed
    assert [line for line in feed.splitlines() if "<updated>" in line] == dates


async def test_what_is_published_meanwhile_stays_as_it_is(
    client: httpx.AsyncClient, databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = await publish("Fog", "First.")
    await rendered_formerly(databases)

    async def while_another_is_published(text: str) -> Rendered:
        monkeypatch.undo()
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="Fog", body="Second."), 2)
        await posts.publish(databases.site, OWNER, post.id)
        return await markdown.rendered(text)

    monkeypatch.setattr(markdown, "rendered", while_another_is_published)
    await posts.read_again(databases.site)
    assert "<p>Second.</p>" in (await client.get(post.path)).text


async def test_after_a_crash_the_rest_is_rendered_at_the_next_start(
    databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("Fog", "Mist", "Haze"):
        await publish(title)
    await rendered_formerly(databases)
    render, done = markdown.rendered, []

    async def once(text: str) -> Rendered:
        if done:
            raise OSError
        done.append(text)
        return await render(text)

    monkeypatch.setattr(rereading, "AT_ONCE", 1)
    monkeypatch.setattr(markdown, "rendered", once)
    with pytest.raises(OSError, match=r"^$"):
        await posts.read_again(databases.site)
    assert await left(databases) == 2
    monkeypatch.undo()
    await posts.read_again(databases.site)
    assert await left(databases) == 0


async def test_what_was_withdrawn_is_not_brought_back(databases: Databases, publish: Publish) -> None:
    post = await publish("Fog")
    await posts.unpublish(databases.site, OWNER, post.id)
    await rendered_formerly(databases)
    await posts.read_again(databases.site)
    assert await left(databases) == 1


def test_another_rendering_has_another_number_by_which_all_is_rendered_anew() -> None:
    """Where this fails the rendering has become another: raise `index.READING`, and put what it is now in here."""
    examples = [each["markdown"] for each in msgspec.json.decode(EXAMPLES.read_bytes(), type=list[dict[str, object]])]
    html = "".join(markdown.render(str(text)).html for text in (*examples, BEYOND))
    assert (index.READING, hashlib.sha256(html.encode()).hexdigest()[:16]) == RENDERING
