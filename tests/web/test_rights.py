"""Who may do what: every role tries every operation of the nouns."""

# size: one table of every operation, and what is tried on each
import inspect
import pkgutil
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Final, Literal, NamedTuple

import msgspec
import pytest
from sdc_core import clock, service_client
from sdc_core.errors import Forbidden, SdcError
from sdc_core.objects import ObjectStore, local_endpoint, open_store
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection
from sdc_core.webhooks import Keyring
from sdc_web import audit, endpoints, exports, look, media, posts, redirects, tokens, transfers
from sdc_web.about import beacon, robots, site
from sdc_web.authors import accounts, github, invitations, recovery_codes, roster, store, totp
from sdc_web.authors.github_calls import Identity
from sdc_web.authors.rights import RIGHTS, Action, Actor, Scope
from sdc_web.db import Databases
from sdc_web.link_checks import troubled
from sdc_web.media import assets, orphans
from sdc_web.media.upload import Received
from sdc_web.posts import Draft, Entry, preview_links, tags_moved, whole
from sdc_web.posts.series import Series
from sdc_web.reports import analytics, jobs, notes, pictures, saved_views
from sdc_web.webmentions import bringing, entries, moderation, switches, told

ANNS: Final = "Ann's"
NOBODYS: Final = "nobody's"
NOTHING = "01NOTHING"
PASSWORD = "a lamp, a ladder, a lake"
WISHES = endpoints.keeping.Wishes(name="x", url="https://example.org/hook", types=("post.published",))
OCTOCAT = Identity(id=1, login="octocat")


class World(msgspec.Struct, kw_only=True):
    """A site with two authors beside the owner; what is there is Ann's, and what shapes the site is nobody's own."""

    databases: Databases
    settings: Settings
    objects: ObjectStore
    worker: ServiceClient
    owner: Actor
    ann: Actor
    ben: Actor
    viewer: Actor
    post_id: str
    project_id: str
    asset_id: str
    series_id: str
    note_id: str
    trashed_id: str

    async def read(self, ask: Callable[[Connection], Awaitable[object]]) -> object:
        async with self.databases.site.read() as connection:
            return await ask(connection)


@pytest.fixture
async def world(databases: Databases, settings: Settings) -> AsyncGenerator[World]:
    async with databases.site.transaction() as connection:
        made = {
            name: await accounts.prepare(name=name, display_name="", password=None, role=role)
            for name, role in (("owner", "owner"), ("ann", "author"), ("ben", "author"), ("viewer", "viewer"))
        }
        for each in made.values():
            await store.insert(connection, each)
        asset = assets.new_asset("0" * 64, "a.png", "image/png", 9, "A lamp", made["ann"].id)
        await assets.insert(connection, asset)
    ann = made["ann"].actor
    post = await posts.create(databases.site, ann, "post")
    project = await posts.create(databases.site, ann, "project")
    trashed = await posts.create(databases.site, ann, "page")
    await posts.trash.put(databases.site, ann, trashed.id)
    await posts.revisions.save(databases.site, ann, post.id, Draft(title="Fog", tags=("tea",), series="On fog"), 1)
    await posts.publish(databases.site, ann, post.id)
    await tokens.issue(databases.site, ann, name="phone", scope="read", author_id=ann.id)
    async with databases.site.read() as connection:
        (series,) = await posts.series.everything(connection)
    await notes.add(databases.site, ann, "2026-11-24", "A talk")
    async with databases.site.read() as connection:
        (note,) = await notes.of_days(connection, ann, "2026-11-24", "2026-11-24")
    async with (
        open_store(local_endpoint(settings)) as objects,
        service_client.connect(settings.worker_url, Keyring(settings.webhook_secrets)) as worker,
    ):
        yield World(
            databases=databases,
            settings=settings,
            objects=objects,
            worker=worker,
            **{name: each.actor for name, each in made.items()},
            post_id=post.id,
            project_id=project.id,
            asset_id=asset.id,
            series_id=series.id,
            note_id=note.id,
            trashed_id=trashed.id,
        )


async def _png() -> AsyncIterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"


TODAY = analytics.Question(from_day="2026-11-24", to_day="2026-11-24")


class Operation(NamedTuple):
    """What is tried, and whether it is done to something of Ann's, so that Ben has no right to it."""

    action: Action
    whose: Literal["Ann's", "nobody's"]
    call: Callable[[World, Actor], Awaitable[object]]


async def _nothing(_: str) -> exports.static_site.Answer:
    return exports.static_site.Answer(status=404)


def _begun(by: Actor) -> Series:
    return Series(id=clock.new_id(), slug="", title=f"By {by.name}", description="")


def _sent(w: World) -> Received:
    file = w.settings.DATA_DIR / "a.json"
    file.write_text("{}")
    return Received(path=file, sha256="", size_bytes=2, head=b"{}")


def _series(w: World) -> Series:
    return Series(id=w.series_id, slug="on-fog", title="On fog", description="")


OPERATIONS: dict[str, Operation] = {
    "posts.find": Operation("posts.read", ANNS, lambda w, by: w.read(lambda c: posts.find(c, by, w.post_id))),
    "posts.revisions.newest": Operation(
        "posts.read", ANNS, lambda w, by: w.read(lambda c: posts.revisions.newest(c, by, w.post_id))
    ),
    "whole.whole": Operation("posts.read", ANNS, lambda w, by: w.read(lambda c: whole.whole(c, by, w.post_id))),
    "posts.listing": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.listing.last_saved(c, by, 9))
    ),
    "whole.page": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: whole.page(c, by, whole.Filters(), limit=9))
    ),
    "posts.blank": Operation("posts.change", NOBODYS, lambda w, by: posts.blank(w.databases, by, "post")),
    "posts.create": Operation("posts.change", NOBODYS, lambda w, by: posts.create(w.databases.site, by, "post")),
    "whole.begin": Operation(
        "posts.change", NOBODYS, lambda w, by: whole.begin(w.databases.site, by, "post", Draft(title="New"))
    ),
    "posts.revisions.save": Operation(
        "posts.change", ANNS, lambda w, by: posts.revisions.save(w.databases.site, by, w.post_id, Draft(title="x"), 2)
    ),
    "whole.amend": Operation(
        "posts.change", ANNS, lambda w, by: whole.amend(w.databases.site, by, w.post_id, {"title": "y"}, None)
    ),
    "posts.publish": Operation("posts.publish", ANNS, lambda w, by: posts.publish(w.databases.site, by, w.post_id)),
    "posts.publish later": Operation(
        "posts.publish", ANNS, lambda w, by: posts.publish(w.databases.site, by, w.post_id, 9_000_000_000_000_000)
    ),
    "posts.unpublish": Operation("posts.publish", ANNS, lambda w, by: posts.unpublish(w.databases.site, by, w.post_id)),
    "history.name": Operation(
        "posts.change", ANNS, lambda w, by: posts.history.name(w.databases.site, by, w.post_id, NOTHING, "Kept")
    ),
    "history.restore": Operation(
        "posts.change", ANNS, lambda w, by: posts.history.restore(w.databases.site, by, w.post_id, NOTHING, 2)
    ),
    "history.keep_elsewhere": Operation(
        "posts.change", ANNS, lambda w, by: posts.history.keep_elsewhere(w.databases.site, by, w.post_id, 2)
    ),
    "history.set_aside": Operation(
        "posts.change",
        ANNS,
        lambda w, by: posts.history.set_aside(w.databases.site, by, w.post_id, posts.Draft(title="Aside"), 2),
    ),
    "history.discard": Operation(
        "posts.change", ANNS, lambda w, by: posts.history.discard(w.databases.site, by, w.post_id, 2)
    ),
    "schedule.coming": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.schedule.coming(c, by, 9))
    ),
    "schedule.missed": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.schedule.missed(c, by, 9))
    ),
    "listing.titled": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.listing.titled(c, by, "Fog", 9))
    ),
    "listing.counts": Operation("posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.listing.counts(c, by))),
    "schedule.cancel": Operation(
        "posts.publish", ANNS, lambda w, by: posts.schedule.cancel(w.databases.site, by, w.post_id)
    ),
    "schedule.set_end": Operation(
        "posts.publish", ANNS, lambda w, by: posts.schedule.set_end(w.databases.site, by, w.post_id, None)
    ),
    "preview_links.make": Operation(
        "posts.change", ANNS, lambda w, by: preview_links.make(w.databases, by, w.post_id, days=1)
    ),
    "preview_links.listing": Operation(
        "posts.change", ANNS, lambda w, by: preview_links.listing(w.databases, by, w.post_id)
    ),
    "preview_links.revoke": Operation(
        "posts.change", ANNS, lambda w, by: preview_links.revoke(w.databases, by, w.post_id, NOTHING)
    ),
    "posts.handing.writers": Operation(
        "posts.author", NOBODYS, lambda w, by: w.read(lambda c: posts.handing.writers(c, by))
    ),
    "posts.indexing.hide": Operation(
        "posts.publish", ANNS, lambda w, by: posts.indexing.hide(w.databases.site, by, w.post_id, hidden=True)
    ),
    "posts.trash.put": Operation("posts.delete", ANNS, lambda w, by: posts.trash.put(w.databases.site, by, w.post_id)),
    "posts.trash.bring_back": Operation(
        "posts.delete", ANNS, lambda w, by: posts.trash.bring_back(w.databases.site, by, w.post_id)
    ),
    "posts.trash.remove": Operation(
        "posts.delete", ANNS, lambda w, by: posts.trash.remove(w.databases.site, by, w.trashed_id)
    ),
    "posts.trash.listed": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.trash.listed(c, by, 9))
    ),
    "posts.trash.count": Operation("posts.read", NOBODYS, lambda w, by: w.read(lambda c: posts.trash.count(c, by))),
    "media.newest": Operation("media.read", NOBODYS, lambda w, by: w.read(lambda c: media.newest(c, by))),
    "media.page": Operation(
        "media.read", NOBODYS, lambda w, by: w.read(lambda c: media.page(c, by, state=None, limit=9))
    ),
    "media.show": Operation("media.read", NOBODYS, lambda w, by: w.read(lambda c: media.show(c, by, w.asset_id))),
    "media.upload.accept": Operation(
        "media.change",
        NOBODYS,
        lambda w, by: media.upload.accept(w.databases.site, by, w.objects, w.settings, "a.png", _png(), ""),
    ),
    "media.upload.accept for another": Operation(
        "media.change",
        ANNS,
        lambda w, by: media.upload.accept(w.databases.site, by, w.objects, w.settings, "a.png", _png(), "", w.ann.id),
    ),
    "media.set_alt": Operation(
        "media.change", ANNS, lambda w, by: media.set_alt(w.databases.site, by, w.asset_id, "x")
    ),
    "files.make_anew": Operation(
        "media.change",
        ANNS,
        lambda w, by: media.files.make_anew(w.databases.site, by, w.objects, w.settings.S3_MEDIA_BUCKET, w.asset_id),
    ),
    "media.removal.remove": Operation(
        "media.change", ANNS, lambda w, by: media.removal.remove(w.databases.site, by, w.asset_id)
    ),
    "tags.in_use": Operation("tags.read", NOBODYS, lambda w, by: w.read(lambda c: posts.tags.in_use(c, by))),
    "tags.change": Operation(
        "tags.change", NOBODYS, lambda w, by: posts.tags.change(w.databases.site, by, "tea", {"colour": "red"})
    ),
    "tags.merge": Operation(
        "tags.change", NOBODYS, lambda w, by: posts.tags.merge(w.databases.site, by, "tea", "milk")
    ),
    "tags.delete": Operation("tags.change", NOBODYS, lambda w, by: posts.tags.delete(w.databases.site, by, "tea")),
    "tags_moved.free": Operation(
        "tags.change", NOBODYS, lambda w, by: tags_moved.free(w.databases.site, by, "tea", "tee")
    ),
    "tags.bring": Operation(
        "tags.change", NOBODYS, lambda w, by: posts.tags.bring(w.databases.site, by, "mist", "red", "", ())
    ),
    "series.listed": Operation("series.read", NOBODYS, lambda w, by: w.read(lambda c: posts.series.listed(c, by))),
    "series.begin": Operation(
        "series.change", NOBODYS, lambda w, by: posts.series.begin(w.databases.site, by, _begun(by))
    ),
    "series.amend": Operation(
        "series.change",
        NOBODYS,
        lambda w, by: posts.series.amend(w.databases.site, by, w.series_id, {"description": "x"}),
    ),
    "series.bring": Operation(
        "series.change", NOBODYS, lambda w, by: posts.series.bring(w.databases.site, by, "Mist", "mist", "")
    ),
    "archive.write": Operation(
        "site.export",
        NOBODYS,
        lambda w, by: exports.archive.write(
            w.databases, by, w.objects, w.settings, w.settings.DATA_DIR / f"{by.name}.zip"
        ),
    ),
    "static_site.write": Operation(
        "site.export",
        NOBODYS,
        lambda w, by: exports.static_site.write(
            w.databases, by, _nothing, "http://localhost", w.settings.DATA_DIR / f"{by.name}-copy"
        ),
    ),
    "series.change": Operation(
        "series.change", NOBODYS, lambda w, by: posts.series.change(w.databases.site, by, _series(w))
    ),
    "series.delete": Operation(
        "series.change", NOBODYS, lambda w, by: posts.series.delete(w.databases.site, by, w.series_id)
    ),
    "redirects.page": Operation("site.read", NOBODYS, lambda w, by: w.read(lambda c: redirects.page(c, by, "", "", 9))),
    "redirects.add_all": Operation(
        "site.change", NOBODYS, lambda w, by: redirects.add_all(w.databases.site, by, [("/older", "/posts")], "")
    ),
    "redirects.retarget_own": Operation(
        "site.change", NOBODYS, lambda w, by: redirects.retarget_own(w.databases.site, by, "/older", "/tags", "")
    ),
    "redirects.add_own": Operation(
        "site.change", NOBODYS, lambda w, by: redirects.add_own(w.databases.site, by, "/old", "/posts", "")
    ),
    "redirects.show": Operation("site.read", NOBODYS, lambda w, by: w.read(lambda c: redirects.show(c, by, "/old"))),
    "redirects.delete": Operation("site.change", NOBODYS, lambda w, by: redirects.delete(w.databases.site, by, "/old")),
    "navigation.put": Operation(
        "site.change",
        NOBODYS,
        lambda w, by: posts.navigation.put(w.databases.site, by, [Entry(title="A", url="/a")], ""),
    ),
    "navigation.forget": Operation("site.change", NOBODYS, lambda w, by: posts.navigation.forget(w.databases.site, by)),
    "home.candidates": Operation("site.read", NOBODYS, lambda w, by: w.read(lambda c: posts.home.candidates(c, by))),
    "home.arrange": Operation("site.change", NOBODYS, lambda w, by: posts.home.arrange(w.databases.site, by, ())),
    "home.choose": Operation(
        "site.change", NOBODYS, lambda w, by: posts.home.choose(w.databases.site, by, w.project_id)
    ),
    "home.move": Operation(
        "site.change", NOBODYS, lambda w, by: posts.home.move(w.databases.site, by, w.project_id, "up")
    ),
    "home.leave": Operation("site.change", NOBODYS, lambda w, by: posts.home.leave(w.databases.site, by, w.project_id)),
    "beacon.change": Operation("site.change", NOBODYS, lambda w, by: beacon.change(w.databases.site, by, asked=True)),
    "switches.change": Operation(
        "site.change", NOBODYS, lambda w, by: switches.change(w.databases.site, by, switches.Switches(out=True))
    ),
    "bringing.bring": Operation(
        "posts.publish",
        NOBODYS,
        lambda w, by: bringing.bring(w.databases.site, by, "/posts/no", "https://example.org/", entries.Entry(), 1),
    ),
    "moderation.listing": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: moderation.listing(c, by, "waiting"))
    ),
    "moderation.count_waiting": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: moderation.count_waiting(c, by))
    ),
    "moderation.decide": Operation(
        "posts.publish", NOBODYS, lambda w, by: moderation.decide(w.databases.site, by, [NOTHING], "accepted")
    ),
    "moderation.blocked": Operation("site.read", NOBODYS, lambda w, by: w.read(lambda c: moderation.blocked(c, by))),
    "moderation.block": Operation(
        "site.change", NOBODYS, lambda w, by: moderation.block(w.databases.site, by, "example.org")
    ),
    "moderation.allow": Operation(
        "site.change", NOBODYS, lambda w, by: moderation.allow(w.databases.site, by, "example.org")
    ),
    "told.listed": Operation("posts.read", NOBODYS, lambda w, by: w.read(lambda c: told.listed(c, by))),
    "robots.amend": Operation("site.change", NOBODYS, lambda w, by: robots.amend(w.databases.site, by, {})),
    "look.amend": Operation("site.change", NOBODYS, lambda w, by: look.amend(w.databases.site, by, {})),
    "site.amend": Operation("site.change", NOBODYS, lambda w, by: site.amend(w.databases.site, by, {"title": "B"})),
    "library.older": Operation(
        "media.read",
        NOBODYS,
        lambda w, by: w.read(lambda c: media.library.older(c, by, media.library.Filters(), "", 9)),
    ),
    "robots.change": Operation(
        "site.change", NOBODYS, lambda w, by: robots.change(w.databases.site, by, robots.Robots())
    ),
    "look.change": Operation("site.change", NOBODYS, lambda w, by: look.change(w.databases.site, by, look.Look())),
    "site.change": Operation(
        "site.change",
        NOBODYS,
        lambda w, by: site.change(w.databases.site, by, site.Words(title="A", description="", language="en")),
    ),
    "tokens.listing": Operation("tokens.read", NOBODYS, lambda w, by: tokens.listing(w.databases.site, by)),
    "tokens.issue": Operation(
        "tokens.change",
        ANNS,
        lambda w, by: tokens.issue(w.databases.site, by, name="x", scope="read", author_id=w.ann.id),
    ),
    "tokens.revoke": Operation("tokens.change", ANNS, lambda w, by: tokens.revoke(w.databases.site, by, "phone")),
    "accounts.set_password": Operation(
        "account.change", ANNS, lambda w, by: accounts.set_password(w.databases, by, "ann", PASSWORD)
    ),
    "accounts.set_time_zone": Operation(
        "account.change", ANNS, lambda w, by: accounts.set_time_zone(w.databases, by, w.ann.id, "Asia/Tokyo")
    ),
    "accounts.create": Operation(
        "authors.change", NOBODYS, lambda w, by: accounts.create(w.databases, by, name="eve", role="viewer")
    ),
    "roster.members": Operation("authors.read", NOBODYS, lambda w, by: w.read(lambda c: roster.members(c, by))),
    "roster.member": Operation("authors.read", NOBODYS, lambda w, by: w.read(lambda c: roster.member(c, by, w.ben.id))),
    "roster.change_role": Operation(
        "authors.change", NOBODYS, lambda w, by: roster.change_role(w.databases, by, w.ben.id, "owner")
    ),
    "roster.remove": Operation(
        "authors.change", NOBODYS, lambda w, by: roster.remove(w.databases, by, w.ben.id, w.ann.id)
    ),
    "invitations.make": Operation(
        "authors.change", NOBODYS, lambda w, by: invitations.make(w.databases, by, "owner", "")
    ),
    "invitations.listing": Operation("authors.read", NOBODYS, lambda w, by: invitations.listing(w.databases, by)),
    "invitations.revoke": Operation("authors.change", NOBODYS, lambda w, by: invitations.revoke(w.databases, by, "1")),
    "audit.page": Operation("audit.read", NOBODYS, lambda w, by: w.read(lambda c: audit.page(c, by, audit.Filters()))),
    "audit.names": Operation("audit.read", NOBODYS, lambda w, by: w.read(lambda c: audit.names(c, by))),
    "totp.begin": Operation(
        "account.change", NOBODYS, lambda w, by: totp.begin(w.databases, by, w.settings.factors_key)
    ),
    "totp.enrolment": Operation(
        "account.change", NOBODYS, lambda w, by: totp.enrolment(w.databases, by, w.settings.factors_key, site="A")
    ),
    "totp.confirm": Operation(
        "account.change", NOBODYS, lambda w, by: totp.confirm(w.databases, by, w.settings.factors_key, "123456")
    ),
    "totp.turn_off": Operation("account.change", NOBODYS, lambda w, by: totp.turn_off(w.databases, by)),
    "recovery_codes.renew": Operation(
        "account.change", NOBODYS, lambda w, by: recovery_codes.renew(w.databases, by, replaces_us=0)
    ),
    "github.link": Operation("account.change", NOBODYS, lambda w, by: github.link(w.databases, by, OCTOCAT)),
    "github.unlink": Operation("account.change", NOBODYS, lambda w, by: github.unlink(w.databases, by)),
    "endpoints.log.page": Operation(
        "endpoints.read",
        NOBODYS,
        lambda w, by: endpoints.log.page(w.databases.site, by, endpoints.log.Filters()),
    ),
    "endpoints.log.one": Operation("endpoints.read", NOBODYS, lambda w, by: endpoints.log.one(w.databases.site, by, 1)),
    "endpoints.log.replay": Operation(
        "endpoints.change", NOBODYS, lambda w, by: endpoints.log.replay(w.databases.site, by, 1)
    ),
    "endpoints.listing": Operation(
        "endpoints.read", NOBODYS, lambda w, by: endpoints.keeping.listing(w.databases.site, by)
    ),
    "endpoints.one": Operation(
        "endpoints.read", NOBODYS, lambda w, by: endpoints.keeping.one(w.databases.site, by, NOTHING)
    ),
    "endpoints.add": Operation(
        "endpoints.change",
        NOBODYS,
        lambda w, by: endpoints.keeping.add(w.databases.site, by, w.settings, WISHES),
    ),
    "endpoints.change": Operation(
        "endpoints.change",
        NOBODYS,
        lambda w, by: endpoints.keeping.change(w.databases.site, by, w.settings, NOTHING, WISHES),
    ),
    "endpoints.rotate": Operation(
        "endpoints.change",
        NOBODYS,
        lambda w, by: endpoints.keeping.rotate(w.databases.site, by, w.settings, NOTHING, replaces=""),
    ),
    "endpoints.pause": Operation(
        "endpoints.change", NOBODYS, lambda w, by: endpoints.keeping.pause(w.databases.site, by, NOTHING)
    ),
    "endpoints.resume": Operation(
        "endpoints.change", NOBODYS, lambda w, by: endpoints.keeping.resume(w.databases.site, by, NOTHING)
    ),
    "endpoints.remove": Operation(
        "endpoints.change", NOBODYS, lambda w, by: endpoints.keeping.remove(w.databases.site, by, NOTHING)
    ),
    "endpoints.ping": Operation(
        "endpoints.change", NOBODYS, lambda w, by: endpoints.keeping.ping(w.databases.site, by, NOTHING)
    ),
    "endpoints.replay_since": Operation(
        "endpoints.change",
        NOBODYS,
        lambda w, by: endpoints.keeping.replay_since(w.databases.site, by, NOTHING, 0, every=True),
    ),
    "orphans.find": Operation(
        "site.change", NOBODYS, lambda w, by: orphans.find(w.databases.site, by, w.objects, w.settings.S3_MEDIA_BUCKET)
    ),
    "orphans.remove": Operation(
        "site.change",
        NOBODYS,
        lambda w, by: orphans.remove(w.databases.site, by, w.objects, w.settings.S3_MEDIA_BUCKET, ""),
    ),
    "pictures.progress": Operation("site.change", NOBODYS, lambda w, by: pictures.progress(w.worker, by)),
    "pictures.remake": Operation(
        "site.change", NOBODYS, lambda w, by: pictures.remake(w.worker, w.databases.site, by, 80)
    ),
    "jobs.start": Operation(
        "jobs.change", NOBODYS, lambda w, by: jobs.start(w.worker, w.databases.site, by, "cron.expire")
    ),
    "jobs.confirm": Operation(
        "jobs.change", NOBODYS, lambda w, by: jobs.confirm(w.worker, w.databases.site, by, "mirror.daily", "1")
    ),
    "jobs.pause": Operation(
        "jobs.change", NOBODYS, lambda w, by: jobs.pause(w.worker, w.databases.site, by, "cron.expire", paused=True)
    ),
    "jobs.try_mail": Operation("jobs.change", NOBODYS, lambda w, by: jobs.try_mail(w.worker, w.databases.site, by)),
    "analytics.live": Operation("statistics.read", NOBODYS, lambda w, by: analytics.live(w.worker, by)),
    "analytics.batch": Operation(
        "statistics.read", NOBODYS, lambda w, by: analytics.batch(w.worker, by, TODAY, None, analytics.Parts())
    ),
    "analytics.summary": Operation("statistics.read", NOBODYS, lambda w, by: analytics.summary(w.worker, by, TODAY)),
    "analytics.timeseries": Operation(
        "statistics.read", NOBODYS, lambda w, by: analytics.timeseries(w.worker, by, TODAY, "day")
    ),
    "analytics.breakdown": Operation(
        "statistics.read", NOBODYS, lambda w, by: analytics.breakdown(w.worker, by, TODAY, "page")
    ),
    "analytics.latency": Operation("statistics.read", NOBODYS, lambda w, by: analytics.latency(w.worker, by, TODAY)),
    "analytics.parquet": Operation(
        "statistics.read", NOBODYS, lambda w, by: analytics.parquet(w.worker, by, TODAY, "page")
    ),
    "saved_views.listing": Operation(
        "statistics.read", NOBODYS, lambda w, by: w.read(lambda c: saved_views.listing(c, by))
    ),
    "saved_views.save": Operation(
        "views.change", NOBODYS, lambda w, by: saved_views.save(w.databases.site, by, "Mine", "part=pages")
    ),
    "saved_views.forget": Operation(
        "views.change", NOBODYS, lambda w, by: saved_views.forget(w.databases.site, by, "1")
    ),
    "notes.of_days": Operation(
        "statistics.read", NOBODYS, lambda w, by: w.read(lambda c: notes.of_days(c, by, "2026-11-01", "2026-11-30"))
    ),
    "notes.add": Operation(
        "notes.change", NOBODYS, lambda w, by: notes.add(w.databases.site, by, "2026-11-24", "A release")
    ),
    "troubled.listing": Operation(
        "posts.read", NOBODYS, lambda w, by: w.read(lambda c: troubled.listing(c, by, w.settings.site_url))
    ),
    "notes.remove": Operation("notes.change", ANNS, lambda w, by: notes.remove(w.databases.site, by, w.note_id)),
}
OF_TRANSFERS: dict[str, Operation] = {
    "transfers.listing": Operation("site.import", NOBODYS, lambda w, by: transfers.listing(w.databases, by, "import")),
    "transfers.require_place": Operation(
        "site.import", NOBODYS, lambda w, by: transfers.require_place(w.databases, by)
    ),
    "transfers.keep": Operation(
        "site.import",
        NOBODYS,
        lambda w, by: transfers.keep(w.databases, by, w.settings, _sent(w), "a.json", transfers.Wishes()),
    ),
    "transfers.begin": Operation("site.export", NOBODYS, lambda w, by: transfers.begin(w.databases, by, "export")),
    "transfers.one": Operation(
        "site.export", NOBODYS, lambda w, by: transfers.one(w.databases, by, NOTHING, "export", "copy")
    ),
    "transfers.run": Operation("site.import", NOBODYS, lambda w, by: transfers.run(w.databases, by, NOTHING, "take")),
    "transfers.cancel": Operation(
        "site.import", NOBODYS, lambda w, by: transfers.cancel(w.databases, by, NOTHING, "import")
    ),
    "transfers.remove": Operation(
        "site.import", NOBODYS, lambda w, by: transfers.remove(w.databases, by, w.settings, NOTHING, "import")
    ),
    "transfers.downloaded": Operation(
        "site.export", NOBODYS, lambda w, by: transfers.downloaded(w.databases, by, w.settings, NOTHING)
    ),
}
OPERATIONS |= OF_TRANSFERS
# The project is the owner's by then, so this comes last.
OPERATIONS["posts.handing.hand_over"] = Operation(
    "posts.author", NOBODYS, lambda w, by: posts.handing.hand_over(w.databases.site, by, w.project_id, "owner")
)
OF_PAGES_ALONE = {"jobs.read", "backups.read"}
"""Rights that a route asks for, and no operation of a noun yet."""


_TEXTS: frozenset[Action] = frozenset({"posts.read", "tags.read", "series.read"})
_SEEN: frozenset[Action] = frozenset({"posts.publish", "posts.delete", "posts.author", "tags.change", "series.change"})
_SITE: frozenset[Action] = frozenset({"site.read", "endpoints.read", "jobs.read", "backups.read"})
COVERED: Final[dict[Scope, frozenset[str]]] = {
    "read": frozenset(each for each in RIGHTS if each.endswith(".read")),
    "write": frozenset(RIGHTS),
    "posts:read": _TEXTS,
    "posts:write": _TEXTS | {"posts.change"},
    "posts:publish": _TEXTS | {"posts.change"} | _SEEN,
    "media:read": frozenset({"media.read"}),
    "media:write": frozenset({"media.read", "media.change"}),
    "site:read": _SITE,
    "site:write": _SITE | {"site.change", "endpoints.change"},
    "analytics:read": frozenset({"statistics.read"}),
}
"""What a token of that scope may do, if its author may."""


def expected(operation: Operation, by: Actor, world: World) -> bool:
    """Whether the table lets them."""
    if by.scopes is not None and not any(operation.action in COVERED[each] for each in by.scopes):
        return False
    match getattr(RIGHTS[operation.action], by.role):
        case "any":
            return True
        case "own":
            return operation.whose == NOBODYS or by.id == world.ann.id
        case _:
            return False


async def allowed(operation: Operation, by: Actor, world: World) -> bool:
    """Whether they get past the question: what comes then, such as a worker that is away, is another matter."""
    try:
        await operation.call(world, by)
    except Forbidden:
        return False
    except SdcError:
        return True
    return True


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_is_open_to_those_whom_the_table_names_and_to_nobody_else(world: World, name: str) -> None:
    operation = OPERATIONS[name]
    programs = [msgspec.structs.replace(world.owner, scopes=frozenset({each})) for each in COVERED]
    several = msgspec.structs.replace(world.owner, scopes=frozenset({"posts:write", "media:read"}))
    tried = [world.viewer, world.ben, world.ann, world.owner, *programs, several]
    # Those who are refused come first, as they must find everything there.
    for by in sorted(tried, key=lambda each: expected(operation, each, world)):
        assert await allowed(operation, by, world) == expected(operation, by, world), (name, by)


def test_every_right_is_tried() -> None:
    assert {each.action for each in OPERATIONS.values()} | OF_PAGES_ALONE == set(RIGHTS)


async def test_lists_show_an_author_what_is_theirs_and_an_owner_everything(world: World) -> None:
    await posts.create(world.databases.site, world.ben, "post")
    await tokens.issue(world.databases.site, world.ben, name="tablet", scope="read", author_id=world.ben.id)
    for by, count, names in (
        (world.ann, 2, ["phone"]),
        (world.ben, 1, ["tablet"]),
        (world.owner, 3, ["phone", "tablet"]),
    ):
        async with world.databases.site.read() as connection:
            assert len(await posts.listing.last_saved(connection, by, 9)) == count
            assert (await posts.listing.page(connection, by, posts.listing.Filters())).total == count
            assert len(await whole.page(connection, by, whole.Filters(), limit=9)) == count
        assert [each.name for each in await tokens.listing(world.databases.site, by)] == names


async def test_what_is_nobodys_is_an_owners(world: World) -> None:
    async with world.databases.site.transaction() as connection:
        left = assets.new_asset("1" * 64, "b.png", "image/png", 9, "")
        await assets.insert(connection, left)
    with pytest.raises(Forbidden):
        await media.set_alt(world.databases.site, world.ann, left.id, "x")
    assert (await media.set_alt(world.databases.site, world.owner, left.id, "x")).alt == "x"


async def test_what_is_refused_changes_nothing(world: World) -> None:
    for operation in OPERATIONS.values():
        for by in (world.viewer, world.ben):
            if not expected(operation, by, world):
                with suppress(SdcError):
                    await operation.call(world, by)
    async with world.databases.site.read() as connection:
        newest = await posts.revisions.newest(connection, world.ann, world.post_id)
        assert (newest.title, newest.tags, newest.series) == ("Fog", ("tea",), "On fog")
        assert (await posts.find(connection, world.ann, world.post_id)).revision_id == newest.id
        assert (await media.show(connection, world.ann, world.asset_id)).alt == "A lamp"
        assert await redirects.page(connection, world.owner, "", "", 9) == []
        assert not await posts.navigation.is_own(connection)


QUIET = {
    "posts.revisions.save": "an autosave, which the revisions tell of",
    "whole.amend": "the same, by a program",
    "totp.begin": "nothing has changed before its first code",
    "totp.enrolment": "it only reads",
    "preview_links.listing": "the same",
    "posts.handing.writers": "the same",
    "transfers.listing": "the same",
    "transfers.require_place": "the same",
    "home.move": "a single project stays where it is",
    "tags_moved.free": "no tag was called that",
    "moderation.decide": "there is nothing to decide on",
    "files.make_anew": "its sizes are being made",
}
"""What leaves no entry in the audit log beyond what only reads, and why."""
ELSEWHERE = {
    "bringing.bring",
    "endpoints.change",
    "endpoints.log.replay",
    "endpoints.pause",
    "endpoints.ping",
    "endpoints.remove",
    "endpoints.replay_since",
    "endpoints.resume",
    "endpoints.rotate",
    "github.unlink",
    "history.discard",
    "history.keep_elsewhere",
    "history.name",
    "history.restore",
    "history.set_aside",
    "invitations.revoke",
    "jobs.confirm",
    "saved_views.forget",
    "jobs.pause",
    "jobs.start",
    "jobs.try_mail",
    "media.upload.accept",
    "media.upload.accept for another",
    "orphans.find",
    "orphans.remove",
    "pictures.progress",
    "pictures.remake",
    "preview_links.revoke",
    "tags.change",
    "tags.delete",
    "tags.merge",
    "totp.confirm",
    "totp.turn_off",
    "transfers.cancel",
    "transfers.downloaded",
    "transfers.one",
    "transfers.remove",
    "transfers.run",
}
"""What cannot be done with the little that there is here: the tests of the log and of the noun say what is told."""


async def test_each_change_is_told_once_and_what_is_only_read_or_refused_never(world: World) -> None:
    """In the order of the table, so that what is deleted is deleted last; by those whom the table lets."""
    told, done = dict[str, int](), set[str]()
    for name, operation in OPERATIONS.items():
        before = await _entries(world)
        by = world.ann if operation.whose == ANNS else world.owner
        with suppress(SdcError, OSError):
            await operation.call(world, by)
            done.add(name)
        told[name] = await _entries(world) - before
    changes = {name for name, operation in OPERATIONS.items() if not operation.action.endswith(".read")}
    assert {name: told[name] for name in told.keys() - changes if told[name]} == {}
    assert {name: told[name] for name in told.keys() - done if told[name]} == {}
    assert {name: told[name] for name in changes & done if told[name] != (name not in QUIET)} == {}
    assert changes - done == ELSEWHERE


async def _entries(world: World) -> int:
    async with world.databases.site.read() as connection:
        return len(await audit.page(connection, world.owner, audit.Filters(), 1_000))


WITHOUT = {
    # What the site does by itself, when the worker or its own loops say so.
    "sdc_web.posts.publication.unpublish_as_set",
    "sdc_web.posts.schedule.draw_ahead",
    "sdc_web.posts.schedule.meet_due",
    "sdc_web.posts.schedule.run",
    "sdc_web.posts.trash.empty",
    "sdc_web.posts.rereading.read_again",
    "sdc_web.posts.draft_words.read_due",
    "sdc_web.posts.draft_words.run",
    "sdc_web.posts.tags_following.go_on",
    "sdc_web.posts.tags_following.run",
    "sdc_web.media.files.ready",
    "sdc_web.media.files.failed",
    "sdc_web.media.orders.order_again",
    "sdc_web.media.orders.order_due",
    "sdc_web.media.removal.clear_away",
    "sdc_web.media.removal.clear_away_once",
    "sdc_web.media.removal.empty_trash",
    "sdc_web.redirects.uses.open_uses",
    "sdc_web.posts.tags.compose",
    # What draws, or looks through, a text that its caller has been given.
    "sdc_web.checks.look.look",
    "sdc_web.posts.previewing.of",
    "sdc_web.posts.previewing.of_revision",
    # What a secret link opens to whoever has it.
    "sdc_web.posts.preview_links.follow",
    "sdc_web.posts.preview_links.viewed",
    # What tells who somebody is, before anybody acts.
    "sdc_web.authors.accounts.any_exists",
    "sdc_web.authors.accounts.everyone",
    "sdc_web.authors.accounts.has_password",
    "sdc_web.authors.accounts.sign_in",
    "sdc_web.authors.invitations.accept",
    "sdc_web.authors.invitations.find",
    "sdc_web.authors.github.account_of",
    "sdc_web.authors.github.sign_in",
    "sdc_web.authors.github_trips.begin",
    "sdc_web.authors.github_trips.come_back",
    "sdc_web.authors.passkeys.ask_for_known",
    "sdc_web.authors.passkeys.ask_for_new",
    "sdc_web.authors.passkeys.counts",
    "sdc_web.authors.passkeys.made",
    "sdc_web.authors.passkeys.prove",
    "sdc_web.authors.pending.begin",
    "sdc_web.authors.pending.end",
    "sdc_web.authors.pending.find",
    "sdc_web.authors.recovery_codes.left",
    "sdc_web.authors.recovery_codes.sign_in",
    "sdc_web.authors.recovery_codes.use",
    "sdc_web.authors.totp.is_on",
    "sdc_web.authors.totp.verify",
    "sdc_web.endpoints.keeping.happened",
    "sdc_web.endpoints.keeping.tidy",
    "sdc_web.endpoints.rounds.run",
    "sdc_web.link_checks.rounds.look",
    "sdc_web.endpoints.rounds.serve",
    "sdc_web.tokens.bearer.recognise",
    # What others tell, whoever they are; it waits for its author.
    "sdc_web.webmentions.bringing.is_here",
    "sdc_web.webmentions.looking.look",
    "sdc_web.webmentions.looking.run",
    "sdc_web.webmentions.taking.take",
    "sdc_web.webmentions.telling.run",
    "sdc_web.webmentions.telling.tell",
    # What the loop does with transfers that somebody asked for.
    "sdc_web.transfers.rounds.run",
    "sdc_web.transfers.rounds.tidy",
    "sdc_web.transfers.rounds.forget_file",
}
"""Operations that ask for no right."""


def test_every_other_operation_of_a_noun_asks_who_acts() -> None:
    found = set()
    for noun in (
        "posts",
        "media",
        "redirects",
        "tokens",
        "authors",
        "about",
        "look",
        "checks",
        "endpoints",
        "link_checks",
        "webmentions",
        "transfers",
    ):
        package = import_module(f"sdc_web.{noun}")
        for module in (import_module(f"sdc_web.{noun}.{each.name}") for each in pkgutil.iter_modules(package.__path__)):
            for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
                taken = inspect.signature(function).parameters
                opens = {"database", "databases", "site"} & taken.keys()
                if function.__module__ == module.__name__ and not name.startswith("_") and opens and "by" not in taken:
                    found.add(f"{module.__name__}.{name}")
    links = {each for each in found if each.startswith("sdc_web.authors.one_time_tokens.")}
    assert found - links <= WITHOUT
