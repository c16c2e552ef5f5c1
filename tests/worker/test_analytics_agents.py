import crawleruseragents
import pytest
from sdc_worker.analytics.agents import Agent, classify
from sdc_worker.analytics.crawlers import KINDS

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
PHONE = "Mozilla/5.0 (Linux; Android 10; K)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "browser", "os", "device"),
    [
        (f"{WINDOWS} {KHTML} Chrome/142.0.0.0 Safari/537.36", "Chrome", "Windows", "desktop"),
        (f"{WINDOWS} {KHTML} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge", "Windows", "desktop"),
        (f"{WINDOWS} {KHTML} Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0", "Opera", "Windows", "desktop"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari", "macOS", "desktop"),
        (f"{MAC.replace('10_15_7', '10.15; rv:145.0')} Gecko/20100101 Firefox/145.0", "Firefox", "macOS", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "Linux", "desktop"),
        (f"{PHONE} {KHTML} Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", "Android", "mobile"),
        (f"{PHONE} {KHTML} Chrome/142.0.0.0 Safari/537.36", "Chrome", "Android", "tablet"),
        (
            f"{PHONE} {KHTML} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
            "mobile",
        ),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari", "iOS", "mobile"),
        (f"{IPHONE} CriOS/142.0.0.0 Mobile/15E148 Safari/604.1", "Chrome", "iOS", "mobile"),
        (f"{IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iOS", "mobile"),
        (f"{IPHONE.replace('iPhone;', 'iPad;')} Version/18.1 Mobile/15E148 Safari/604.1", "Safari", "iOS", "tablet"),
        ("Something else entirely", "Other", "Other", "desktop"),
    ],
)
def test_a_browser_is_known_by_its_family(user_agent: str, browser: str, os: str, device: str) -> None:
    assert classify(user_agent) == Agent(browser=browser, os=os, device=device, bot="", bot_kind="", readers=0)


@pytest.mark.parametrize(
    ("user_agent", "bot", "kind"),
    [
        (f"Mozilla/5.0 {KHTML[:-1]}; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "gptbot", "ai"),
        (f"Mozilla/5.0 {KHTML[:-1]}; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "claudebot", "ai"),
        (
            "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters)",
            "meta-externalagent",
            "ai",
        ),
        ("Mozilla/5.0 (compatible; Applebot-Extended/0.1)", "applebot-extended", "ai"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot", "search"),
        (f"{PHONE} {KHTML} Chrome/142 Mobile Safari/537.36 (compatible; bingbot/2.0)", "bingbot", "search"),
        ("Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", "semrushbot", "seo"),
        (
            "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)",
            "archive.org_bot",
            "archive",
        ),
        ("Mozilla/5.0 (compatible; NobodyKnowsBot/0.1)", "declared", "other"),
        (f"{WINDOWS} {KHTML} HeadlessChrome/142.0.0.0 Safari/537.36", "headlesschrome", "automation"),
        ("curl/8.5.0", "curl", "library"),
        ("python-requests/2.32", "python-requests", "library"),
        ("Go-http-client/2.0", "go-http-client", "library"),
        ("Feedly/1.0", "feedly", "feed"),
        ("Mozilla/5.0", "declared", "other"),
        ("", "declared", "other"),
    ],
)
def test_a_bot_that_says_so_is_known_by_name_and_kind(user_agent: str, bot: str, kind: str) -> None:
    found = classify(user_agent)
    assert (found.bot, found.bot_kind) == (bot, kind)


def test_every_example_of_the_list_is_known_as_a_bot_of_one_of_our_kinds() -> None:
    found = {
        example: classify(example)
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for example in entry["instances"]
    }
    assert [example for example, agent in found.items() if not agent.bot] == []
    assert {agent.bot_kind for agent in found.values()} <= {*KINDS.values(), "other"}


@pytest.mark.parametrize(
    ("user_agent", "readers"),
    [
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; 12 subscribers; like FeedFetcher-Google)", 12),
        ("Feedbin feed-id:12 - 1 subscriber", 1),
        ("Miniflux/2.2", 0),
        (f"{WINDOWS} {KHTML} Chrome/142.0.0.0 Safari/537.36 99 readers", 0),
    ],
)
def test_a_feed_reader_says_for_how_many_it_fetches(user_agent: str, readers: int) -> None:
    assert classify(user_agent).readers == readers


@pytest.mark.parametrize("phone", ["CUBOT_X18_Plus", "CUBOT NOTE 7", "Cubot P40"])
def test_a_telephone_of_the_maker_cubot_is_no_bot(phone: str) -> None:
    user_agent = f"Mozilla/5.0 (Linux; Android 9; {phone}) {KHTML} Chrome/142.0.0.0 Mobile Safari/537.36"
    assert classify(user_agent).bot == ""
