import hashlib
import re
from http import HTTPStatus
from urllib.parse import urljoin

import httpx
import pytest
from sdc_web import templating

FOREVER = "public, max-age=31536000, immutable"


async def test_every_file_is_served_at_its_own_address_for_ever(client: httpx.AsyncClient) -> None:
    for name, file in templating.static_files().items():
        answer = await client.get(templating.static_address(name))
        assert answer.status_code == HTTPStatus.OK, name
        assert answer.content == file.body, name
        assert answer.headers["cache-control"] == FOREVER, name


async def test_a_file_under_its_plain_name_is_asked_about_each_time(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/css/site.css")
    assert answer.headers["cache-control"] == "no-cache"
    again = await client.get("/static/css/site.css", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == HTTPStatus.NOT_MODIFIED


async def test_an_address_of_former_days_gets_the_file_as_it_is_now_and_is_not_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/static/css/site.00000000.css")
    assert answer.status_code == HTTPStatus.OK
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, br", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip, zstd", "zstd"),
        ("br;q=0, gzip", "gzip"),
        ("deflate", None),
    ],
)
async def test_text_files_come_compressed(client: httpx.AsyncClient, accepted: str, coding: str | None) -> None:
    answer = await client.get("/static/css/site.css", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.content == templating.static_files()["css/site.css"].body
    known = {"accept-encoding": accepted, "if-none-match": answer.headers["etag"]}
    assert (await client.get("/static/css/site.css", headers=known)).status_code == HTTPStatus.NOT_MODIFIED


async def test_every_file_that_a_page_names_is_there(client: httpx.AsyncClient) -> None:
    css = templating.static_files()["css/site.css"].body.decode()
    pages = (await client.get("/")).text
    for address in {part.split('"')[0] for part in pages.split('="') if part.startswith("/static/")}:
        assert (await client.get(address)).status_code == HTTPStatus.OK, address
    for part in css.split("url(")[1:]:
        address = part.split(")")[0].strip("'\"")
        if address.startswith("/static/"):
            assert (await client.get(address)).status_code == HTTPStatus.OK, address


async def test_a_script_names_what_it_imports_by_its_content_and_finds_it_there(client: httpx.AsyncClient) -> None:
    scripts = [name for name in templating.static_files() if name.startswith("js/")]
    named: list[str] = []
    for name in scripts:
        address = templating.static_address(name)
        text = (await client.get(address)).text
        named += [urljoin(address, found) for found in re.findall(r'\b(?:from |import |import\()"([^"]+)"', text)]
    assert len(named) > 10
    for address in set(named):
        assert (await client.get(address)).headers["cache-control"] == FOREVER, address


def test_vendored_files_are_those_that_were_looked_at() -> None:
    files = templating.static_files()
    sums = (templating.ROOT / "static/vendor/SHA256SUMS").read_text(encoding="utf-8").splitlines()
    found = {f"vendor/{name}": digest for digest, name in (line.split() for line in sums)}
    assert found == {
        name: hashlib.sha256(file.body).hexdigest()
        for name, file in files.items()
        if name.startswith("vendor/") and name.endswith(".js")
    }


@pytest.mark.parametrize("name", sorted(name for name in templating.static_files() if name.endswith(".css")))
def test_every_rule_of_a_style_sheet_lies_in_a_layer(name: str) -> None:
    """A brace too many ends the layer, and what follows outweighs everything."""
    css = re.sub(r"/\*.*?\*/", "", templating.static_files()[name].body.decode(), flags=re.DOTALL)
    depth, outermost, written = 0, [], ""
    for letter in css:
        if letter == "{" and depth == 0:
            outermost.append(written.split(maxsplit=1)[0])
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
        written = "" if letter in "{};" else written + letter
    assert depth == 0
    assert set(outermost) <= {"@layer", "@font-face"}
