"""Strings of attackers, and a site that has them in every field."""

from urllib.parse import quote

from sdc_core import clock
from sdc_core.sqlite import execute
from sdc_core.variants import Manifest, StoredVariant
from sdc_web import media, posts
from sdc_web.authors.rights import Actor
from sdc_web.db import Databases
from sdc_web.media import assets
from sdc_web.posts import Draft, Kind
from sdc_web.posts.records import Link, ProjectFacts

CORPUS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><svg onload=alert(1)>",
    "]]><script>alert(1)</script>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#x09;script:alert(1)'>x</a>",
    "[x](javascript:alert(1)) ![x](data:text/html,<script>alert(1)</script>)",
    "<form action=//evil.example><button formaction=javascript:alert(1)>x",
    "<base href=//evil.example><link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<div hx-get=/author/sign-out hx-trigger=load data-hx-post=/x hx-on:click=alert(1)>x</div>",
    "<object data=x><embed src=x><video><source onerror=alert(1)></video>",
    "<details open ontoggle=alert(1)>x</details>",
    "{{ 7 * 7 }}{% raw %}${7*7}<%= 7 %>",
    '<img src="media:MEDIA-ID" alt="a><script>alert(1)</script>" onerror=alert(1)>',
    '![a><script>alert(1)</script>" onerror="alert(1)](media:MEDIA-ID \'"><script>alert(1)</script>\')',
    "<img src=\"media:MEDIA-ID' onerror='alert(1)\">",
    "\u202e<scr\u0000ipt>alert(1)</scr\u0000ipt>",
    "\r\nSet-Cookie: x=1\r\n\r\n<script>alert(1)</script>",
]


def one_line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


async def picture(databases: Databases, number: int, text: str) -> str:
    """The id of an asset that has its variants, and the text wherever one fits."""
    line = one_line(text)
    asset = assets.new_asset(f"{number:064}", line, "image/png", 9, line)
    variant = StoredVariant(name="10.webp", format="webp", width=10, height=10, size_bytes=1)
    manifest = Manifest(recipe="r1", width=10, height=10, variants=(variant,), placeholder="", color="#ffffff")
    async with databases.site.transaction() as connection:
        await assets.insert(connection, asset)
    await media.ready(databases.site, asset.id, manifest)
    return asset.id


KINDS: tuple[Kind, ...] = ("post", "project", "page")
WORD = "quince"
"""A word that each of the texts has, and a tag of theirs."""
SEARCH, SERIES = f"/search?q={WORD}", "/series/attacked"
ALL = one_line(" ".join(CORPUS))[:2_000]
SQL_SITE = "UPDATE site SET title = :all, description = :all, own_navigation = 1"
SQL_AUTHORS = "UPDATE authors SET display_name = :all"
SQL_SERIES = "UPDATE series SET slug = 'attacked', title = :all, description = :all"
SQL_TAG = "INSERT INTO tags (name, colour, description) VALUES (:tag, 'teal', :all)"
SQL_MENU = "INSERT INTO navigation (position, title, url) VALUES (1, :all, '/x')"


async def fill(databases: Databases, by: Actor, running: str = "alert(1)") -> list[str]:
    """Publish each attack in every field of a post, a project and a page, and all of them in what surrounds these; the
    paths of the public pages that show them. `running` is what an attack runs.
    """
    paths = ["/", "/posts", "/projects", "/tags", f"/tags/{WORD}", SERIES, SEARCH, f"/posts/{clock.today()[:4]}"]
    for number, text in enumerate(CORPUS):
        asset_id = await picture(databases, number, text.replace("alert(1)", running))
        attack = text.replace("MEDIA-ID", asset_id).replace("\0", "").replace("alert(1)", running)
        paths += [await _publish(databases, by, kind, f"attacked-{number}-{kind}", attack, asset_id) for kind in KINDS]
        paths.append(f"/search?q={quote(attack)}%20{WORD}")
    async with databases.site.transaction() as connection:
        values = {"all": ALL.replace("alert(1)", running)}
        for statement in (SQL_SITE, SQL_AUTHORS, SQL_SERIES, SQL_MENU):
            await execute(connection, statement, values)
        await execute(connection, SQL_TAG, {**values, "tag": WORD})
        await execute(connection, "UPDATE generation SET n = n + 1")
    return paths


async def _publish(databases: Databases, by: Actor, kind: Kind, slug: str, attack: str, asset_id: str) -> str:
    line = one_line(attack.replace("\u202e", ""))
    facts = ProjectFacts(
        section=line[:40],
        repository=f"https://git.example/{quote(line)}",
        links=(Link(label=line[:60], url=f"/posts/{quote(line, safe='')}"),),
        pictures=(asset_id,),
    )
    draft = Draft(
        title=attack[:150],
        slug=slug,
        summary=attack[:250],
        body=f"{attack}\n\n# {attack}\n\n```{attack}\n{attack}\n```\n\n![{attack}](media:{asset_id})\n\n{WORD}",
        tags=(WORD, attack[:40].replace("/", "_").replace(",", "_")),
        cover_asset_id=asset_id,
        series="Attacked" if kind == "post" else "",
        project=facts if kind == "project" else None,
    )
    made = await posts.create(databases.site, by, kind)
    await posts.revisions.save(databases.site, by, made.id, draft, 1)
    return (await posts.publish(databases.site, by, made.id)).path
