import pytest
from sdc_core.errors import Invalid
from sdc_web.redirects import addresses

SITE = "https://fog.example"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/2019/05/fog.html", "/2019/05/fog.html"),
        (" /a/b/ ", "/a/b"),
        ("https://old.example/a//b", "/a/b"),
        ("/f%C3%B6g", "/fög"),
        ("/static/img/x.png", "/static/img/x.png"),
    ],
)
def test_an_old_address_becomes_the_path_that_requests_name(typed: str, expected: str) -> None:
    assert addresses.old_path(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        *("", "/", "//", "fog", "/a?b=1", "/a#b", "/a\nb", "/%00", "/%ff", "/../a", "/a/./b", "/" + "x" * 500),
        *(
            "/author",
            "/author/x",
            "//author/x",
            "/%61uthor",
            "/api/v1",
            "/hooks",
            "/health/live",
            "http://[",
            "mailto:a@b",
        ),
    ],
)
def test_what_is_no_old_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.old_path(typed)
    assert refused.value.field == "path"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/posts/fog", "/posts/fog"),
        ("/posts/fog?a=b#c", "/posts/fog?a=b#c"),
        ("https://fog.example/posts/fog", "/posts/fog"),
        ("https://else.example:8443/a?b", "https://else.example:8443/a?b"),
        ("/fög", "/f%C3%B6g"),
        ("/f%C3%B6g", "/f%C3%B6g"),
    ],
)
def test_a_target_is_a_path_or_an_https_url(typed: str, expected: str) -> None:
    assert addresses.target(typed, SITE) == expected


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "fog",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "http://else.example",
            "https://",
            "https:/x",
        ),
        *(
            "https:else.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://ada@else.example",
            "https://é.example",
        ),
        *("/a b", "/a\r\nset-cookie: x", "https://else.example:x", "https://[", "/" + "x" * 1_000),
        *("https://fog.example//evil.example", "https://else.example\u2028"),
    ],
)
def test_what_is_no_target_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        addresses.target(typed, SITE)
    assert refused.value.field == "target"


@pytest.mark.parametrize(
    ("target", "query", "expected"),
    [
        ("/a", "", "/a"),
        ("/a", "b=1&c", "/a?b=1&c"),
        ("/a?x=1#top", "b=1", "/a?x=1&b=1#top"),
        ("https://else.example", "b=%20\r\n", "https://else.example?b=%20%0D%0A"),
    ],
)
def test_a_query_is_handed_on(target: str, query: str, expected: str) -> None:
    assert addresses.with_query(target, query) == expected
