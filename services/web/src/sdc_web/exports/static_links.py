"""Where the files of a site lead: the addresses of its own that pages, feeds, styles and scripts name."""

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from posixpath import dirname, normpath
from urllib.parse import urlsplit

_LINKING = frozenset({"href", "src", "poster", "srcset", "imagesrcset", "content", "data"})
_READ = frozenset({"", "css", "js", "mjs", "xml", "json", "webmanifest", "txt"})
_DESCRIPTOR = re.compile(r"[\d.]+[wxh],?")
_STYLE = re.compile(r"url\(\s*[\"']?([^\"')\s]+)")
_SCRIPT = re.compile(r"(?:\bfrom|\bimport)\s*\(?\s*[\"'](\.{0,2}/[^\"']+)[\"']")
_NOT_PAGES = frozenset({"api", "author", "hooks", "health", "metrics", "preview"})
"""First segments below which nothing is for everybody, or nothing stays."""


def of(path: str, body: bytes, site_url: str) -> Iterator[str]:
    """The addresses within the site, as `/path` or `/path?query`, that the file at `path` names."""
    last = path.rpartition("/")[2]
    suffix = last.rpartition(".")[2] if "." in last else ""
    if suffix not in _READ or path.startswith("/media/"):
        return  # a picture, or a file that somebody uploaded, which may be large
    text = body.decode("utf-8", "replace")
    match suffix:
        case "":
            found: Iterator[str] = iter(_Page(text).links)
        case "css":
            found = (each[1] for each in _STYLE.finditer(text))
        case "js" | "mjs":
            found = (each[1] for each in _SCRIPT.finditer(text))
        case "xml" | "json" | "webmanifest" | "txt":
            # Feeds hold pages within their own markup.
            text = unescape(text)
            whole = re.findall(re.escape(site_url) + r"/[^\s\"'<>\\)]*", text)
            found = iter([*whole, *re.findall(r'"src":\s*"(/[^"]+)"', text)])
        case _:
            found = iter(())
    for each in found:
        if address := within(each, path, site_url):
            yield address


def within(link: str, beside: str, site_url: str) -> str:
    """The address of this site that a link in the file at `beside` leads to; empty where it leads away, or to what no
    copy holds. A question is part of the address of pictures and of the site's own files alone.
    """
    link = link.strip().removeprefix(site_url) or "/"
    try:
        split = urlsplit(link)
    except ValueError:
        return ""
    if split.scheme or split.netloc or not split.path:
        return ""
    path = split.path if split.path.startswith("/") else normpath(f"{dirname(beside)}/{split.path}")
    first = path.split("/")[1] if path.count("/") else ""
    if first in _NOT_PAGES:
        return ""
    return f"{path}?{split.query}" if split.query and first in ("media", "static", "share") else path


class _Page(HTMLParser):
    """The links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its base passes it
        """One element."""
        for name, value in attrs:
            if not value or name not in _LINKING:
                continue
            if name in ("srcset", "imagesrcset"):
                # No address holds a space, but one that is a picture itself holds commas.
                self.links += [each.rstrip(",") for each in value.split() if not _DESCRIPTOR.fullmatch(each)]
            elif name != "content" or value.startswith(("http://", "https://")):
                self.links.append(value)
