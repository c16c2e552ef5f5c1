import html5lib
import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from sdc_core.errors import Forbidden
from sdc_web import same_origin
from sdc_web.author import route_handlers as author_routes
from sdc_web.author.signed_in import local_path
from sdc_web.author.views import DraftForm
from sdc_web.dashboard import route_handlers as dashboard_routes
from sdc_web.db import Databases

from signing_in import BROWSER, HTMX, come_in, send

OURS = "https://example.org"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": OURS}, False),
        ({"origin": OURS}, True),
        ({"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"}, True),
        ({"origin": "https://www.example.org", "host": "www.example.org"}, True),
        ({"origin": "http://example.org", "host": "example.org"}, False),
        ({"origin": "http://localhost.evil.example", "host": "localhost.evil.example"}, False),
        ({"origin": "https://evil.example", "host": "example.org"}, False),
        ({"origin": "https://example.org.evil.example"}, False),
        ({"origin": "null"}, False),
        ({"host": "example.org"}, False),
        ({}, False),
    ],
)
def test_only_our_own_pages_may_write(headers: dict[str, str], *, allowed: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    if allowed:
        same_origin.require(raw, OURS)
        return
    with pytest.raises(Forbidden):
        same_origin.require(raw, OURS)


async def test_who_is_signed_out_while_writing_is_told_that_the_text_is_kept(client: httpx.AsyncClient) -> None:
    from_a_text = await client.get("/author/sign-in?next=/author/posts/01M87ASAWRYSFVFZENRJQK4TAT", headers=BROWSER)
    from_elsewhere = await client.get("/author/sign-in?next=/author/jobs", headers=BROWSER)
    assert "kept in this browser" in from_a_text.text
    assert "kept in this browser" not in from_elsewhere.text


async def test_a_form_of_another_site_does_nothing(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    answer = await client.post("/author/posts", data={"kind": "post"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


async def test_an_overridden_method_passes_the_same_gate(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    answer = await client.post("/author/sessions?_method=DELETE", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


CLOSED = [each for each in (*author_routes, *dashboard_routes) if "right" in each.opt]
"""Who may call the others stands in the table of `test_bad_input_access`."""


@pytest.mark.parametrize("handler", CLOSED, ids=str)
async def test_every_author_address_asks_strangers_to_sign_in(
    client: httpx.AsyncClient, handler: HTTPRouteHandler
) -> None:
    for path in sorted(handler.paths):
        for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"}):
            address = path
            for variable in ("{post_id:str}", "{asset_id:str}", "{session_id:str}", "{name:str}"):
                address = address.replace(variable, "x")
            answer = await client.request(method, address, headers=BROWSER)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/author/sign-in"), path


async def test_a_stranger_is_brought_back_to_where_they_wanted_to_go(client: httpx.AsyncClient) -> None:
    answer = await client.get("/author/posts?state=draft", headers=BROWSER)
    assert answer.headers["location"] == "/author/sign-in?next=/author/posts%3Fstate%3Ddraft"


async def test_htmx_is_told_to_go_to_the_sign_in_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/author/posts", headers=HTMX)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/author/sign-in?next=/author/posts"


@pytest.mark.parametrize("path", ["/author/sign-in", "/author/posts", "/author/setup?token=x", "/author/none/such"])
async def test_nothing_of_the_author_is_kept_by_caches(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=BROWSER)
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/author/posts?state=draft", "/author/posts?state=draft"),
        ("", "/author"),
        ("https://evil.example/author", "/author"),
        ("//evil.example/author", "/author"),
        ("/author//evil.example", "/author"),
        ("/\\evil.example", "/author"),
        ("/author\n/x", "/author"),
        ("/author/sign-in?next=/author", "/author"),
        ("/author/../api/v1/posts", "/author"),
        ("/author/%2E%2e/api", "/author"),
        ("/author/.%2e", "/author"),
        ("/author/./posts", "/author"),
        ("/author/tags/a..b?q=../x", "/author/tags/a..b?q=../x"),
        ("/authority", "/author"),
        ("javascript:alert(1)", "/author"),
    ],
)
def test_nobody_is_sent_off_the_author_pages(address: str, expected: str) -> None:
    assert local_path(address) == expected


async def test_a_text_handed_back_to_who_is_signed_out_holds_every_field_of_the_form(client: httpx.AsyncClient) -> None:
    sent = {name: f'{name}: <b>&amp;"' for name in DraftForm.__struct_fields__}
    sent |= {"base_revision": "7", "save_no": "8"}
    answer = await send(client, "/author/posts/01M87ASAWRYSFVFZENRJQK4TAT/draft?_method=PUT", sent)
    assert answer.status_code == 401
    form = html5lib.parse(answer.text, namespaceHTMLElements=False).find(".//form[@id='unsent-form-text']")
    held = {each.get("name"): each.get("value") or each.text for each in form.iter() if each.get("name")}
    # All but which page of the editor it came from, which is none any more.
    written = {name: text for name, text in sent.items() if name not in ("tab", "save_no")}
    assert {name: text.removeprefix("\n") for name, text in held.items()} == written
