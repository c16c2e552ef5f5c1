"""Strings of attackers in every field that an author fills in: none of them runs, wherever it is shown."""

from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import quote
from xml.etree import ElementTree  # noqa: ICN001 - nothing else of it is used

import httpx
import msgspec
import pytest
from sdc_core.sqlite import execute
from sdc_web import posts
from sdc_web.db import Databases
from sdc_web.posts import Draft

import attacks
from attacks import CORPUS, picture
from signing_in import BROWSER, HTMX, OWNER, come_in

PAGES = [
    "/",
    "/posts",
    "/projects",
    "/tags",
    "/author",
    "/author/posts",
    "/author/media",
    "/author/sessions",
]
FEEDS = ("/feed.xml", "/rss.xml", "/sitemap.xml")
URLS = frozenset({"href", "src", "action", "formaction", "cite", "data", "srcset", "poster"})
HARMLESS = (
    "http:",
    "https:",
    "mailto:",
    "tel:",
    "/",
    "#",
    "?",
    "data:image/svg+xml,%3Csvg",
    "data:image/webp;base64,",
    ".",
)
FRAME = {"class": "preview", "title": "Preview", "sandbox": "allow-same-origin", "data-src": "", "data-update": ""}


class Finder(HTMLParser):
    """Finds what would run in a browser."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_data = False

    def handle_data(self, data: str) -> None:
        if self._is_data:
            try:
                msgspec.json.decode(data)
            except msgspec.DecodeError:
                self.found.append(f"a broken block of data {data}")

    def handle_endtag(self, tag: str) -> None:
        self._is_data = self._is_data and tag != "script"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._is_data = tag == "script" and attrs == [("type", "application/ld+json")]
        if tag == "script" and not self._is_data and not values.get("src", "").startswith("/static/"):
            self.found.append(f"script {values}")
        if tag in ("iframe", "object", "embed", "base", "math", "animate", "applet", "frame") and not is_preview(
            values
        ):
            self.found.append(tag)
        if any(values.get(name, "").lstrip().startswith("//") for name in URLS):
            self.found.append(f"{tag} {values}")
        if "/author/sign-out" in values.get("hx-get", ""):
            self.found.append(f"{tag} {values}")
        if tag == "meta" and "http-equiv" in values:
            self.found.append(f"meta {values}")
        for name, value in values.items():
            if name.startswith(("on", "data-hx-on")) or name in ("srcdoc", "style"):
                self.found.append(f"{tag} {name}={value}")
            if name in URLS and ":" in value.partition("/")[0] and not value.startswith(HARMLESS):
                self.found.append(f"{tag} {name}={value}")


def is_preview(values: dict[str, str]) -> bool:
    """Whether it is the frame of the editor, in which no script runs and which names nothing that an author wrote."""
    named = {**values, "data-src": "", "data-update": ""}
    return named == FRAME and all(values[each].startswith("/author/posts/") for each in ("data-src", "data-update"))


def runs(html: str) -> list[str]:
    finder = Finder()
    finder.feed(html)
    return finder.found


async def write(client: httpx.AsyncClient, kind: str, number: int, attack: str, asset_id: str) -> list[str]:
    """Publish a post with the attack in every field; what would run in the answers and on its own pages."""
    opened = (await client.post("/author/posts", data={"kind": kind}, headers=BROWSER)).headers["location"]
    form = {
        "title": attack[:150],
        "slug": f"attacked-{number}",
        "summary": attack[:250],
        "tags": attack[:40].replace("/", "_").replace(",", "_"),
        "body_markdown": f"{attack}\n\n# {attack}\n\n```{attack}\n{attack}\n```\n\n![{attack}](media:{asset_id})",
        "cover_id": asset_id,
        "base_revision": "1",
    }
    if kind == "project":
        line = " ".join(attack.replace("\u202e", "").split())
        form |= {
            "project_section": line[:40],
            "project_repository": f"https://git.example/{''.join(line.split())}",
            "project_links": f"{line[:60]} /posts/{quote(line, safe='')}",
            "project_pictures": asset_id,
        }
    previewed = await client.post(f"{opened}/preview", data=form, headers=HTMX)
    published = await client.post(f"{opened}/publication", data={**form, "intent": "anyway"}, headers=BROWSER)
    assert published.status_code == 303, published.text
    stale = await client.put(f"{opened}/draft", data={**form, "title": "x", "base_revision": "1"}, headers=HTMX)
    assert stale.status_code == 412
    refused = await client.put(f"{opened}/draft", data={**form, "slug": attack, "base_revision": "2"}, headers=BROWSER)
    assert refused.status_code == 422
    answers = [previewed, stale, refused]
    place = {"post": "/posts/", "page": "/", "project": "/projects/"}[kind]
    tag = quote(form["tags"].strip().lower(), safe="")
    for path in (f"{place}{form['slug']}", opened, f"{opened}/preview", f"/author/media/{asset_id}", f"/tags/{tag}"):
        answers += [await client.get(path, headers=BROWSER)]
    return [f"{answer.request.url}: {each}" for answer in answers for each in runs(answer.text)]


@pytest.mark.parametrize("kind", ["post", "page", "project"])
async def test_a_stored_attack_runs_nowhere(client: httpx.AsyncClient, databases: Databases, kind: str) -> None:
    await come_in(client, databases)
    found: list[str] = []
    for number, text in enumerate(CORPUS):
        asset_id = await picture(databases, number, text)
        attack = text.replace("MEDIA-ID", asset_id).replace("\0", "")
        found += await write(client, kind, number, attack, asset_id)
    for path in PAGES:
        found += [f"{path}: {each}" for each in runs((await client.get(path, headers=BROWSER)).text)]
    for path in FEEDS:
        found += feed_runs((await client.get(path)).text)
    for item in msgspec.json.decode((await client.get("/feed.json")).content)["items"]:
        found += [f"feed.json: {each}" for each in runs(item["content_html"])]
    assert not found, "\n".join(found)


async def test_an_attack_in_a_name_or_an_address_runs_nowhere(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    found: list[str] = []
    for text in CORPUS:
        line = " ".join(text.replace("\0", "").split())
        async with databases.site.transaction() as connection:
            await execute(connection, "UPDATE site SET title = :line, description = :line", {"line": line})
            await execute(connection, "UPDATE authors SET display_name = :line", {"line": line})
            await execute(connection, "UPDATE generation SET n = n + 1", {})
        asked: list[tuple[str, dict[str, str]]] = [
            ("/", {}),
            ("/author/posts", {"q": line}),
            ("/search", {"q": text}),
            ("/author/sessions", {"said": text}),
            ("/author/sign-in", {"next": text}),
            ("/author/statistics", {"path": text}),
            (f"/{quote(text, safe='')}", {}),
        ]
        for path, query in asked:
            answer = await client.get(path, params=query, headers=BROWSER)
            found += [f"{path} {query}: {each}" for each in runs(answer.text)]
        for path in FEEDS:
            found += feed_runs((await client.get(path)).text)
    assert not found, "\n".join(found)


async def test_an_attack_in_what_surrounds_a_text_runs_nowhere(client: httpx.AsyncClient, databases: Databases) -> None:
    author = await come_in(client, databases)
    draft = await posts.create(databases.site, author.actor, "post")
    await posts.revisions.save(
        databases.site, author.actor, draft.id, Draft(title="Fog", series="On fog", tags=("fog",)), 1
    )
    post = await posts.publish(databases.site, OWNER, draft.id)
    async with databases.site.transaction() as connection:
        await execute(connection, "UPDATE site SET own_navigation = 1")
        await execute(connection, "INSERT INTO tags (name, colour, description) VALUES ('fog', 'teal', 'x')")
    found: list[str] = []
    for text in CORPUS:
        line = " ".join(text.replace("\0", "").split())
        async with databases.site.transaction() as connection:
            await execute(connection, "UPDATE series SET title = :line, description = :line", {"line": line})
            await execute(connection, "UPDATE tags SET description = :line", {"line": line})
            await execute(connection, "DELETE FROM navigation")
            values = {"line": line}
            await execute(connection, "INSERT INTO navigation (position, title, url) VALUES (1, :line, '/x')", values)
        pages = [
            *("/", "/posts", post.path, "/series/on-fog", "/tags", "/tags/fog"),
            *("/author/series", "/author/tags", "/author/tags/fog", "/author/navigation", "/author/redirects"),
        ]
        for path in pages:
            answer = await client.get(path, headers=BROWSER)
            assert answer.status_code == HTTPStatus.OK, path
            found += [f"{path}: {each}" for each in runs(answer.text)]
        for path in ("/feed.xml", "/rss.xml", "/series/on-fog/rss.xml", "/tags/fog/feed.xml"):
            found += feed_runs((await client.get(path)).text)
    assert not found, "\n".join(found)


async def test_an_attack_that_is_found_listed_or_read_by_machines_runs_nowhere(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    author = await come_in(client, databases)
    attacked = await attacks.fill(databases, author.actor)
    found: list[str] = []
    for path in attacked:
        answer = await client.get(path, headers=BROWSER)
        assert answer.status_code == HTTPStatus.OK, path
        found += [f"{path}: {each}" for each in runs(answer.text)]
        if path.startswith(attacks.SEARCH):
            assert answer.text.count("post-list-title") > 1, path
    missing = await client.get("/posts/attacked-none", headers=BROWSER)
    assert missing.status_code == HTTPStatus.NOT_FOUND
    found += [f"404: {each}" for each in runs(missing.text)]
    for path in (
        *FEEDS,
        "/opensearch.xml",
        "/projects/feed.xml",
        f"/tags/{attacks.WORD}/rss.xml",
        f"{attacks.SERIES}/feed.xml",
    ):
        found += feed_runs((await client.get(path)).text)
    for path in ("/feed.json", "/projects/feed.json"):
        for item in msgspec.json.decode((await client.get(path)).content)["items"]:
            found += [f"{path}: {each}" for each in runs(item["content_html"])]
    manifest = await client.get("/manifest.webmanifest")
    assert msgspec.json.decode(manifest.content)["name"] == attacks.ALL
    assert not found, "\n".join(found)


def feed_runs(text: str) -> list[str]:
    """What would run where a feed is read, or opened as a page; it must be well formed."""
    found = []
    for element in ElementTree.fromstring(text).iter():
        if "xhtml" in element.tag and "link" not in element.tag:
            found.append(f"an element of a page, {element.tag}")
        if element.tag.rpartition("}")[2] in ("content", "encoded", "description"):
            found += [f"{element.tag}: {each}" for each in runs(element.text or "")]
    return found
