import pytest
from sdc_worker.analytics.agents import Agent, classify

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
    assert classify(user_agent) == Agent(browser=browser, os=os, device=device, bot="")


@pytest.mark.parametrize(
    ("user_agent", "bot"),
    [
        (f"Mozilla/5.0 {KHTML[:-1]}; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "gptbot"),
        (f"Mozilla/5.0 {KHTML[:-1]}; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "claudebot"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "googlebot"),
        (f"{PHONE} {KHTML} Chrome/142 Mobile Safari/537.36 (compatible; bingbot/2.0)", "bingbot"),
        ("Mozilla/5.0 (compatible; NobodyKnowsBot/0.1)", "declared"),
        (f"{WINDOWS} {KHTML} HeadlessChrome/142.0.0.0 Safari/537.36", "declared"),
        ("curl/8.5.0", "declared"),
        ("python-requests/2.32", "declared"),
        ("Go-http-client/2.0", "declared"),
        ("Feedly/1.0", "feedly"),
        ("", "declared"),
    ],
)
def test_a_bot_that_says_so_is_known(user_agent: str, bot: str) -> None:
    assert classify(user_agent).bot == bot


@pytest.mark.parametrize("phone", ["CUBOT_X18_Plus", "CUBOT NOTE 7", "Cubot P40"])
def test_a_telephone_of_the_maker_cubot_is_no_bot(phone: str) -> None:
    user_agent = f"Mozilla/5.0 (Linux; Android 9; {phone}) {KHTML} Chrome/142.0.0.0 Mobile Safari/537.36"
    assert classify(user_agent).bot == ""
