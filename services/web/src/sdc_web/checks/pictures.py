"""The pictures that a text shows: whether the library has them, and whether readers can see them."""

import re
from collections.abc import Iterator

import msgspec
from sdc_core.sqlite import Connection
from sdc_core.variants import Manifest

from sdc_web import media
from sdc_web.checks import links
from sdc_web.checks.findings import Finding
from sdc_web.checks.parsed import Target
from sdc_web.checks.words import shortened
from sdc_web.posts.records import Draft, Kind, Post

HEAVY_BYTES = 700_000
_MEDIA = re.compile(r"media:([0-9A-Z]{26})")


class _Use(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, and where the text names it."""

    asset_id: str
    field: str
    line: int | None = None
    said: str = ""


async def look_for_files(connection: Connection, post: Post, shown: tuple[Target, ...], site_url: str) -> list[Finding]:
    """The pictures that are shown by the address of a file, where the library has none."""
    here = {each: links.path_of_link(each.address, post, site_url) for each in shown}
    lost = await links.lost_files(connection, here.values())
    return [
        Finding(
            rule="picture-missing", what=f"The picture {shortened(each.address)} is not in the library.", line=each.line
        )
        for each, path in here.items()
        if path in lost
    ]


async def look(
    connection: Connection, draft: Draft, kind: Kind, shown: tuple[Target, ...], linked: tuple[Target, ...]
) -> list[Finding]:
    """What is wrong with the cover, what the text shows or leads to of the library, and the pictures of a project."""
    uses = [
        _Use(asset_id=named[1], field="body_markdown", line=each.line, said=each.text)
        for each in shown
        if (named := _MEDIA.fullmatch(each.address))
    ]
    links_to = [(each, named[1]) for each in linked if (named := _MEDIA.fullmatch(each.address.partition("#")[0]))]
    if draft.project:
        uses += [_Use(asset_id=each, field="project_pictures") for each in draft.project.pictures]
    cover = draft.cover_asset_id
    named_ids = {each.asset_id for each in uses} | {asset_id for _, asset_id in links_to}
    assets = await media.by_ids(connection, named_ids | ({cover} if cover else set()))
    found = [each for use in uses for each in _of(use, assets.get(use.asset_id))]
    found += [
        Finding(
            rule="picture-missing",
            what=f"What «{shortened(each.text)}» leads to is not in the library.",
            line=each.line,
        )
        for each, asset_id in links_to
        if asset_id not in assets
    ]
    if not cover:
        return (
            found if kind == "page" else [*found, Finding(rule="no-cover", what="It has no cover.", field="cover_id")]
        )
    asset = assets.get(cover)
    if asset is None or asset.state == "failed" or not asset.is_picture:
        found.append(Finding(rule="cover-missing", what="The cover cannot be shown.", field="cover_id"))
    elif _unseen(asset):
        found.append(Finding(rule="picture-pending", what="The cover is still in work.", field="cover_id"))
    elif not asset.alt and not asset.decorative:
        what = f"The cover {shortened(asset.file_name)} has no alternative text in the library."
        found.append(Finding(rule="no-alt", what=what, field="cover_id"))
    return found


def _of(use: _Use, asset: media.Asset | None) -> Iterator[Finding]:
    if asset is None:
        what = f"The picture {shortened(use.said) or use.asset_id} is not in the library."
        yield Finding(rule="picture-missing", what=what, field=use.field, line=use.line)
        return
    if use.field == "body_markdown" and not use.said and asset.is_picture and not asset.decorative:
        yield Finding(rule="no-alt", what="A picture has no alternative text.", line=use.line)
    name = shortened(asset.file_name)
    if asset.state == "failed":
        yield Finding(rule="picture-failed", what=f"{name} cannot be shown.", field=use.field, line=use.line)
    if _unseen(asset):
        yield Finding(rule="picture-pending", what=f"{name} is still in work.", field=use.field, line=use.line)
    if use.field == "project_pictures" and not asset.alt and not asset.decorative:
        what = f"{name} has no alternative text in the library."
        yield Finding(rule="no-alt", what=what, field=use.field)
    if asset.manifest and (heavy := _smallest(asset.manifest)) > HEAVY_BYTES:
        what = f"{name} takes {heavy / 1_000_000:.1f} MB."
        yield Finding(rule="heavy-picture", what=what, field=use.field, line=use.line)


def _unseen(asset: media.Asset) -> bool:
    """Whether readers see no picture yet: its first size is there long before all of them."""
    return asset.state == "pending" and asset.manifest is None


def _smallest(manifest: Manifest) -> int:
    """Bytes of the widest variant in the format that needs least of them."""
    widest = max((each.width for each in manifest.variants), default=0)
    return min((each.size_bytes for each in manifest.variants if each.width == widest), default=0)
