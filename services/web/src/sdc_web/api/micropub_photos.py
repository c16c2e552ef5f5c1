"""Pictures that an app sends with a post, or names by an address: each becomes a media asset of this site."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec.structs import replace
from sdc_core import outside
from sdc_core.errors import Invalid
from sdc_core.objects import ObjectStore
from sdc_core.service_client import ServiceClient
from sdc_core.settings import Settings

from sdc_web import media
from sdc_web.api.micropub_entries import Photo
from sdc_web.api.micropub_requests import MAX_PHOTOS, Properties
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.file_forms import Sent
from sdc_web.media import formats

FETCH_S = 30.0
FIELDS = frozenset({"photo", "photo[]"})
_ID_LENGTH = 26


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """Where they go, and whose they are; `private` lets pictures be fetched from this machine and its network."""

    databases: Databases
    settings: Settings
    store: ObjectStore
    worker: ServiceClient
    by: Actor
    private: bool = False

    async def all_of(
        self,
        photos: Sequence[Photo],
        files: Sequence[Sent],
        properties: Properties,
        held: frozenset[str] = frozenset(),
    ) -> tuple[Photo, ...]:
        """Those of the files, then those that are named; of assets that the post has already, the `held`, whatever
        they are. Raises Forbidden, Invalid, TooLarge, Unavailable.
        """
        if any(each.field not in FIELDS for each in files):
            raise Invalid("files are sent as `photo`", field="photo")
        if len(files) + len(photos) > MAX_PHOTOS:
            raise Invalid(f"a post has at most {MAX_PHOTOS} pictures that are sent as `photo`", field="photo")
        for file in files:
            formats.require_picture(file.received.head)
        alts = [each if isinstance(each, str) else "" for each in properties.get("mp-photo-alt", [])]
        said = [*alts, *[""] * len(files)]
        sent = [Photo(asset_id=await self.keep(file, alt), alt=alt) for file, alt in zip(files, said, strict=False)]
        return (*sent, *[await self._asset(each, held) for each in photos])

    async def keep(self, file: Sent, alt: str) -> str:
        """The id of the asset of a file that has come."""
        asset, _ = await media.upload.keep(
            self.databases.site, self.by, self.store, self.settings, file.received, file.name, alt
        )
        return await self._ordered(asset)

    async def _asset(self, photo: Photo, held: frozenset[str]) -> Photo:
        if photo.asset_id:
            return photo
        asset_id = self._here(photo.url)
        if not asset_id:
            return replace(photo, asset_id=await self._fetched(photo))
        async with self.databases.site.read() as connection:
            asset = await media.find(connection, asset_id)
            if asset is None or not (asset.is_picture or asset_id in held):
                raise Invalid(f"there is no picture at {photo.url[:200]}", field="photo")
        return replace(photo, asset_id=asset_id)

    def _here(self, url: str) -> str:
        """The id of the asset that an address of this site shows; empty for one elsewhere."""
        for below in (f"{self.settings.site_url}/media/", f"{self.settings.MEDIA_URL}/"):
            if self.settings.site_url and url.startswith(below) and below != "/":
                asset_id = url.removeprefix(below).partition("/")[0]
                return asset_id if len(asset_id) == _ID_LENGTH else ""
        return ""

    async def _fetched(self, photo: Photo) -> str:
        """The asset of a picture that is on another site. Only hosts of the public internet are asked."""
        rights.require(self.by, "media.change")
        try:
            split = urlsplit(photo.url)
            is_whole = split.scheme in ("http", "https") and bool(split.hostname) and "@" not in split.netloc
        except ValueError:
            is_whole = False
        if not is_whole:
            raise Invalid("a `photo` is an http or https address, or comes along as a file", field="photo")
        attempt = await outside.fetch(photo.url, {"accept": "image/*"}, timeout_s=FETCH_S, private=self.private)
        if not attempt.ok or not attempt.body:
            reason = attempt.error or f"it answered {attempt.status}"
            raise Invalid(f"the picture at {photo.url[:200]} cannot be fetched: {reason}", field="photo")
        body = attempt.body
        try:
            formats.require_picture(body[: formats.HEAD_BYTES])
        except Invalid as error:
            raise Invalid(f"the picture at {photo.url[:200]} cannot be taken: {error}", field="photo") from None

        async def whole() -> AsyncIterator[bytes]:
            yield body

        name = unquote(split.path).rpartition("/")[2]
        asset, _ = await media.upload.accept(
            self.databases.site, self.by, self.store, self.settings, name, whole(), photo.alt
        )
        return await self._ordered(asset)

    async def _ordered(self, asset: media.Asset) -> str:
        if asset.state == "pending":
            await media.order(self.worker, asset)
        return asset.id
