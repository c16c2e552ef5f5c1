"""Where a page takes webmentions: the discovery tests of webmention.rocks, 1 to 23, and pages that mean harm."""

import time

import pytest
from sdc_core import outside
from sdc_web.webmentions import discovery

from loopback import serving
from mention_peer import Peer

HERE = "/here?test"
LINKED = "Link: <{}>; {}\r\n"


async def found(peer: Peer, path: str = "/test/page") -> str:
    """What is found at that page, without the server's own address."""
    async with serving(peer.serve) as address:
        for each, (status, headers, body) in peer.pages.items():
            peer.pages[each] = (status, headers.replace("HOST", address), body.replace("HOST", address))
        page = await outside.follow(f"{address}{path}", {}, private=True)
        return (await discovery.endpoint(page)).removeprefix(address)


async def found_in(body: str, headers: str = "") -> str:
    peer = Peer()
    peer.page("/test/page", body, headers)
    return await found(peer)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        pytest.param(LINKED.format("/here?test", "rel=webmention"), "", HERE, id="1 relative, rel unquoted"),
        pytest.param(LINKED.format("HOST/here?test", "rel=webmention"), "", HERE, id="2 absolute, rel unquoted"),
        pytest.param("", '<link rel="webmention" href="/here?test">', HERE, id="3 link, relative"),
        pytest.param("", '<link rel="webmention" href="HOST/here?test">', HERE, id="4 link, absolute"),
        pytest.param("", '<a rel="webmention" href="/here?test">here</a>', HERE, id="5 a, relative"),
        pytest.param("", '<a rel="webmention" href="HOST/here?test">here</a>', HERE, id="6 a, absolute"),
        pytest.param("LinK: </here?test>; rel=webmention\r\n", "", HERE, id="7 strange casing"),
        pytest.param(LINKED.format("/here?test", 'rel="webmention"'), "", HERE, id="8 rel quoted"),
        pytest.param("", '<link rel="webmention somethingelse" href="/here?test">', HERE, id="9 several rels"),
        pytest.param(LINKED.format("/here?test", 'rel="webmention somethingelse"'), "", HERE, id="10 several rels"),
        pytest.param(
            LINKED.format("/here?test", "rel=webmention"),
            '<link rel="webmention" href="/error"><a rel="webmention" href="/error">no</a>',
            HERE,
            id="11 the header comes first",
        ),
        pytest.param(
            "",
            '<link rel="not-webmention" href="/error"><a rel="webmention" href="/here?test">',
            HERE,
            id="12 exact rel",
        ),
        pytest.param(
            "",
            '<!-- <a rel="webmention" href="/error"></a> --><a rel=webmention href="/here?test">',
            HERE,
            id="13 comment",
        ),
        pytest.param(
            "",
            '<code>&lt;a rel="webmention" href="/error"&gt;&lt;/a&gt;</code><a rel="webmention" href="/here?test">',
            HERE,
            id="14 escaped",
        ),
        pytest.param("", '<link rel="webmention" href="">', "/test/page", id="15 empty href"),
        pytest.param(
            "", '<a rel="webmention" href="/here?test"></a><link rel="webmention" href="/error">', HERE, id="16 a first"
        ),
        pytest.param(
            "",
            '<link rel="webmention" href="/here?test"><a rel="webmention" href="/error"></a>',
            HERE,
            id="17 link first",
        ),
        pytest.param(
            LINKED.format("/error", 'rel="other"') + LINKED.format("/here?test", 'rel="webmention"'),
            "",
            HERE,
            id="18 several headers",
        ),
        pytest.param("Link: </error>; rel=other, </here?test>; rel=webmention\r\n", "", HERE, id="19 several in one"),
        pytest.param("", '<link rel="webmention"><a rel="webmention" href="/here?test">', HERE, id="20 no href"),
        pytest.param("", '<link rel="webmention" href="/here?query=yes">', "/here?query=yes", id="21 query kept"),
        pytest.param(
            "", '<link rel="webmention" href="page/webmention">', "/test/page/webmention", id="22 of the page"
        ),
    ],
)
async def test_the_endpoint_is_found_as_webmention_rocks_asks(headers: str, body: str, expected: str) -> None:
    assert await found_in(body, headers) == expected


async def test_a_relative_endpoint_counts_from_where_a_redirect_led() -> None:
    """Test 23."""
    peer = Peer()
    peer.pages["/test/page"] = ("302 Found", "location: /other/place\r\n", "")
    peer.page("/other/place", '<link rel="webmention" href="here/webmention">')
    assert await found(peer) == "/other/here/webmention"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "rel=webmention href=/x",
        '<a href="/x">webmention</a>',
        '<template><a rel="webmention" href="/x"></template>',
        '<script>"<a rel=webmention href=/x>"</script>',
        '<noscript><a rel="webmention" href="/x"></noscript>',
        '<textarea><a rel="webmention" href="/x"></textarea>',
        "<plaintext><a rel=webmention href=/x>",
        '<a rel="webmention" href="javascript:alert(1)">',
        '<a rel="webmention" href="mailto:a@example.org">',
        '<a rel="webmention" href="http://[::">',
        '<a rel="webmention" href="http://user:word@example.org/">',
        '<form rel="webmention" action="/x">',
    ],
)
async def test_what_is_no_link_of_the_page_is_no_endpoint(body: str) -> None:
    assert await found_in(body) == ""


async def test_the_base_of_a_page_counts() -> None:
    assert await found_in('<base href="/below/"><link rel=webmention href="wm">') == "/below/wm"


async def test_the_title_of_a_link_that_says_rel_is_no_rel() -> None:
    assert await found_in("", 'Link: </x>; rel="me"; title="a; rel=webmention"\r\n') == ""


@pytest.mark.parametrize(
    "body",
    [
        "<p>" * 340_000,
        "<div>" * 200_000,
        "<b>" * 300_000,
        "<!--" * 250_000,
        "<" * 1_000_000,
        "&" * 1_000_000,
        "<a href=x>" * 100_000,
        "<a " + "x=1 " * 250_000 + ">",
        "<table>" * 140_000,
    ],
    ids=lambda body: body[:8].strip(),
)
async def test_a_page_that_is_made_to_be_slow_is_none_for_long(body: str) -> None:
    begun_s = time.process_time()
    assert await found_in(body) == ""
    assert time.process_time() - begun_s < 8


async def test_headers_that_are_made_to_be_slow_are_not() -> None:
    begun_s = time.process_time()
    for evil in (
        "<x>;" * 4_000,
        "<x>; rel" + "=" * 8_000,
        "<" * 15_000,
        "<x>" + "; a=b" * 3_000,
        '<x>; rel="' + "a " * 7_000,
    ):
        assert await found_in("", f"Link: {evil}\r\n") == ""
    assert time.process_time() - begun_s < 3
