"""`python -m sdc_cli.demo`: an empty site gets author, posts, pictures and readers, through the doors of real ones.

A child of `sdc up --demo`. It prints one line: a link that signs the author in, or why nothing was added.
"""

import asyncio
import http.client
import re
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import click
from msgspec.structs import replace
from sdc_core import clock, objects, service_client
from sdc_core import settings as core_settings
from sdc_core.errors import Conflict, SdcError
from sdc_core.settings import Settings
from sdc_core.webhooks import Keyring
from sdc_web import media
from sdc_web.about import site
from sdc_web.authors import accounts, one_time_tokens
from sdc_web.authors.rights import SYSTEM
from sdc_web.authors.store import Author
from sdc_web.db import Databases, open_databases
from sdc_web.posts import catalogue, home, publication, revisions, tags
from sdc_web.posts.records import Draft, ProjectFacts

from sdc_cli import demo_content, demo_files, demo_pictures, demo_traffic
from sdc_cli.demo_content import Sample

ANSWER_S = 10.0
NAME = "demo"
_PICTURE = re.compile(r"\bmedia:([a-z]+)")


def main() -> None:
    """Fill the site, or print the reason why not."""
    try:
        click.echo(asyncio.run(fill(core_settings.load())))
    except SdcError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


async def fill(settings: Settings) -> str:
    """The link that signs the new author in. Raises Conflict when the site has an author: it is somebody's."""
    async with (
        open_databases(settings) as databases,
        objects.open_store(objects.local_endpoint(settings)) as store,
        service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
    ):
        if await accounts.any_exists(databases):
            message = "the site has an author already: --demo adds nothing"
            raise Conflict(message)
        author = await accounts.create(databases, SYSTEM, name=NAME, role="owner", display_name="Ada Demo")
        async with databases.site.transaction() as connection:
            await site.set_title(connection, demo_content.TITLE)
        pictures = {
            name: await _upload(databases, author, store, worker, settings, name, alt)
            for name, alt in demo_content.PICTURES.items()
        }
        for name, (file_name, made) in demo_files.FILES.items():
            body = await asyncio.to_thread(made)
            pictures[name] = (await _keep(databases, author, store, settings, file_name, body, "")).id
        paths = [await _publish(databases, author, sample, pictures) for sample in demo_content.SAMPLES]
        for name, colour in demo_content.COLOURS.items():
            await tags.change(databases.site, author.actor, name, {"colour": colour})
        await demo_traffic.send(worker, paths)
        await asyncio.to_thread(_read, settings, paths)
        token = await one_time_tokens.issue_login_link(databases, NAME)
        return f"{settings.site_url}{one_time_tokens.login_path(token)}"


async def _upload(
    databases: Databases,
    author: Author,
    store: objects.ObjectStore,
    worker: service_client.ServiceClient,
    settings: Settings,
    name: str,
    alt: str,
) -> str:
    """The id of a picture, drawn and uploaded; its variants are made while we go on."""
    drawn = await asyncio.to_thread(demo_pictures.draw, name)
    asset = await _keep(databases, author, store, settings, f"{name}.jpg", drawn, alt)
    await media.order(worker, asset)
    return asset.id


async def _keep(
    databases: Databases,
    author: Author,
    store: objects.ObjectStore,
    settings: Settings,
    file_name: str,
    body: bytes,
    alt: str,
) -> media.Asset:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    asset, _ = await media.upload.accept(databases.site, author.actor, store, settings, file_name, chunks(), alt)
    return asset


async def _publish(databases: Databases, author: Author, sample: Sample, pictures: dict[str, str]) -> str:
    """The address of a sample, published on its day."""
    at_us = clock.now_us() - sample.days_ago * clock.DAY_US
    post = await catalogue.create(databases.site, author.actor, sample.kind, at_us)
    draft = Draft(
        title=sample.title,
        summary=sample.summary,
        body=_PICTURE.sub(lambda found: f"media:{pictures[found[1]]}", "\n\n".join(sample.parts)),
        tags=sample.tags,
        cover_asset_id=pictures.get(sample.cover),
        language=sample.language,
        translation_key=sample.translation_key,
        series=sample.series,
        slug=sample.slug,
        project=_with_ids(sample.project, pictures),
    )
    await revisions.save(databases.site, author.actor, post.id, draft, 1)
    if sample.on_home:
        await home.choose(databases.site, author.actor, post.id)
    return (await publication.publish(databases.site, author.actor, post.id, at_us)).path


def _with_ids(project: ProjectFacts | None, pictures: dict[str, str]) -> ProjectFacts | None:
    return project and replace(project, pictures=tuple(pictures[each] for each in project.pictures))


def _read(settings: Settings, paths: list[str]) -> None:
    """Readers of many kinds: each asks for the first page and some others, as browsers do. Web logs what it answers."""
    address = urlsplit(settings.web_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_S)
    try:
        for number, (browser, referrer) in enumerate(demo_content.readers()):
            for path in ["/", *paths[number % 3 :: 3]]:
                headers = {"User-Agent": browser, "Accept": "text/html", "Referer": referrer}
                connection.request("GET", path, headers=headers)
                connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        message = f"web does not answer: {error}"
        raise Conflict(message) from None
    finally:
        connection.close()


if __name__ == "__main__":
    main()
