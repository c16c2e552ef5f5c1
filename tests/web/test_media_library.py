from contextlib import closing

import msgspec
import pytest
from sdc_core import clock, sqlite
from sdc_core.errors import Invalid
from sdc_core.settings import Settings
from sdc_core.sqlite import execute
from sdc_web import db, media
from sdc_web.db import Databases
from sdc_web.media import assets, library
from sdc_web.media.library import Filters, Order

import pictures
from signing_in import OWNER


async def found(databases: Databases, order: Order = "newest", after: str = "", **filters: str) -> list[str]:
    """The alternative texts of what is found, in order; the count must agree."""
    asked = msgspec.convert(filters, Filters)
    async with databases.site.read() as connection:
        page = await library.page(connection, OWNER, asked, order, after, 100)
        if not after:
            assert await library.count(connection, asked) == len(page)
    return [each.alt for each in page]


async def pending(databases: Databases, name: str, size_bytes: int = 5, alt: str = "", key: str = "") -> str:
    """The id of a new asset without variants; `key` makes it another one than those of the same name."""
    asset = assets.new_asset(f"{abs(hash(name + key)):064}", name, "image/png", size_bytes, alt)
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    return asset.id


@pytest.mark.parametrize(
    "words", ["harbour", "HARB", "arbou", "cafe", "CAFÉ", "fé har", "by night", "é r", "r b", "river harbour"]
)
async def test_words_are_found_anywhere_whatever_their_case_and_accents(databases: Databases, words: str) -> None:
    asset_id = await pending(databases, "River.jpg", alt="Café, harbour")
    await media.describe(
        databases.site, OWNER, asset_id, media.Words(alt="Café, harbour", title="By night", caption="C")
    )
    await pending(databases, "other.jpg", alt="Something else")
    assert await found(databases, words=words) == ["Café, harbour"]


@pytest.mark.parametrize("words", ['"', "'", "%", "_", "!", "*", "NOT", "a AND", 'har" OR "x', "x" * 5_000, "((("])
async def test_no_sign_in_a_search_means_anything(databases: Databases, words: str) -> None:
    await pending(databases, "harbour.jpg", alt="Boats")
    assert await found(databases, words=words) == []


async def test_new_words_replace_the_old_ones(databases: Databases) -> None:
    asset_id = await pending(databases, "a.jpg", alt="Harbour")
    await media.set_alt(databases.site, OWNER, asset_id, "Mountain")
    assert await found(databases, words="harbour") == []
    assert await found(databases, words="mountain") == ["Mountain"]
    await media.removal.remove(databases.site, OWNER, asset_id)
    assert await found(databases, words="mountain") == []


async def test_each_filter_leaves_out_what_it_names(databases: Databases) -> None:
    photograph = await pictures.picture(databases, "Photograph")
    await pending(databases, "waits.png")
    async with databases.site.transaction() as connection:
        await execute(
            connection,
            "INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us)"
            " VALUES (:id, 'f', 'f', 'image/png', 1, 'Failed', 'failed', 0)",
            {"id": clock.new_id()},
        )
    assert await found(databases, kind="photograph") == ["Photograph"]
    assert await found(databases, kind="animation") == []
    assert await found(databases, state="failed") == ["Failed"]
    assert await found(databases, alt="missing") == [""]
    assert await found(databases, use="used") == []
    await media.trash.put(databases.site, OWNER, [photograph])
    assert await found(databases, kind="photograph") == []


async def place(databases: Databases, order: Order, asset_id: str) -> str:
    """The place behind that asset."""
    async with databases.site.read() as connection:
        return library.place(await assets.require(connection, asset_id), order)


async def test_each_order_goes_on_after_the_last_of_the_page_before(databases: Databases) -> None:
    ids = {}
    for name, size in (("b.png", 30), ("A.png", 10), ("c.png", 20)):
        ids[name] = await pending(databases, name, size, alt=name)
    assert await found(databases, "newest") == ["c.png", "A.png", "b.png"]
    assert await found(databases, "newest", await place(databases, "newest", ids["c.png"])) == ["A.png", "b.png"]
    assert await found(databases, "name") == ["A.png", "b.png", "c.png"]
    assert await found(databases, "name", await place(databases, "name", ids["A.png"])) == ["b.png", "c.png"]
    assert await found(databases, "size") == ["b.png", "c.png", "A.png"]
    assert await found(databases, "size", await place(databases, "size", ids["b.png"])) == ["c.png", "A.png"]


@pytest.mark.parametrize("order", ["newest", "name", "size"])
async def test_what_is_alike_comes_once_whatever_the_order(databases: Databases, order: Order) -> None:
    with clock.frozen(clock.now_us()):
        for number in range(6):
            await pending(databases, "same.png" if number % 2 else "SAME.png", alt=str(number), key=str(number))
    seen: list[str] = []
    after = ""
    async with databases.site.read() as connection:
        while page := await library.page(connection, OWNER, Filters(), order, after, 1):
            seen.append(page[0].alt)
            after = library.place(page[0], order)
    assert sorted(seen) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize("order", ["newest", "name", "size"])
async def test_a_list_goes_on_where_it_was_though_the_last_of_the_page_before_is_gone_or_another(
    databases: Databases, order: Order
) -> None:
    for name, size in (("b", 30), ("a", 10), ("c", 20)):
        await pending(databases, f"{name}.png", size, alt=name)
    async with databases.site.read() as connection:
        first, *rest = await library.page(connection, OWNER, Filters(), order, "", 9)
    after = library.place(first, order)
    async with databases.site.transaction() as connection:
        values = {"id": first.id}
        await execute(connection, "UPDATE media_assets SET file_name = 'z', size_bytes = 1 WHERE id = :id", values)
    # Under its new name, or with its new size, it has its place further on.
    again = [] if order == "newest" else [first.alt]
    assert await found(databases, order, after) == [*(each.alt for each in rest), *again]
    await media.removal.remove(databases.site, OWNER, first.id)
    assert await found(databases, order, after) == [each.alt for each in rest]


@pytest.mark.parametrize("order", ["newest", "name", "size"])
async def test_a_place_that_no_list_has_given_is_refused(databases: Databases, order: Order) -> None:
    async with databases.site.read() as connection:
        for after in ("x", "~", "9" * 30 + ("" if order == "name" else "~a")):
            with pytest.raises(Invalid, match="open it anew"):
                await library.page(connection, OWNER, Filters(), order, after, 9)


async def test_what_all_of_it_takes_is_known_without_counting(databases: Databases) -> None:
    first = await pictures.picture(databases, "First")
    await pending(databases, "b.png", 1_000)
    async with databases.site.read() as connection:
        both = await media.storage(connection, OWNER)
    await media.removal.remove(databases.site, OWNER, first)
    async with databases.site.read() as connection:
        rest = await media.storage(connection, OWNER)
    assert (both.assets, both.original_bytes, both.variant_bytes, both.size_bytes) == (2, 1_009, 4, 1_013)
    assert (rest.assets, rest.size_bytes) == (1, 1_000)


BEFORE = """
INSERT INTO authors (id, name, display_name, created_at_us) VALUES ('a', 'a', 'A', 0);
INSERT INTO media_assets (id, sha256, file_name, content_type, size_bytes, alt, state, uploaded_at_us, manifest)
VALUES ('01ABCDEFGHJKMNPQRSTVWXYZ12', 's', 'old.gif', 'image/gif', 10, 'An old one', 'ready', 0, json_object(
    'recipe', 'r1', 'animated', json('true'), 'variants', json_array(
        json_object('format', 'png', 'size_bytes', 3), json_object('format', 'webp', 'size_bytes', 4))));
INSERT INTO posts (id, kind, slug, author_id, created_at_us) VALUES ('p', 'post', 's', 'a', 0);
INSERT INTO revisions (id, post_id, number, title, slug, summary, body, tags, saved_at_us, author_id)
VALUES ('r', 'p', 1, 'T', 's', '', '![](media:01ABCDEFGHJKMNPQRSTVWXYZ12)', '[]', 0, 'a');
"""


def test_what_was_there_before_the_library_is_in_it(settings: Settings) -> None:
    settings.site_db.parent.mkdir(parents=True)
    scripts = sorted((db.MIGRATIONS / "site").iterdir(), key=lambda each: each.name)
    number = next(at for at, each in enumerate(scripts) if each.name.endswith("_media_library.sql"))
    with closing(sqlite.pysqlite3.connect(settings.site_db)) as connection:
        for script in scripts[:number]:
            connection.executescript(script.read_text())
        connection.executescript(BEFORE)
        connection.execute(f"PRAGMA user_version = {number}")
    sqlite.migrate(settings.site_db, db.MIGRATIONS / "site")
    with closing(sqlite.pysqlite3.connect(settings.site_db)) as connection:
        (told,) = connection.execute("SELECT kind, variant_bytes FROM media_assets")
        (use,) = connection.execute("SELECT asset_id, place FROM media_uses")
        (words,) = connection.execute("SELECT asset_id FROM media_words WHERE media_words MATCH 'old'")
        (storage,) = connection.execute("SELECT assets, original_bytes, variant_bytes FROM media_storage")
    assert (told, storage) == (("animation", 7), (1, 10, 7))
    assert (use, words) == (("01ABCDEFGHJKMNPQRSTVWXYZ12", "text"), ("01ABCDEFGHJKMNPQRSTVWXYZ12",))
