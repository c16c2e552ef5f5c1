"""Media assets that have their variants, without the bytes of any."""

from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media
from sdc_web.db import Databases
from sdc_web.media import assets


async def picture(databases: Databases, alt: str) -> str:
    """The id of a new asset with two sizes in two formats; the alt text makes it another one than the rest."""
    asset = assets.new_asset(f"{abs(hash(alt)):064}", f"{alt}.png", "image/png", 9, alt)
    variants = tuple(
        StoredVariant(name=f"{width}.{end}", format=form, width=width, height=width, size_bytes=1)
        for width in (480, 960)
        for form, end in (("webp", "webp"), ("jpeg", "jpg"))
    )
    manifest = Manifest(recipe="r1", width=960, height=960, variants=variants, placeholder="", color="#ffffff")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, manifest)
    return asset.id
