from pathlib import Path

import httpx
import pytest
from sdc_core.settings import Settings
from sdc_core.webhooks import new_secret
from sdc_web.db import Databases

from signing_in import make_author, sign_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site with a public address on https."""
    return Settings(
        DATA_DIR=tmp_path / "data",
        WEBHOOK_SECRETS=(new_secret(),),
        WORKER_URL="http://127.0.0.1:9",
        SITE_URL="https://example.org",
        _env_file=None,
    )


async def test_the_cookie_is_secure_and_bound_to_the_host(client: httpx.AsyncClient, databases: Databases) -> None:
    await make_author(databases)
    answer = await sign_in(client)
    assert answer.headers["set-cookie"].startswith("__Host-sdc_session=")
    assert answer.headers["set-cookie"].endswith("; Secure")
