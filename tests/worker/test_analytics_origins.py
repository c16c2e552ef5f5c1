import hashlib
from importlib import resources

import pytest
from sdc_worker.analytics.origins import Origin, origin

DATA = resources.files("sdc_worker.analytics") / "lists"


@pytest.mark.parametrize(
    ("host", "query", "source", "medium", "campaign"),
    [
        ("", "", "", "direct", ""),
        ("www.google.de", "", "Google", "search", ""),
        ("duckduckgo.com", "", "DuckDuckGo", "search", ""),
        ("old.reddit.com", "", "Reddit", "social", ""),
        ("mastodon.example", "", "Mastodon", "social", ""),
        ("chatgpt.com", "", "ChatGPT", "ai", ""),
        ("www.perplexity.ai", "", "Perplexity", "ai", ""),
        ("www.blog.example", "", "blog.example", "referral", ""),
        ("example.org", "utm_source=News&utm_medium=Email&utm_campaign=Nov%202026", "news", "email", "Nov 2026"),
        ("", "utm_source=chatgpt.com", "ChatGPT", "ai", ""),
        ("", "ref=a-friend", "a-friend", "campaign", ""),
        ("", "utm_source=Newsletter", "newsletter", "campaign", ""),
        ("", "utm_source=google&utm_medium=cpc", "Google", "cpc", ""),
        ("", "utm_source=Google", "Google", "search", ""),
        ("", "ref=https://news.ycombinator.com/item?id=1", "Hacker News", "social", ""),
        ("", "ref=https://blog.example/", "blog.example", "campaign", ""),
        ("", "ref=https://", "https://", "campaign", ""),
        ("com.google.android.googlequicksearchbox", "", "Google", "search", ""),
        ("org.joinmastodon.android", "", "Mastodon", "social", ""),
        ("google.com", "utm_campaign=spring", "Google", "search", "spring"),
        ("google.com", "utm_source=&utm_medium=cpc", "Google", "cpc", ""),
        ("", "utm_source=one&utm_source=two", "one", "campaign", ""),
        ("", "utm_source=%ff%00%0a" + "x" * 300, "\ufffd\x00" + "\n" + "x" * 97, "campaign", ""),
        ("", "&".join(["utm_source=a"] * 50), "", "direct", ""),
        (".".join("abcdefghijk"), "", "a.b.c.d.e.f.g.h.i.j.k", "referral", ""),
    ],
)
def test_where_a_reader_came_from(host: str, query: str, source: str, medium: str, campaign: str) -> None:
    assert origin(host, query) == Origin(source=source, medium=medium, campaign=campaign)


def test_the_list_of_hosts_is_the_one_that_was_fetched() -> None:
    sums = (DATA / "SHA256SUMS").read_text().split()
    for digest, name in zip(sums[::2], sums[1::2], strict=True):
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest
