import re

import html5lib
import httpx
import pytest
from litestar.handlers import HTTPRouteHandler
from sdc_core.errors import Forbidden
from sdc_web import audit, posts, same_origin
from sdc_web.author import route_handlers as author_routes
from sdc_web.author.signed_in import local_path
from sdc_web.author.views import DraftForm
from sdc_web.authors import accounts
from sdc_web.authors.rights import SYSTEM
from sdc_web.dashboard import route_handlers as dashboard_routes
from sdc_web.db import Databases
from sdc_web.sessions import signed_in as sessions

from signing_in import BROWSER, HTMX, OWNER, come_in, send

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
    fields = [each for each in form.iter() if each.get("name") and each.tag != "button"]
    held = {each.get("name"): each.get("value") or each.text for each in fields}
    # All but which page of the editor it came from, which is none any more.
    written = {name: text for name, text in sent.items() if name not in ("tab", "save_no")}
    assert {name: text.removeprefix("\n") for name, text in held.items()} == written


@pytest.mark.parametrize(("method", "part"), [("PUT", "/draft"), ("GET", ""), ("POST", "/checks"), ("GET", "/preview")])
async def test_nothing_takes_a_text_away_from_who_is_signed_out_while_they_type(
    client: httpx.AsyncClient, method: str, part: str
) -> None:
    editor = "/author/posts/01M87ASAWRYSFVFZENRJQK4TAT"
    told = {**HTMX, "HX-Current-URL": f"http://localhost:8000{editor}?said=saved"}
    data = None if method == "GET" else {"base_revision": "1", "body_markdown": "Hot."}
    answer = await client.request(method, f"{editor}{part}", data=data, headers=told)
    assert answer.status_code == 401
    assert "hx-redirect" not in answer.headers
    assert "You are signed out, so nothing is saved." in answer.text


async def test_words_typed_in_the_page_of_one_author_are_saved_by_no_other(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    post = await posts.create(databases.site, OWNER, "post")
    address = f"/author/posts/{post.id}/draft?_method=PUT"
    sent = {"title": "On tea", "body_markdown": "Hot.", "base_revision": "1", "opened_by": "01K000000000000000000000ZZ"}
    by_htmx = await client.put(
        f"/author/posts/{post.id}/draft",
        data=sent,
        headers={**HTMX, "HX-Current-URL": f"http://localhost:8000/author/posts/{post.id}"},
    )
    by_form = await send(client, address, sent)
    async with databases.site.read() as connection:
        untouched = await posts.revisions.newest(connection, OWNER, post.id)
    assert (by_htmx.status_code, by_form.status_code, untouched.body) == (401, 401, "")
    assert "signed in as Ada Lovelace now" in by_htmx.text
    # Without script all of it is handed back, and they may take it over.
    form = html5lib.parse(by_form.text, namespaceHTMLElements=False).find(".//form[@id='unsent-form-text']")
    assert form.find(".//textarea").text.strip() == "Hot."
    assert [each.get("value") for each in form.iter("button")] == ["01K000000000000000000000ZZ", OWNER.id]
    assert (await send(client, address, {**sent, "opened_by": OWNER.id})).status_code == 303


async def test_what_was_written_into_any_form_is_handed_back_to_who_is_signed_out_and_can_be_sent_again(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    written = {"title": "A <site>", "description": "Of fog\r\nand rain.", "author_name": "Ada", "language": "en"}
    address = "/author/tags/fog?_method=PUT"
    sent = {"name": "fog", "colour": "", "description": "Seas of <it>."}
    answer = await send(client, address, sent)
    assert answer.status_code == 401
    form = html5lib.parse(answer.text, namespaceHTMLElements=False).find(".//form[@id='unsent-form-fields']")
    fields = [each for each in form.iter() if each.get("name") and each.tag != "button"]
    held = {each.get("name"): each.get("value") or each.text or "" for each in fields}
    assert {name: text.removeprefix("\n") for name, text in held.items()} == sent
    assert (form.get("method"), form.get("action")) == ("post", address)
    several = await client.post(
        "/author/posts/selection", data={"post": ["1", "2"], "note": "Two of them."}, headers=BROWSER
    )
    assert several.text.count('name="post"') == 2
    assert (await send(client, "/author/site?_method=PUT", written)).status_code == 401

    await come_in(client, databases)
    post = await posts.create(databases.site, OWNER, "post")
    await posts.revisions.save(databases.site, OWNER, post.id, posts.Draft(title="Fog", tags=("fog",)), 1)
    assert (await send(client, form.get("action"), held)).status_code == 303
    assert "Seas of &lt;it&gt;." in (await client.get("/author/tags", headers=BROWSER)).text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/author/account/password", {"password": "nine lives and a lantern", "new_password": "x y"}),
        ("/author/account/passkeys", {"name": "My phone", "credential": "{}"}),
        ("/author/posts", {"kind": "post"}),
        ("/author/site/tokens", {}),
    ],
)
async def test_a_secret_is_repeated_by_no_page_and_nothing_written_leads_to_the_sign_in(
    client: httpx.AsyncClient, path: str, form: dict[str, str]
) -> None:
    answer = await send(client, path, form)
    assert (answer.status_code, answer.text) == (303, "")


async def test_what_is_sent_from_the_page_of_one_author_is_done_as_no_other_in_any_form(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    page = (await client.get("/author/site", headers=BROWSER)).text
    forms = re.findall(r'<form[^>]*method="post"[^>]*><input type="hidden" name="opened_by" value="([^"]*)">', page)
    assert len(forms) == page.count('method="post"')
    assert {each.split(" ")[0] for each in forms} == {OWNER.id}
    (whole,) = (each for each in forms if "site_title" in each.split(" "))
    other = "01K000000000000000000000ZZ"
    sent = {"site_title": "Fog", "description": "", "language": "en", "time_zone": "UTC", "elsewhere": ""}
    stolen = await send(client, "/author/site?_method=PUT", {**sent, "opened_by": whole.replace(OWNER.id, other)})
    assert stolen.status_code == 401
    assert "signed in as Ada Lovelace now" in stolen.text
    form = html5lib.parse(stolen.text, namespaceHTMLElements=False).find(".//form[@id='unsent-form-fields']")
    shown = {each.get("name"): each.get("value") for each in form.iter("input") if each.get("type") != "hidden"}
    assert shown == {"site_title": "Fog", "language": "en"}
    again, taken = [each.get("value") for each in form.iter("button")]
    assert (again.split(" ")[0], taken.split(" ")[0]) == (other, OWNER.id)
    assert "<title>Fog" not in (await client.get("/", headers={"cookie": ""})).text
    # What holds no words is not done either, and says so.
    started = await send(client, "/author/posts", {"kind": "post", "opened_by": other})
    assert (started.status_code, "Not done: somebody else is signed in" in started.text) == (401, True)
    assert (await send(client, "/author/site?_method=PUT", {**sent, "opened_by": taken})).status_code == 303
    assert "<title>Fog" in (await client.get("/", headers={"cookie": ""})).text


async def test_a_single_word_is_handed_back_where_its_form_says_that_it_is_typed(client: httpx.AsyncClient) -> None:
    sent = {"name": "fog", "colour": "", "description": ""}
    typed = {**sent, "opened_by": "01K000000000000000000000ZZ name description"}
    address = "/author/tags/fog?_method=PUT"
    assert (await send(client, address, sent)).status_code == 303
    answer = await send(client, address, typed)
    assert answer.status_code == 401
    form = html5lib.parse(answer.text, namespaceHTMLElements=False).find(".//form[@id='unsent-form-fields']")
    shown = [(each.get("name"), each.get("value")) for each in form.iter("input") if each.get("type") != "hidden"]
    assert shown == [("name", "fog")]
    # Should the session not be there yet, it is handed back once more.
    assert [each.get("value") for each in form.iter("button")] == ["01K000000000000000000000ZZ name"]


async def test_who_may_less_is_neither_refused_nor_recorded_for_what_another_sent(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    eve = await accounts.create(databases, SYSTEM, name="eve", role="viewer")
    started = await sessions.start(databases, eve, user_agent="", country="")
    sent = {"site_title": "Fog", "description": "", "opened_by": f"{OWNER.id} site_title description"}
    headers = {**BROWSER, "cookie": f"sdc_session={started.token}"}
    answer = await client.post("/author/site?_method=PUT", data=sent, headers=headers)
    assert answer.status_code == 401
    assert "signed in as eve now" in answer.text
    assert 'value="Fog"' in answer.text
    async with databases.site.read() as connection:
        assert await audit.page(connection, OWNER, audit.Filters(kind="right")) == []
