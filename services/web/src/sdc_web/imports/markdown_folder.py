"""A folder of Markdown as a source of an import: what each file will be, and where they lead to one another."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from msgspec.structs import replace
from sdc_core.errors import Invalid

from sdc_web.imports import generators, kept_addresses, markdown_files, old_site, pictures, prose
from sdc_web.imports.generators import Tree
from sdc_web.imports.markdown_files import Place
from sdc_web.imports.records import Document, Source
from sdc_web.posts.records import Kind, path_of
from sdc_web.texts import names

LINK = re.compile(r"(?<!!)(\]\(\s*)(<[^<>\n]+>|[^)\s]+)")
_HOME = frozenset({"index", "404"})


def source(folder: Path) -> Source:
    """Its texts. Blocking: it reads every file, to know the addresses of all before the first is taken."""
    tree = generators.known(folder)
    found = generators.files(tree)
    parts = markdown_files.bundled(iter(found), tree)
    places: dict[str, Place] = {}
    refused: dict[str, str] = {}
    for file in found:
        name = str(file.relative_to(folder)).encode(errors="replace").decode()
        if file in parts:
            refused[name] = f"it is a part of {parts[file].relative_to(folder)}, which shows it as Hugo does"
            continue
        try:
            place = markdown_files.placed(file, tree)
        except (Invalid, OSError) as error:
            if str(error):
                refused[name] = str(error)
            continue
        if tree.generator and len(place.below.parts) == 1 and place.named_so in _HOME:
            refused[name] = markdown_files.HOME
            continue
        places[name] = place
    places = _apart(places, for_this_site=not tree.generator)
    addressed = _addressed(places)
    roots = [root for root, _ in tree.roots]
    return Source(
        names=tuple(sorted((*places, *refused))),
        read=lambda name: _read(places[name], tree, addressed),
        located=lambda name, target: _located(_own(target, tree), places[name].file, folder, roots),
        refused=refused,
        addresses=frozenset(path_of(place.kind, place.slug) for place in places.values()),
    )


def _located(target: str, file: Path, folder: Path, roots: list[Path]) -> Path | None:
    """Also in the folder that is called as the text is, in which Hexo keeps what one shows."""
    return pictures.located(target, file.parent, folder, [*roots, file.with_suffix("")])


def _own(target: str, tree: Tree) -> str:
    """The path of a picture that a text names by the whole address of its own site; as it is for any other."""
    if not pictures.is_whole(target) or not tree.host:
        return target
    path = old_site.path_on(tree.host, target)
    return path.removeprefix(tree.base) if path.startswith(f"{tree.base}/") else target


def _read(place: Place, tree: Tree, addressed: Mapping[str, str]) -> Document:
    document = markdown_files.document(place, tree, lambda named: _address(named, place, addressed, by_name=True))

    def put(found: re.Match[str]) -> str:
        return found[1] + (_address(found[2].strip("<>"), place, addressed, by_name=False) or found[2])

    return replace(document, draft=replace(document.draft, body=prose.sub(LINK, put, document.draft.body)))


def _apart(places: Mapping[str, Place], *, for_this_site: bool) -> dict[str, Place]:
    """Each at an address of its own: where several would take one, the later ones have the name of their folder too.
    In order of their files, those in the site's language first, so that the next import comes to the same addresses.
    """
    taken: set[tuple[Kind, str]] = set()
    apart: dict[str, Place] = {}
    for name, place in sorted(places.items(), key=lambda each: (each[1].language, each[0])):
        for slug in _slugs(place):
            if (place.kind, slug) not in taken and not kept_addresses.is_kept(
                place.kind, slug, for_this_site=for_this_site
            ):
                break
        taken.add((place.kind, slug))
        apart[name] = replace(place, slug=slug)
    return apart


def _slugs(place: Place) -> list[str]:
    above = [part.removeprefix("_") for part in place.below.parts[:-1]]
    if generators.is_index(place.file):
        above = above[:-1]
    wider = [names.from_title(" ".join((*above[-count:], place.slug))) for count in range(1, len(above) + 1)]
    if place.language:
        wider.insert(0, names.from_title(f"{place.slug} {place.language}"))
    last = [f"{place.slug[: names.MAX_LENGTH - 6].rstrip('-')}-{count}" for count in range(2, 1_000)]
    return [place.slug, *wider, *last]


def _addressed(places: Mapping[str, Place]) -> dict[str, str]:
    """Where each text will be, by the ways in which another one may name it: its path with and without the suffix, its
    folder, and, behind a colon, its bare name where no other has it. Of translations at one path that in the site's own
    language has it, and behind its language and a bar each.
    """
    named: dict[str, str] = {}
    for place in sorted(places.values(), key=lambda each: each.language, reverse=True):
        path = path_of(place.kind, place.slug)
        below = place.below
        ways = {below.as_posix(), below.with_suffix("").as_posix()}
        if generators.is_index(below):
            ways.add(below.parent.as_posix())
        named.update(dict.fromkeys((*ways, *(f"{place.language}|{each}" for each in ways)), path))
        for each in (f":{below.name}", f":{below.stem}"):
            for way in (each, f"{place.language}|{each}"):
                named[way] = path if named.get(way, path) == path else ""
    return named


def _address(named: str, place: Place, addressed: Mapping[str, str], *, by_name: bool) -> str:
    """The address of the text that `named` stands for in the one at that place, with its fragment. A link names a file
    or what is beside it; a shortcode may name it by its path or, `by_name`, by its bare name.
    """
    path, mark, fragment = unquote(named).partition("#")
    if not path or "://" in path or path.startswith(("mailto:", "//")):
        return ""
    bare = path.strip("/")
    tries: list[str] = []
    if not path.startswith("/"):
        tries += [_joined(place.below.parent, path), _joined(place.below.with_suffix(""), path)]
    if by_name or path.lower().endswith(generators.SUFFIXES):
        tries += [bare, f":{PurePosixPath(bare).name}"]
    tries = [way for each in tries for way in (f"{place.language}|{each}", each)]
    found = next((addressed[each] for each in tries if addressed.get(each)), "")
    return f"{found}{mark}{fragment}" if found else ""


def _joined(folder: PurePosixPath, path: str) -> str:
    parts: list[str] = [part for part in folder.parts if part != "."]
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
