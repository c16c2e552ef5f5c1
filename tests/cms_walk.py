"""Every page of the CMS of a running site, as its owner, an author, a viewer and strangers come to them."""

import re

import httpx
import msgspec
import page_checks
import pyotp
from sdc_core import clock
from sdc_web.app import Routes
from sdc_web.authors import totp

from e2e_site import Site

PASSWORD = "a lamp, a ladder, a lake"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
NO_PAGE = {
    "/author/media/{asset_id}/original": "a file",
    "/author/media/{asset_id}/picture": "a part of a page",
    "/author/link-choices": "a part of a page",
    "/author/tag-choices": "names, one a line",
    "/author/posts/{post_id}/preview/frame": "a page of the public site, in a frame",
    "/author/github/callback": "always leads on",
    "/author/statistics/posts/{post_id}": "a part of a page, or leads on",
    "/author/statistics/live": "events, one after the other",
    "/author/imports/{transfer_id}/report": "a file",
    "/author/exports/{transfer_id}/file": "a file",
}
_TOKEN = re.compile(r"/author/invitations/[\w-]+")


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """Pages that one person can come to, and the cookies by which they do."""

    cookies: httpx.Cookies
    paths: list[str]


def everybody(site: Site, owner: httpx.Client) -> list[Walk]:
    """Each one's pages. The site then has a series, a changed text, two more people, and an open invitation."""
    kept = owner.cookies
    author, viewer = (join(site, owner, role) for role in ("author", "viewer"))
    author.post("/author/account/codes")
    with httpx.Client(base_url=site.url, headers=SAME_ORIGIN) as half_in:
        turn_codes_on(viewer)
        half_in.post("/author/sign-in", data={"name": "viewer", "password": PASSWORD})
        strangers = Walk(cookies=half_in.cookies, paths=strangers_pages(owner))
    walks = [
        Walk(cookies=kept, paths=[*page_checks.every_page_of_the_cms(owner), *further_pages(owner)]),
        Walk(cookies=author.cookies, paths=["/author", "/author/account", "/author/account/codes", "/author/posts"]),
        Walk(cookies=viewer.cookies, paths=["/author", "/author/account", "/author/statistics", "/author/posts"]),
        strangers,
    ]
    for each in (author, viewer):
        each.close()
    return walks


def unvisited(walks: list[Walk], owner: httpx.Client) -> list[str]:
    """The routes that answer with a page of the CMS which no walk leads to."""
    routes = [route for route in Routes().litestar.routes if route.path_format.startswith("/author")]
    readable = {route.path_format for route in routes if "GET" in route.methods}
    seen = {route_of(path, readable) for walk in walks for path in walk.paths}
    left = sorted(readable - seen - set(NO_PAGE))
    return [each for each in left if "{" in each or "<html" in owner.get(each).text]


def route_of(path: str, routes: set[str]) -> str:
    """The route that answers a path: the one with the fewest open places."""
    fitting = [route for route in routes if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), path.partition("?")[0])]
    return min(fitting, key=lambda route: route.count("{"), default="")


def join(site: Site, owner: httpx.Client, role: str) -> httpx.Client:
    """Somebody who followed an invitation, signed in; their name is their role's."""
    page = owner.post("/author/authors/invitations", data={"role": role, "whom": role}).text
    client = httpx.Client(base_url=site.url, headers=SAME_ORIGIN)
    said = {"name": role, "display_name": f"Robin {role}", "password": PASSWORD}
    answer = client.post(link_in(page), data=said)
    assert answer.status_code == 303, answer.text
    return client


def link_in(page: str) -> str:
    found = _TOKEN.findall(page)
    assert found, page
    return max(found, key=len)


def turn_codes_on(client: httpx.Client) -> None:
    client.post("/author/account/codes")
    shown = re.search(r'totp-secret">(.*?)</code>', client.get("/author/account/codes").text, re.DOTALL)
    assert shown is not None
    secret = re.sub(r"<[^>]+>|\s", "", shown[1])
    code = pyotp.TOTP(secret).generate_otp(clock.now_us() // totp.STEP_US)
    answer = client.post("/author/account/codes?_method=PUT", data={"code": code})
    assert answer.status_code == 303, answer.text


def further_pages(owner: httpx.Client) -> list[str]:
    """Pages that need something which the samples do not have: a series, a comparison, people, a webhook."""
    post = owner.post("/author/posts", data={"kind": "post"}).headers["location"]
    text = {"title": "A part of a voyage", "base_revision": "1", "intent": "anyway", "series": "A voyage"}
    assert owner.post(f"{post}/publication", data={**text, "body_markdown": "First."}).status_code == 303
    changed = {**text, "base_revision": "2", "body_markdown": "Second."}
    assert owner.post(f"{post}/draft?_method=PUT", data=changed).status_code == 303
    history = owner.get(f"{post}/revisions").text
    compared = re.findall(rf'{post}/comparison\?old=[^"]+', history)[0].replace("&amp;", "&")
    kinds = [owner.post("/author/posts", data={"kind": kind}).headers["location"] for kind in ("page", "project")]
    lists = {"/author/series": r"/author/series/[^\"/]+", "/author/authors": r"/author/authors/[^\"/]+"}
    endpoint = {"name": "a receiver", "url": "https://receiver.example/hook", "types": "post.published"}
    assert owner.post("/author/site/endpoints", data=endpoint).status_code == 200
    (receiver,) = re.findall(r'href="(/author/site/endpoints/[^"/]+)"', owner.get("/author/site/endpoints").text)
    assert owner.post(f"{receiver}/ping").status_code == 303
    packed = {"file": ("fog.json", b'{"db": []}')}
    assert owner.post("/author/imports", files=packed).status_code == 303
    lists["/author/imports"] = r"/author/imports/[^\"/]+"
    lists["/author/site/deliveries"] = r"/author/site/deliveries/[^\"/?]+"
    listed = [re.findall(f'href="({each})"', owner.get(page).text)[0] for page, each in lists.items()]
    return [
        receiver,
        "/author/site/deliveries",
        post,
        compared,
        *kinds,
        *listed,
        "/author/confirm?undone=true",
        "/author/audit?q=nothing-like-it",
        "/author/statistics?period=today&part=server&not-country=CH&browser=Firefox",
        "/author/statistics/rows?by=page",
        "/author/backups/plan",
        "/author/nothing",
    ]


def strangers_pages(owner: httpx.Client) -> list[str]:
    """What is there before one is signed in; half signed in at the page of the code."""
    invitation = link_in(owner.post("/author/authors/invitations", data={"role": "author", "whom": "open"}).text)
    doors = ["sign-in", "sign-in/code", "sign-in/recovery", "setup?token=none", "login/none", "invitations/none"]
    return [*(f"/author/{each}" for each in doors), invitation]
