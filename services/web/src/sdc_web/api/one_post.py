"""The post that a path names, as an operation on it has it: whose token asks, what is changed, and the answer."""

from collections.abc import Awaitable, Callable

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.settings import Settings
from sdc_core.sqlite import Database

from sdc_web.api import answers, incoming, once
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.posts import whole
from sdc_web.problems import AnyRequest
from sdc_web.tokens import Bearer


class OnePost(msgspec.Struct, frozen=True, kw_only=True):
    """A request about one post, which may not be there: whatever reads or changes it says so."""

    request: AnyRequest
    databases: Databases
    settings: Settings
    bearer: Bearer
    id: str

    @property
    def site(self) -> Database:
        """Where it lies."""
        return self.databases.site

    @property
    def by(self) -> Actor:
        """Who asks."""
        return self.bearer.actor

    async def read(self) -> answers.Post:
        """The post as it stands. Raises Forbidden, NotFound."""
        async with self.site.read() as connection:
            return answers.post_of(await whole.whole(connection, self.by, self.id), self.settings.site_url)

    async def answer(self) -> Response[bytes]:
        """The same as an answer."""
        return answers.send_post(self.request, await self.read())

    async def once(self, work: Callable[[str], Awaitable[Response[bytes]]]) -> Response[bytes]:
        """What the work answers; when the request comes again under its key, the same once more."""
        sha256 = await incoming.body_sha256(self.request)
        return await once.once(self.request, self.databases.ttl, self.bearer, sha256, work)


async def provide(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    reader: NamedDependency[Bearer],
    post_id: FromPath[str],
) -> OnePost:
    """The dependency `one`. Raises as `bearer.provide_reader` does."""
    return OnePost(request=request, databases=databases, settings=settings, bearer=reader, id=post_id)
