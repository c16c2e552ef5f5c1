"""Pictures of the old site by their addresses, its own or those of what delivers them for it, and their files in the
folder that came along.
"""

import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from sdc_core.errors import Invalid

from sdc_web.imports import pictures

_SIZED = re.compile(r"-\d{2,5}x\d{2,5}(?=\.\w{3,4}\Z)")
"""What WordPress adds to the name of a smaller copy."""
_GHOST_SIZE = re.compile(r"/size/w\d+(?:h\d+)?(?:/format/\w+)?(?=/)")
_PHOTON = re.compile(r"i\d\.wp\.com\Z")
"""Delivers pictures of WordPress sites, each below the name of its host."""
_OF_WORDPRESS_COM = ".wordpress.com"
_FILES_OF_WORDPRESS_COM = ".files.wordpress.com"
_STORE_OF_GHOST = "storage.ghost.io"
_OF_GHOST = "/content/images/"
_KEPT_BY_GHOST = re.compile(r"/content/(?:images|files|media)/")
_TELLING = 3
"""Parts of a path that are no chance, such as year, month and name."""


def split(address: str) -> SplitResult:
    """The parts of an address, which may leave out its scheme; none of what is none."""
    try:
        found = urlsplit(f"https:{address}" if address.startswith("//") else address)
        return urlsplit("") if found.port == 0 else found
    except ValueError:  # a port that is no number, half an address of IPv6
        return urlsplit("")


def path_on(host: str, address: str) -> str:
    """The path that an address of that host names, without the marks of a smaller copy, also where another one delivers
    it; empty for any other host.
    """
    found = split(address)
    named, path = (found.hostname or "").removeprefix("www."), found.path
    if found.scheme not in ("", "http", "https"):
        return ""
    if _PHOTON.match(named):
        named, _, below = path.lstrip("/").partition("/")
        named, path = named.lower().removeprefix("www."), f"/{below}"
    if named and named != host.removeprefix("www."):
        return ""
    return path if path.startswith("/") else ""


def path_at(target: str, hosts: Collection[str]) -> str:
    """The path that a text means by a path, or by an address at one of these hosts; empty for any other."""
    if not pictures.is_whole(target):
        return target
    return next(filter(None, (path_on(host, target) for host in hosts)), "")


def path_of_ghost(target: str) -> str:
    """The path that a text of Ghost means by a path, or by an address at which some host delivers its pictures."""
    if not pictures.is_whole(target):
        return target
    path = split(target).path
    kept = _KEPT_BY_GHOST.search(path)
    below = path[kept.end() :] if kept else ""
    return path[kept.start() :] if kept and len([part for part in below.split("/") if part]) >= _TELLING else ""


def located(path: str, folder: Path, *, least: int = 1) -> Path | None:
    """The picture at that path of the old site, in a folder that holds the site, its uploads or a part of these; by at
    least so many parts of the path.
    """
    for each in originals(path):
        parts = [part for part in unquote(each).split("/") if part]
        for skipped in range(len(parts) - least + 1):
            if found := pictures.located(quote("/".join(parts[skipped:])), folder, folder):
                return found
    return None


def located_of_ghost(target: str, folder: Path) -> Path | None:
    """The same of what a text of Ghost names."""
    return located(path_of_ghost(target), folder, least=_TELLING if pictures.is_whole(target) else 1)


def originals(path: str) -> list[str]:
    """The paths of a picture, that of its largest self first."""
    whole = _GHOST_SIZE.sub("", path)
    return list(dict.fromkeys((_SIZED.sub("", whole), whole)))


def original(address: str) -> str:
    """The address at which those who deliver smaller copies have the picture as it was uploaded."""
    found = split(address)
    host, address = found.hostname or "", found.geturl()
    if _PHOTON.match(host):
        return found._replace(query="ssl=1" if "ssl=1" in found.query else "").geturl()
    if host.endswith(_FILES_OF_WORDPRESS_COM):
        return found._replace(query="").geturl()
    return found._replace(path=_GHOST_SIZE.sub("", found.path)).geturl() if _OF_GHOST in found.path else address


def own_hosts(site: SplitResult) -> frozenset[str]:
    """The hosts at which the pictures of an old site are, with those that its makers keep for it."""
    host = (site.hostname or "").removeprefix("www.")
    port = f":{site.port}" if site.port not in (None, 80, 443) else ""
    hosts = {f"{host}{port}", f"www.{host}{port}", _STORE_OF_GHOST}
    if host.endswith(_OF_WORDPRESS_COM):
        hosts.add(f"{host.removesuffix(_OF_WORDPRESS_COM)}{_FILES_OF_WORDPRESS_COM}")
    return frozenset(hosts)


def checked(site: str) -> SplitResult:
    """The address of an old site. Raises Invalid for what is none."""
    try:
        found = urlsplit(site)
        named = found.scheme in ("http", "https") and found.hostname and not found.query and "@" not in found.netloc
        named = named and found.port != 0
    except ValueError:
        named = False
    if not named:
        raise Invalid("name the old site by its address, as in https://old.example", field="old_site")
    return found
