from http import HTTPStatus

import httpx


async def test_a_new_site_answers_at_its_root(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == HTTPStatus.OK
    assert "A new site" in answer.text
