import re
from collections.abc import Awaitable, Callable
from html import unescape

import httpx
import pytest
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import posts, redirects
from sdc_web.db import Databases
from sdc_web.posts import Draft, Post, backlinks, related

from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]


async def _near(client: httpx.AsyncClient, post: Post) -> dict[str, list[str]]:
    """The headings below the text of a post, each with the titles under it."""
    html = (await client.get(post.path)).text
    found = re.search(r'<aside class="with-margin near".*?</aside>', html, re.DOTALL)
    lists = re.findall(r"<h2>([^<]*)</h2>\s*<ul>(.*?)</ul>", found[0], re.DOTALL) if found else []
    return {name: [unescape(title) for title in re.findall(r">([^<>]+)</a>", entries)] for name, entries in lists}


async def _rename(databases: Databases, post: Post, slug: str, body: str = "A text.") -> Post:
    await posts.revisions.save(databases.site, OWNER, post.id, Draft(title=slug.title(), slug=slug, body=body), 2)
    return await posts.publish(databases.site, OWNER, post.id)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="/posts/a%00b"> <a href="/posts/a%0Ab"> <a href="/posts/%ED%A0%80">', ["/posts/\ufffd\ufffd\ufffd"]),
        ('<a href="/posts/fog">', ["/posts/fog"]),
        ('<a rel="x" title="a &gt; b>c" href="/posts/fog/?q=1#part">', ["/posts/fog"]),
        ('<a href="fog"> <a href="../projects/lamp"> <a href="#part"> <a href="">', ["/posts/fog", "/projects/lamp"]),
        ('<a href="/posts/n%C3%A9bel"> <a href="/posts/nébel">', ["/posts/nébel"]),
        ('<a href="https://Example.org/posts/fog"> <a href="//example.org/posts/fog">', ["//example.org/posts/fog"]),
        ('<a href="mailto:a@b.c"> <a href="http://u@h/"> <a href="http://[x"> <a name="x"> <abbr href="/a">', []),
        ('<code>&lt;a href="/posts/fog"&gt;</code>', []),
    ],
)
def test_addresses_are_those_that_requests_name(html: str, found: list[str]) -> None:
    assert backlinks.addresses(html, "/posts/here") == found


async def test_a_post_names_those_that_link_to_it_the_newest_first(client: httpx.AsyncClient, publish: Publish) -> None:
    fog = await publish("Fog", "See [this](#text).\n\n## Text")
    assert await _near(client, fog) == {}
    await publish("Kites", "In [fog](/posts/fog) they are lost, says [fog](fog).")
    await publish("Lamp", "Against [fog](../posts/fog#text).", kind="project")
    await publish("About", "I like [fog](/posts/fog).", kind="page")
    assert await _near(client, fog) == {"Linked from": ["About", "Lamp", "Kites"]}


async def test_links_in_full_count_where_the_site_has_that_address(
    databases: Databases, publish: Publish, settings: Settings
) -> None:
    fog = await publish("Fog")
    await publish("Kites", "See https://example.org/posts/fog and https://other.example/posts/fog.")
    async with databases.site.read() as connection:
        post = await posts.by_slug(connection, "post", fog.slug)
        assert post is not None
        assert [each.title for each in await backlinks.linking(connection, post, "https://example.org")] == ["Kites"]
        assert await backlinks.linking(connection, post, settings.site_url) == []


async def test_links_follow_a_renamed_post_and_the_authors_own_redirects(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    fog = await publish("Fog")
    await redirects.add_own(databases.site, OWNER, "/2019/fog.html", "/posts/fog", "")
    await publish("Kites", "[fog](/posts/fog)")
    await publish("Old", "[fog](/2019/fog.html)")
    mist = await _rename(databases, fog, "mist")
    assert await _near(client, mist) == {"Linked from": ["Old", "Kites"]}
    # Whoever has the address now is who readers of the link see.
    new = await publish("Fog", slug="fog")
    assert await _near(client, new) == {"Linked from": ["Old", "Kites"]}
    assert await _near(client, mist) == {}


async def test_a_link_counts_while_its_text_is_published_and_has_it(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    fog = await publish("Fog")
    kites = await publish("Kites", "[fog](/posts/fog)")
    assert await _near(client, fog) == {"Linked from": ["Kites"]}
    await posts.unpublish(databases.site, OWNER, kites.id)
    assert await _near(client, fog) == {}
    await posts.publish(databases.site, OWNER, kites.id)
    assert await _near(client, fog) == {"Linked from": ["Kites"]}
    await _rename(databases, kites, "kites")
    assert await _near(client, fog) == {}


async def test_related_posts_share_the_rarest_tags(client: httpx.AsyncClient, publish: Publish) -> None:
    for number in range(4):
        await publish(f"Sea {number}", tags=("sea",))
    await publish("Rare", tags=("barometer",))
    await publish("Both", tags=("sea", "barometer"))
    await publish("Neither", tags=("wood",))
    await publish("Page", tags=("barometer",), kind="page")
    fog = await publish("Fog", tags=("sea", "barometer"))
    assert await _near(client, fog) == {"Related": ["Both", "Rare", "Sea 3"]}


async def test_posts_that_share_no_tag_are_related_by_links_in_common(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    source = "https://example.org/fog"
    await publish("One link", f"{source}")
    await publish("Two links", f"{source} and https://example.org/sea")
    fog = await publish("Fog", f"{source} and https://example.org/sea")
    await publish("None", "https://example.org/wood")
    assert await _near(client, fog) == {"Related": ["Two links", "One link"]}


async def test_a_related_post_stands_neither_in_the_same_series_nor_among_those_that_link_here(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    fog = await publish("Fog", tags=("sea",), series="Weather")
    await publish("Rain", tags=("sea",), series="Weather")
    await publish("Tides", tags=("sea",), series="Water")
    await publish("Linking", "[fog](/posts/fog)", tags=("sea",))
    await publish("Nebel", tags=("sea",), language="de", translation_key=fog.id)
    assert await _near(client, fog) == {"Related": ["Tides"], "Linked from": ["Linking"]}


async def test_a_withdrawn_post_is_not_related_any_more(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    fog = await publish("Fog", "https://example.org", tags=("sea",))
    tides = await publish("Tides", "https://example.org", tags=("sea",))
    assert await _near(client, fog) == {"Related": ["Tides"]}
    await posts.unpublish(databases.site, OWNER, tides.id)
    assert await _near(client, fog) == {}


async def test_titles_below_a_text_are_escaped(client: httpx.AsyncClient, publish: Publish) -> None:
    fog = await publish("Fog", tags=("sea",))
    await publish("<script>alert(1)</script>", "[fog](/posts/fog)", slug="evil", tags=("sea",))
    assert "<script>alert" not in (await client.get(fog.path)).text


async def test_links_of_texts_published_before_are_found_after_an_upgrade(
    client: httpx.AsyncClient, databases: Databases, publish: Publish
) -> None:
    fog = await publish("Fog")
    await publish("Kites", "[fog](/posts/fog)")
    async with databases.site.transaction() as connection:
        await execute(connection, "DELETE FROM post_links")
        await execute(connection, "UPDATE search_rows SET reading = 1")
    assert await _near(client, fog) == {}
    await posts.read_again(databases.site)
    assert await _near(client, fog) == {"Linked from": ["Kites"]}


async def test_a_common_tag_is_looked_at_in_its_newest_posts_alone(
    databases: Databases, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(related, "LOOKED_AT", 2)
    fog = await publish("Fog", tags=("sea",))
    for number in range(3):
        await publish(f"Sea {number}", tags=("sea",))
    async with databases.site.read() as connection:
        assert [each.title for each in await related.related(connection, fog.id)] == ["Sea 2", "Sea 1"]
