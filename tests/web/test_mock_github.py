"""The made-up GitHub refuses what the real one refuses, or tests with it would prove little."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_core.sqlite import fetch_value
from sdc_core.webhooks import new_secret
from sdc_web import mock_github
from sdc_web.app import Routes
from sdc_web.db import Databases

from github_trip import ADA, choose, go
from signing_in import BROWSER


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        S3_ENDPOINT_URL="http://127.0.0.1:9",
        S3_ACCESS_KEY_ID="test",
        S3_SECRET_ACCESS_KEY="test",
        GITHUB_MOCK=True,
        _env_file=None,
    )


@pytest.fixture(scope="module")
def routes() -> Routes:
    """Those of every site, and the made-up GitHub's."""
    return Routes([mock_github.router()])


async def _exchange(client: httpx.AsyncClient, databases: Databases) -> dict[str, str]:
    """What this site would send to have a code turned into a token."""
    back = await choose(client, await go(client), ADA)
    async with databases.ttl.read() as connection:
        verifier = await fetch_value(connection, "SELECT verifier FROM github_trips")
    return {
        "client_id": "mock",
        "client_secret": "mock",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": "http://localhost:8000/author/github/callback",
        "code_verifier": str(verifier),
    }


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("client_secret", "wrong", "incorrect_client_credentials"),
        ("client_id", "wrong", "incorrect_client_credentials"),
        ("redirect_uri", "https://evil.example/", "redirect_uri_mismatch"),
        ("code_verifier", "x" * 43, "bad_verification_code"),
        ("code_verifier", "", "bad_verification_code"),
        ("code", "guess", "bad_verification_code"),
    ],
)
async def test_a_wrong_field_is_refused(
    client: httpx.AsyncClient, databases: Databases, field: str, value: str, error: str
) -> None:
    form = await _exchange(client, databases)
    answer = await client.post("/mock-github/access_token", data={**form, field: value})
    assert (answer.status_code, answer.json()) == (200, {"error": error})


async def test_a_code_is_good_once_and_its_token_says_who_it_is(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    form = await _exchange(client, databases)
    token = (await client.post("/mock-github/access_token", data=form)).json()["access_token"]
    again = await client.post("/mock-github/access_token", data=form)
    assert again.json() == {"error": "bad_verification_code"}
    who = await client.get("/mock-github/user", headers={"Authorization": f"Bearer {token}"})
    assert who.json()["id"] == 1001
    assert (await client.get("/mock-github/user", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_a_code_is_good_for_ten_minutes(client: httpx.AsyncClient, databases: Databases) -> None:
    form = await _exchange(client, databases)
    with clock.frozen(clock.now_us() + 10 * 60 * clock.SECOND_US):
        answer = await client.post("/mock-github/access_token", data=form)
    assert answer.json() == {"error": "bad_verification_code"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("redirect_uri=http%3A%2F%2Flocalhost", "redirect_uri=http%3A%2F%2Fevil.example"),
        ("client_id=mock", "client_id=other"),
        ("code_challenge_method=S256", "code_challenge_method=plain"),
        ("&state=", "&allow_signup="),
    ],
)
async def test_nobody_is_asked_for_an_app_that_is_not_known(client: httpx.AsyncClient, before: str, after: str) -> None:
    address = await go(client)
    assert (await client.get(address.replace(before, after), headers=BROWSER)).status_code == 422
