"""Readers of the documents arrive where a link says, and find under its name what a page names."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import sdc_web
import sdc_worker
from litestar import Router
from litestar.handlers import HTTPRouteHandler
from sdc_cli.main import SUBCOMMANDS, Subcommands
from sdc_cli.main import sdc as sdc_command
from sdc_core.settings import PREFIX, Settings
from sdc_web.texts import markdown

from documents import PAGES, ROOT, anchors, blocks, codes, links, prose, source, target

pytestmark = pytest.mark.timeout(120)  # it imports both services, which a busy machine takes its time for
CLICKS = 2
HTTP = re.compile(r"(?:(?P<method>GET|POST|PUT|PATCH|DELETE) )?(?P<path>/[^?\s]*)(?:\?\S*)?")
PLACES = re.compile(r"(?:\.ci|benchmarks|docs|infra|packages|services|tests)/[\w./*-]+")
CALL = re.compile(r"(?:^|bin/|(?<!-u) )sdc (?P<words>[^|;&#<>)]+(?:\|\w+[^|;&#<>)]*)*)")
OF_UV = {"--extra"}
"""Options of another program, which pages name without it."""
OF_OTHERS = {
    "CHROMIUM_PATH", "UV_PYTHON", "SSL_CERT_FILE", "WEED_LEVELDB_ENABLED", "COMPOSE_PROFILES", "SITE_ADDRESS",
    "MINIO_IMAGE", "MORE_ADDRESSES", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
}  # fmt: skip
"""Variables that are no settings."""


def test_each_link_leads_to_something() -> None:
    lost = []
    for page in PAGES:
        for link in links(page):
            file, anchor = target(page, link)
            if not file.exists() or (anchor and anchor not in anchors(file)):
                lost.append(f"{name(page)}: {link}")
    assert lost == []


def test_each_page_is_two_clicks_from_the_first() -> None:
    reached = {ROOT / "README.md"}
    for _ in range(CLICKS):
        reached |= {target(page, link)[0] for page in reached if page in PAGES for link in links(page)}
    assert [name(page) for page in PAGES if page not in reached] == []


def test_each_setting_is_one() -> None:
    known = {f"{PREFIX}{each}" for each in Settings.model_fields} | of_benchmarks()
    lost = []
    for page in PAGES:
        for each in sorted(set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", source(page)))):
            beginning = each.endswith("_") and any(one.startswith(each) for one in known)
            if each not in known and not beginning:
                lost.append(f"{name(page)}: {each}")
    assert lost == []


def test_each_setting_without_its_beginning_is_one() -> None:
    names = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=$|[ /=])")
    lost = [
        f"{name(page)}: {code}"
        for page in PAGES
        for code in codes(page)
        if (found := names.match(code)) and not found[0].startswith((PREFIX, "SQL_"))
        if found[0] not in OF_OTHERS and found[0] not in Settings.model_fields
    ]
    assert lost == []


def test_each_command_and_option_is_one() -> None:
    known = {option for each in every_command() for option in options(each)} | OF_UV
    lost = []
    for page in PAGES:
        lost += [f"{name(page)}: sdc {words}: {fault}" for words in commands(page) if (fault := misuse(words))]
        if page.name != "design-system.md":  # what begins so there is a property of a style
            loose = {code.split()[0] for code in codes(page) if code.startswith("--")}
            lost += [f"{name(page)}: {option}" for option in sorted(loose - known)]
    assert lost == []


def test_each_address_is_one() -> None:
    first = {path.split("/")[1] for _, path in routes()} - {""}
    lost = []
    for page in PAGES:
        for code in codes(page):
            asked = HTTP.fullmatch(code)
            if (
                asked
                and (asked["method"] or asked["path"].split("/")[1] in first)
                and not answered(**asked.groupdict())
            ):
                lost.append(f"{name(page)}: {code}")
    assert lost == []


def test_each_file_is_there() -> None:
    lost = [
        f"{name(page)}: {code}"
        for page in PAGES
        if page.name != "CHANGELOG.md"  # tells of what was there
        for code in codes(page)
        if PLACES.fullmatch(code) and not any(ROOT.glob(code.rstrip("/")))
    ]
    assert lost == []


def test_the_authors_guide_says_what_the_pages_say() -> None:
    templates = (ROOT / "services/web/src/sdc_web/templates/author").rglob("*.html")
    shown = " ".join(re.sub(r"<span[^>]*>|</span>", "", file.read_text(encoding="utf-8")) for file in templates)
    words = set(re.findall(r"\*\*(.+?)\*\*", prose(ROOT / "docs" / "author.md"))) - {"bold"}
    assert len(words) > 20
    assert [each for each in words if not re.search(rf"[>\"]\s*{re.escape(each)}\s*[<\"{{]", shown)] == []


def test_each_drawing_can_be_drawn_by_the_site_itself() -> None:
    drawings = [block for page in PAGES for block in blocks(page) if block.info == "mermaid"]
    assert drawings
    for block in drawings:
        drawn = markdown.render(f"```mermaid\n{block.text}```\n")
        assert drawn.faults == (), block
        assert "data:image/svg+xml" in drawn.html, block


def test_each_picture_is_light_and_shown() -> None:
    pictures = {file for file in (ROOT / "docs" / "screenshots").iterdir() if file.suffix in (".png", ".webp")}
    shown = {target(page, link)[0] for page in PAGES for link in links(page)}
    assert pictures - shown == set()
    assert [file.name for file in pictures if file.stat().st_size > 80_000] == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("backup status --json", ""),
        ("restore --into FOLDER [--at 2026-11-24T10:00] [--from daily]", ""),
        ("fly", "no command fly"),
        ("backups now", "no command backups"),
        ("backup later", "no command later"),
        ("backup now --soon", "no option --soon"),
    ],
)
def test_a_command_that_is_none_would_be_found(words: str, fault: str) -> None:
    assert misuse(words) == fault


def test_an_address_that_is_none_would_be_found() -> None:
    assert answered(method=None, path="/author/media/{id}")
    assert not answered(method=None, path="/author/nowhere")
    assert not answered(method="PATCH", path="/author/posts")


def name(page: Path) -> str:
    """How a test calls a page."""
    return str(page.relative_to(ROOT))


def of_benchmarks() -> set[str]:
    """The settings of benchmarks, which are no part of the program."""
    return {
        each for file in ROOT.glob("benchmarks/*.py") for each in re.findall(r"\bSDC_BENCH_[A-Z0-9_]+", source(file))
    }


def commands(page: Path) -> Iterator[str]:
    """What a page says behind `sdc`, in its text and in its blocks."""
    shell = [each.text for each in blocks(page) if each.info.split()[:1] == ["sh"]]
    for code in (*codes(page), *(line for text in shell for line in lines(text))):
        for each in CALL.finditer(code):
            yield each["words"].strip()


def lines(text: str) -> list[str]:
    """The lines of a block, those that go on put together, without comments."""
    joined = text.replace("\\\n", " ").splitlines()
    return [re.sub(r"(?:^|\s)#.*", "", line) for line in joined]


def misuse(words: str) -> str:
    """What is wrong with a command and its options; nothing where it is right. Values are not looked at."""
    command: click.Command = sdc_command
    allowed = {"--version", *options(command)}
    for word in re.sub(r"[\[\]]", " ", words).split():
        if word.startswith("--"):
            if word.split("=")[0] not in allowed:
                return f"no option {word}"
        elif isinstance(command, click.Group) and not word.startswith(("-", "…")):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"no command {word}"
            command = found
            allowed |= options(command)
    return ""


@cache
def every_command() -> tuple[click.Command, ...]:
    """Each of `sdc`, with those below it."""
    context = click.Context(sdc_command)
    assert isinstance(sdc_command, Subcommands)
    found = [each for name in SUBCOMMANDS if (each := sdc_command.get_command(context, name))]
    return (*found, *(below for each in found if isinstance(each, click.Group) for below in each.commands.values()))


def options(command: click.Command) -> set[str]:
    """How its options are written, the one for help too."""
    return {"--help", *(word for each in command.params if isinstance(each, click.Option) for word in each.opts)}


@cache
def routes() -> frozenset[tuple[str, str]]:
    """Method and path of each route of both services; those of the API also without `/api/v1`, as its page has them."""
    found = set()
    for package in (sdc_web, sdc_worker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(("__main__", ".main")):
                continue
            for handler in vars(importlib.import_module(module.name)).values():
                if isinstance(handler, HTTPRouteHandler):
                    found |= {(method, path) for method in handler.http_methods for path in handler.paths}
                elif isinstance(handler, Router):
                    found |= {(method, each.path) for each in handler.routes for method in getattr(each, "methods", ())}
    return frozenset(found)


def answered(*, method: str | None, path: str) -> bool:
    """Whether a route takes such an address; one that ends in `/` may be the beginning of one."""
    bare = "/" + path.removeprefix("/api/v1").strip("/")
    for known_method, known in routes():
        pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(known))
        if method in (None, known_method) and (
            re.fullmatch(pattern, bare) or (path.endswith("/") and known.startswith(path))
        ):
            return True
    return False
