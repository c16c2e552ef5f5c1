"""Search in a static copy: an index of titles and words, and the script that looks through it."""

import re
from html import unescape

import msgspec
from sdc_core import clock
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts.records import Kind, decode_tags, path_of

MAX_WORDS = 4_000
"""Characters of a text that are searched: a reader's browser fetches all of them."""
_MARKUP = re.compile(r"<[^>]*>")
SCRIPT = b"""// Looks through the index of this copy: every word must occur, and none behind a minus; titles count most.
const form = document.getElementById("search-form-site");
const field = document.getElementById("search-query");
const list = document.getElementById("search-results-site");
const plain = (text) => text.normalize("NFKD").replace(/\\p{M}/gu, "").toLowerCase();

function asked() {
  const found = plain(field.value).replace(/[\\u201c\\u201d]/gu, '"').matchAll(/(-?)(?:"([^"]+)"|(\\S+))/gu);
  return [...found].map(([, minus, quoted, word]) => ({ away: minus === "-", text: quoted ?? word }));
}

function made(name, className, ...inside) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...inside);
  return element;
}

function row(entry) {
  const link = made("a", "", entry.title);
  link.href = entry.url;
  const kind = made("p", "meta margin", entry.label);
  const text = made("div", "", made("h2", "post-list-title", link), made("p", "post-list-summary", entry.summary));
  return made("li", "with-margin", kind, text);
}

async function show() {
  const words = asked();
  list.replaceChildren();
  if (!words.some((word) => !word.away)) return;
  const found = [];
  for (const entry of await (await fetch("/search-index.json")).json()) {
    const title = plain(entry.title);
    const all = plain([entry.title, ...entry.tags, entry.summary, entry.words].join(" "));
    if (words.every((word) => all.includes(word.text) !== word.away)) {
      found.push([words.filter((word) => title.includes(word.text)).length, entry]);
    }
  }
  found.sort((one, other) => other[0] - one[0]);
  const said = made("p", "search-said", found.length === 0 ? "Nothing found." : `${found.length} found.`);
  said.setAttribute("role", "status");
  list.append(made("div", "with-margin", made("div", "", said)));
  list.append(made("ul", "post-list", ...found.slice(0, 100).map(([, entry]) => row(entry))));
}

field.value = new URLSearchParams(location.search).get("q") ?? "";
form.addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
  show();
});
show();
"""
_WITHOUT = (
    b"<noscript><p>This copy of the site is searched by a script. Without one, look through "
    b'<a href="/posts">all posts</a> and <a href="/tags">all tags</a>.</p></noscript>\n'
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A text as the script knows it; `label` is what its row says in the margin."""

    url: str
    label: str
    title: str
    summary: str
    tags: tuple[str, ...]
    words: str


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    slug: str
    title: str
    summary: str
    tags_json: str
    body_html: str
    published_at_us: int


SQL_EVERY = """
SELECT posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, coalesce(r.body_html, '') AS body_html,
    posts.published_at_us
FROM posts JOIN revisions AS r ON r.id = posts.revision_id
ORDER BY posts.published_at_us DESC, posts.id DESC
"""


async def index(connection: Connection) -> bytes:
    """Every published text, the newest first, as JSON."""
    return msgspec.json.encode([_entry(row) for row in await fetch_all(connection, _Row, SQL_EVERY)])


def with_script(page: bytes) -> bytes:
    """The page of the search, with the script in the place of the one that asks the server."""
    without = re.sub(rb'<script src="/static/vendor/htmx[^>]*></script>\n?', b"", page)
    without = re.sub(rb'\s*hx-[\w:-]+="[^"]*"', b"", without)
    without = without.replace(b'<div class="search-results"', _WITHOUT + b'<div class="search-results"', 1)
    return without.replace(b"</head>", b'<script type="module" src="/search.js"></script>\n</head>', 1)


def _entry(row: _Row) -> Entry:
    words = " ".join(unescape(_MARKUP.sub(" ", row.body_html)).split())
    return Entry(
        url=path_of(row.kind, row.slug),
        label=clock.day_of(row.published_at_us) if row.kind == "post" else row.kind.capitalize(),
        title=row.title,
        summary=row.summary,
        tags=decode_tags(row.tags_json),
        words=words[:MAX_WORDS],
    )
