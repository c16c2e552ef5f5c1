"""What robots are told, as the author chooses it on the page."""

import httpx
import pytest
from sdc_web.db import Databases
from sdc_web.site.machines import ANSWERING, TRAINING

from signing_in import BROWSER, come_in, send

HERE = "/author/site/robots"


async def choose(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await send(client, f"{HERE}?_method=PUT", fields)


async def told(client: httpx.AsyncClient) -> str:
    return (await client.get("/robots.txt")).text


async def test_the_choice_on_the_page_counts_before_the_setting(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    assert TRAINING[0] not in await told(client)
    assert (await choose(client, crawlers="answer")).status_code == 303
    text = await told(client)
    assert (TRAINING[0] in text, ANSWERING[0] in text) == (True, False)
    assert '<option value="answer" selected>' in (await client.get(HERE, headers=BROWSER)).text
    await choose(client, crawlers="")
    assert TRAINING[0] not in await told(client)


async def test_a_site_that_is_not_to_be_listed_says_so_on_every_page(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    assert "noindex" not in (await client.get("/posts")).text
    await choose(client, unlisted="true")
    assert '<meta name="robots" content="noindex">' in (await client.get("/posts")).text
    # Who may not come in does not read that either.
    assert "Disallow: /\n" not in await told(client)


async def test_lines_of_the_authors_stand_in_robots_txt_as_typed(
    client: httpx.AsyncClient, databases: Databases
) -> None:
    await come_in(client, databases)
    await choose(
        client,
        crawlers="refuse",
        extra="Disallow: /old\r\n# slow down & 'wait'\r\nUser-agent: SlowBot\r\nCrawl-delay: 10\r\n",
    )
    ours = "Disallow: /author/\nDisallow: /author$\nDisallow: /search?\nDisallow: /search$\n"
    everybody = f"User-agent: *\n{ours}Disallow: /old\n"
    typed = "# slow down & 'wait'\nUser-agent: SlowBot\nCrawl-delay: 10\n"
    assert (await told(client)).startswith(f"{everybody}{typed}\nUser-agent: {TRAINING[0]}\n")


@pytest.mark.parametrize(
    "extra", ["<script>", "Disallow /drafts", "User-agent: a\x07b", "User-agent: b\xf6t", "\n".join(["A: b"] * 1_000)]
)
async def test_what_is_no_rule_is_refused_and_stays_typed(
    client: httpx.AsyncClient, databases: Databases, extra: str
) -> None:
    await come_in(client, databases)
    answer = await choose(client, crawlers="refuse", extra=extra)
    assert (answer.status_code, 'id="error-extra"' in answer.text) == (422, True)
    assert '<option value="refuse" selected>' in answer.text
    assert TRAINING[0] not in await told(client)


async def test_a_choice_that_there_is_not_is_refused(client: httpx.AsyncClient, databases: Databases) -> None:
    await come_in(client, databases)
    assert (await choose(client, crawlers="some")).status_code == 422
