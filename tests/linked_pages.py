"""The pages that an application answers with, found by their links."""

import httpx
from page_checks import kind_of, leads_to


async def pages(client: httpx.AsyncClient, *seeds: str) -> dict[str, str]:
    """The HTML of one page of each kind that these and their links lead to."""
    waiting, found = list(seeds), dict[str, str]()
    while waiting:
        path = waiting.pop(0)
        if kind_of(path) in found:
            continue
        answer = await client.get(path, headers={"accept": "text/html"})
        if answer.headers.get("content-type", "").startswith("text/html"):
            found[kind_of(path)] = answer.text
            waiting += leads_to(path, answer.text)
    return found
