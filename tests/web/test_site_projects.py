"""Projects as readers find them: what each says of itself, and their page by section."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import httpx
import msgspec
import pytest
from sdc_core import clock
from sdc_core.errors import Conflict, Invalid
from sdc_web import media, posts
from sdc_web.db import Databases
from sdc_web.posts import Draft, Link, Post, ProjectFacts
from sdc_web.site import pages

from pictures import picture
from signing_in import OWNER

Publish = Callable[..., Awaitable[Post]]
LAMP = ProjectFacts(
    status="in progress",
    section="Electronics",
    repository="https://git.example/ada/lamp",
    links=(Link(label="Parts", url="/posts/parts"), Link(url="https://shop.example/leds?a=1&b=2")),
)


async def test_a_project_says_what_it_is_in_words_and_to_machines(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Lamp", kind="project", project=LAMP)
    page = (await client.get("/projects/lamp")).text
    assert "<dt>Status</dt><dd>in progress</dd>" in page
    assert "<dt>Section</dt><dd>Electronics</dd>" in page
    assert '<a href="https://git.example/ada/lamp" rel="external noopener">git.example/ada/lamp</a>' in page
    assert '<dd><a href="/posts/parts">Parts</a></dd>' in page
    assert '<a href="https://shop.example/leds?a=1&amp;b=2" rel="external noopener">shop.example</a>' in page
    data = msgspec.json.decode(page.partition('ld+json">')[2].partition("</script>")[0])
    told = [data[name] for name in ("@type", "codeRepository", "creativeWorkStatus")]
    assert told == ["SoftwareSourceCode", "https://git.example/ada/lamp", "in progress"]


async def test_a_project_that_says_nothing_has_no_empty_facts(client: httpx.AsyncClient, publish: Publish) -> None:
    await publish("Lamp", kind="project")
    page = (await client.get("/projects/lamp")).text
    assert 'class="facts"' not in page
    assert "gallery" not in page
    assert '"@type":"CreativeWork"' in page


async def test_pictures_are_shown_in_their_order_each_leading_to_its_largest_file(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    first, second = await picture(databases, "A <lamp>"), await picture(databases, "Its inside")
    await publish("Lamp", "", kind="project", project=ProjectFacts(pictures=(second, first)))
    gallery = (await client.get("/projects/lamp")).text.partition('aria-label="Pictures"')[2]
    links = [gallery.index(f'<a href="/media/{each}/960.jpg?r=r1"><span class="picture">') for each in (second, first)]
    assert links == sorted(links)
    assert '<figcaption aria-hidden="true">A &lt;lamp&gt;</figcaption>' in gallery
    assert f"/media/{second}/960.jpg" in (await client.get("/sitemap.xml")).text


async def test_a_picture_without_words_is_a_link_with_a_name(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    await publish("Lamp", kind="project", project=ProjectFacts(pictures=(await picture(databases, ""),)))
    page = (await client.get("/projects/lamp")).text
    assert 'aria-label="Picture 1">' in page
    assert "<figcaption" not in page


async def test_a_picture_of_a_project_cannot_be_deleted(publish: Publish, databases: Databases) -> None:
    asset_id = await picture(databases, "A lamp")
    await publish("Lamp", kind="project", project=ProjectFacts(pictures=(asset_id,)))
    with pytest.raises(Conflict, match="Lamp"):
        await media.removal.remove(databases.site, OWNER, asset_id)


async def test_projects_stand_by_section_and_those_without_one_last(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    for title, section in (("Case", "printing"), ("Loose", ""), ("Lamp", "electronics"), ("Clock", "Electronics")):
        await publish(title, kind="project", project=ProjectFacts(section=section, status="finished"))
    page = (await client.get("/projects")).text
    shown = [">Electronics</h2>", ">Clock<", ">Lamp<", ">printing</h2>", ">Case<", ">Others</h2>", ">Loose<"]
    places = [page.index(each) for each in shown]
    assert places == sorted(places)
    assert page.count('<span class="project-status">finished</span>') == 4


async def test_many_projects_show_the_newest_and_the_others_by_year(
    client: httpx.AsyncClient, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ON_LIST", 2)
    for number, day in enumerate(("2019-05-01", "2020-05-01", "2021-05-01")):
        at_us = clock.from_datetime(datetime.fromisoformat(f"{day}T00:00:00+00:00"))
        facts = ProjectFacts(section="Light")
        await publish(f"Lamp {number}", kind="project", at_us=at_us, project=facts)
    newest = (await client.get("/projects")).text
    assert [f"Lamp {n}" in newest for n in range(3)] == [False, True, True]
    assert '<a href="/projects/2019">2019</a> <span class="meta">1<span class="visually-hidden"> projects' in newest
    year = (await client.get("/projects/2019")).text
    assert [f"Lamp {n}" in year for n in range(3)] == [True, False, False]
    assert '<h1 class="page-title">Projects of 2019</h1>' in year
    assert '<a href="/projects/2019" aria-current="page">2019</a>' in year
    assert '<link rel="canonical" href="http://localhost:8000/projects/2019">' in year


async def test_a_project_whose_name_is_a_year_comes_before_the_projects_of_that_year(
    client: httpx.AsyncClient, publish: Publish
) -> None:
    at_us = clock.from_datetime(datetime.fromisoformat("2019-05-01T00:00:00+00:00"))
    await publish("Lamp", kind="project", at_us=at_us)
    assert "By year" not in (await client.get("/projects")).text
    assert (await client.get("/projects/2019")).status_code == 200
    assert (await client.get("/projects/2020")).status_code == 404
    await publish("2019", kind="project", at_us=at_us)
    assert '<h1 class="page-title p-name">2019</h1>' in (await client.get("/projects/2019")).text


async def test_what_a_project_says_is_of_the_revision_that_readers_see(
    client: httpx.AsyncClient, publish: Publish, databases: Databases
) -> None:
    post = await publish("Lamp", kind="project", project=LAMP)
    changed = Draft(title="Lamp", slug="lamp", body="x", project=msgspec.structs.replace(LAMP, status="resting"))
    await posts.revisions.save(databases.site, OWNER, post.id, changed, 2)
    assert "<dd>in progress</dd>" in (await client.get("/projects/lamp")).text
    await posts.publish(databases.site, OWNER, post.id)
    assert "<dd>resting</dd>" in (await client.get("/projects/lamp")).text


async def test_a_project_has_changed_when_its_facts_have_and_not_when_they_are_published_again(
    publish: Publish, databases: Databases
) -> None:
    first = await publish("Lamp", kind="project", project=LAMP)
    again = Draft(title="Lamp", slug="lamp", body="A text.", project=LAMP)
    await posts.revisions.save(databases.site, OWNER, first.id, again, 2)
    same = await posts.publish(databases.site, OWNER, first.id)
    assert same.changed_at_us == first.changed_at_us
    await posts.revisions.save(databases.site, OWNER, first.id, Draft(title="Lamp", body="A text."), 3)
    emptied = await posts.publish(databases.site, OWNER, first.id)
    assert emptied.changed_at_us is not None
    assert emptied.changed_at_us > (first.changed_at_us or 0)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"status": "abandoned"}, "project.status"),
        ({"section": "x" * 41}, "project.section"),
        ({"repository": "http://git.example/x"}, "project.repository"),
        ({"repository": "javascript:alert(1)"}, "project.repository"),
        ({"repository": "/posts/x"}, "project.repository"),
        ({"repository": "https://ada:secret@git.example/x"}, "project.repository"),
        ({"links": (Link(label="x", url="javascript:alert(1)"),)}, "project.links"),
        ({"links": (Link(label="x", url="//evil.example"),)}, "project.links"),
        ({"links": (Link(label="x" * 61, url="/x"),)}, "project.links"),
        ({"links": (Link(url="/x"),) * 9}, "project.links"),
        ({"pictures": ("01ARZ3NDEKTSV4RRFFQ69G5FAV",)}, "project.pictures"),
        ({"pictures": tuple(map(str, range(25)))}, "project.pictures"),
        ({"pictures": ("\ud800",)}, "project.pictures"),
    ],
)
async def test_what_no_project_can_say_is_refused_at_its_field(
    databases: Databases, author_id: str, facts: dict[str, object], field: str
) -> None:
    post = await posts.create(databases.site, OWNER, "project")
    draft = Draft(title="Lamp", project=msgspec.structs.replace(ProjectFacts(), **facts))
    with pytest.raises(Invalid) as refused:
        await posts.revisions.save(databases.site, OWNER, post.id, draft, 1)
    assert refused.value.field == field


async def test_a_post_says_nothing_that_only_projects_say(databases: Databases, author_id: str) -> None:
    post = await posts.create(databases.site, OWNER, "post")
    with pytest.raises(Invalid, match="Only projects"):
        await posts.revisions.save(databases.site, OWNER, post.id, Draft(title="x", project=LAMP), 1)
