"""The site that a folder of Markdown was made for: which generator, where its texts lie, which of them are pages."""

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PurePosixPath
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

import msgspec

from sdc_web.imports import eleventy, front_matter, hexo, hugo, inside

Generator: TypeAlias = Literal["", "hugo", "jekyll", "hexo", "astro", "eleventy"]

SUFFIXES = (".md", ".markdown", ".mdx", ".mkd", ".mkdn", ".mkdown", ".markdn")
HTML = (".html", ".htm")
"""Texts where they begin with front matter; else what a browser is given as it is."""
_OTHERS = (
    ".textile", ".org", ".adoc", ".asciidoc", ".rst", ".astro",
    ".njk", ".liquid", ".webc", *(f".11ty{suffix}" for suffix in (".js", ".mjs", ".cjs", ".ts")),
)  # fmt: skip
_FENCES = (b"---", b"+++")
MAX_CONFIGURATION_BYTES = 1024 * 1024
_ABOUT_THE_FOLDER = frozenset({"README", "LICENSE", "CHANGELOG", "CONTRIBUTING", "CODE_OF_CONDUCT", "SECURITY"})
_HUGO = tuple(
    f"{folder}{stem}{suffix}"
    for folder in ("", "config/_default/")
    for stem in ("hugo", "config")
    for suffix in (".toml", ".yaml", ".yml", ".json")
)
_TABLES = ("languages", "permalinks")
_INDICES = frozenset({"index", "README"})
"""What the text of a folder itself is called; by the second name documents are kept."""
_JEKYLL = ("_config.yml", "_config.yaml", "_config.toml")
_ELEVENTY = (".eleventy.js", *(f"eleventy.config{suffix}" for suffix in (".js", ".mjs", ".cjs", ".ts")))
_DOCUMENTERS = ("docusaurus.config.*", "mkdocs.y*ml", "book.toml", *(f"{each}.v*press" for each in ("", "docs/")))
"""What sites of documents are told by: those of Docusaurus, MkDocs, mdBook, VuePress and VitePress."""
DOCUMENTS = frozenset({"docs", "doc", "documentation", "manual", "handbook", "wiki"})
"""Folders of such texts, where nothing tells what made the site."""
_INPUT = re.compile(r"""\binput\s*:\s*["']([^"'\n]{1,200})["']""")
_WRITTEN = frozenset({"node_modules", "_site", "public", "dist", "vendor", "themes", "archetypes", "resources"})
"""Folders beside the texts that hold what was built, or came from others."""


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A folder and what is known of its site. `roots` are where texts lie, each with the language of what is there,
    empty for the site's own; `configuration` is what the site says of itself, `base` the path that it was served below.
    """

    folder: Path
    generator: Generator
    roots: tuple[tuple[Path, str], ...]
    configuration: Mapping[str, object]
    languages: frozenset[str] = frozenset()
    base: str = ""
    sections: Mapping[hugo.Section, list[object]] = {}
    documents: bool = False
    """Whether it holds documents in the order of their folders rather than dated texts."""

    @property
    def host(self) -> str:
        """That the site is served at; empty where it does not say."""
        names = ("url",) if self.generator in ("jekyll", "hexo") else ("baseurl",)
        return _host(front_matter.text(self.configuration, *names))

    @property
    def own_language(self) -> str:
        """What a text speaks that names no language."""
        return front_matter.text(self.configuration, "defaultcontentlanguage").lower() or "en"

    def place(self, file: Path) -> tuple[PurePosixPath, str]:
        """Where a file lies below its root, and the language of that root."""
        root, language = next(each for each in self.roots if file.is_relative_to(each[0]))
        return PurePosixPath(file.relative_to(root).as_posix()), language


def known(folder: Path) -> Tree:
    """What kind of site the folder is; none where nothing tells."""
    for name in _HUGO:
        if (folder / name).is_file() and (folder / "content").is_dir():
            return _hugo(folder, _whole(folder, _configuration(folder, folder / name)))
    for name in _JEKYLL:
        if (folder / name).is_file():
            return _configured(folder, _configuration(folder, folder / name))
    if (folder / "_posts").is_dir():
        return _plain(folder, "jekyll", {})
    if any(folder.glob("astro.config.*")):
        source = folder / "src"
        roots = [each for each in (source / "content", source / "pages", source / "data", source) if each.is_dir()]
        return Tree(folder=folder, generator="astro", roots=_rooted(roots or [folder]), configuration={})
    for name in _ELEVENTY:
        if (folder / name).is_file():
            named = _INPUT.search(_text(folder, folder / name))
            root = folder / named[1] if named else folder
            root = root if root.is_dir() and inside.holds(folder, root) else folder
            return Tree(folder=folder, generator="eleventy", roots=((root, ""),), configuration={})
    is_marked = any(next(folder.glob(each), None) for each in _DOCUMENTERS)
    return _plain(folder, "", {}, documents=is_marked or folder.resolve().name in DOCUMENTS)


def files(tree: Tree) -> list[Path]:
    """Every file that may be a text, sorted: none that is hidden, is about the folder itself or was built."""
    found = {file for root, _ in tree.roots for file in _below(root, tree)}
    return sorted(found)


def is_index(file: PurePath) -> bool:
    """Whether it is the text of its folder, whatever language its name says."""
    return file.stem.split(".")[0] in _INDICES


def is_other(file: Path) -> bool:
    """Whether it is a text in a form that is not read here."""
    return file.name.lower().endswith(_OTHERS)


def defaults(tree: Tree, file: Path, below: PurePosixPath) -> dict[str, object]:
    """What the site says of every text at such a place, unless it says otherwise itself."""
    if tree.generator == "hugo":
        language = hugo.spoken(file, tree.languages) or tree.own_language
        return hugo.cascaded(tree.sections, tree.configuration.get("cascade"), file, below, language)
    if tree.generator == "eleventy":
        return eleventy.said(tree.folder, file, below)
    given = tree.configuration.get("defaults")
    fields: dict[str, object] = {}
    for each in given if tree.generator == "jekyll" and isinstance(given, list) else ():
        if not isinstance(each, dict):
            continue
        scope, values = front_matter.table(each, "scope"), front_matter.table(each, "values")
        path = front_matter.text(scope, "path").strip("/")
        folder = next((part for part in below.parts[:-1] if part.startswith("_")), "pages")
        kind = front_matter.text(scope, "type")
        if (not path or below.is_relative_to(path)) and kind in ("", folder.removeprefix("_")):
            fields.update(values)
    return fields


def _below(root: Path, tree: Tree) -> Iterator[Path]:
    for file in root.rglob("*"):
        parts = file.relative_to(root).parts
        if not file.name.lower().endswith((*SUFFIXES, *HTML, *_OTHERS)) or _is_apart(file, tree):
            continue
        if any(part.startswith(".") or part == "node_modules" for part in parts):
            continue
        if tree.generator and root == tree.folder and parts[0] in _WRITTEN:
            continue
        if tree.generator in ("jekyll", "hexo", "eleventy") and any(_is_inner(part, tree) for part in parts[:-1]):
            continue
        if tree.generator == "astro" and parts[-1].startswith("_"):
            continue
        if file.suffix.lower() == ".astro" and (root.name != "pages" or any("[" in part for part in parts)):
            # A component, or what makes pages of texts that are read here themselves.
            continue
        if file.is_file() and (file.suffix.lower() not in HTML or _is_fenced(file)):
            yield file


def _is_apart(file: Path, tree: Tree) -> bool:
    """Whether it is about the folder itself, or of a section where there are none."""
    if file.stem == "README" and not tree.generator:
        return file.parent == tree.folder
    return file.stem in _ABOUT_THE_FOLDER or (tree.generator != "hugo" and file.stem.startswith("_index"))


def _is_fenced(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(6).removeprefix(codecs.BOM_UTF8)[:3] in _FENCES
    except OSError:
        # Whoever reads it says why it cannot be read.
        return True


def _is_inner(part: str, tree: Tree) -> bool:
    """Whether a folder is the generator's own: layouts, includes and what it built, but for collections of texts."""
    if not part.startswith("_"):
        return False
    collections = tree.configuration.get("collections")
    named = collections if isinstance(collections, list | dict) else ()
    return part not in ("_posts", "_drafts") and part.removeprefix("_") not in {str(each) for each in named}


def _whole(folder: Path, configuration: Mapping[str, object]) -> dict[str, object]:
    """Hugo's settings with those that have a file of their own, named by the table that it is."""
    whole = dict(configuration)
    for file in sorted((folder / "config" / "_default").glob("*.*")):
        table, _, language = file.stem.lower().partition(".")
        if table not in _TABLES or file.suffix not in (".toml", ".yaml", ".yml", ".json"):
            continue
        said = _configuration(folder, file)
        if language:
            said = {language: said}
        whole[table] = {**front_matter.table(whole, table), **said}
    return whole


def _hugo(folder: Path, configuration: Mapping[str, object]) -> Tree:
    content = _inside(folder, front_matter.text(configuration, "contentdir") or "content")
    own = front_matter.text(configuration, "defaultcontentlanguage").lower() or "en"
    languages = front_matter.table(configuration, "languages")
    roots: list[tuple[Path, str]] = []
    for language in languages:
        of_language = front_matter.table(languages, language)
        if said := front_matter.text(of_language, "contentdir"):
            roots.append((_inside(folder, said), "" if language == own else language))
    roots.append((content, ""))
    # The narrower root first: a language may have a folder within the content.
    roots.sort(key=lambda each: -len(each[0].parts))
    spoken = frozenset(languages) | {own}
    return Tree(
        folder=folder,
        generator="hugo",
        roots=tuple(each for each in roots if each[0].is_dir()),
        configuration=configuration,
        languages=spoken,
        base=_base(front_matter.text(configuration, "baseurl")),
        sections=hugo.sections(folder, (root for root, _ in roots), spoken, own),
    )


def _configured(folder: Path, configuration: Mapping[str, object]) -> Tree:
    """The settings of Hexo and of Jekyll lie in files of the same name."""
    source = folder / (front_matter.text(configuration, "source_dir") or "source")
    if not (source / hexo.POSTS).is_dir() or not inside.holds(folder, source):
        return _plain(folder, "jekyll", configuration)
    return Tree(
        folder=folder,
        generator="hexo",
        roots=((source, ""),),
        configuration=configuration,
        base=_base(front_matter.text(configuration, "root") or front_matter.text(configuration, "url")),
    )


def _plain(folder: Path, generator: Generator, configuration: Mapping[str, object], *, documents: bool = False) -> Tree:
    said = front_matter.text(configuration, "baseurl")
    return Tree(
        folder=folder,
        generator=generator,
        roots=((folder, ""),),
        configuration=configuration,
        base=_base(said),
        documents=documents,
    )


def _rooted(roots: list[Path]) -> tuple[tuple[Path, str], ...]:
    return tuple((root, "") for root in roots)


def _inside(folder: Path, name: str) -> Path:
    """A folder that the configuration names, the content where it lies outside."""
    found = folder / name.strip("/")
    return found if inside.holds(folder, found) else folder / "content"


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _base(address: str) -> str:
    """The path that a site was served below, such as `/blog`; empty for none."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:
        return ""
    return "/" + path.strip("/") if path.strip("/") else ""


def _configuration(folder: Path, file: Path) -> dict[str, object]:
    return front_matter.configuration(_text(folder, file), file.suffix.lower())


def _text(folder: Path, file: Path) -> str:
    inside.require(folder, file)
    if file.stat().st_size > MAX_CONFIGURATION_BYTES:
        return ""
    return file.read_text(encoding="utf-8", errors="replace")
