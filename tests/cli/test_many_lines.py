"""Combined lines in bulk become to the byte what they become one by one, whatever stands in them."""

import random
from collections.abc import Sequence

import pytest
from sdc_cli import many_lines
from sdc_cli.foreign_lines import Converter
from sdc_cli.many_lines import Converted, ManyLines, one_by_one
from sdc_core import clock

NOW_US = clock.from_datetime(clock.EPOCH.fromisoformat("2026-03-05T12:00:00+00:00"))
LINES = (
    '203.0.113.9 - - [01/Mar/2026:10:00:07 +0100] "GET /7?utm_source=letter HTTP/1.1" 200 512 "https://o.example" "F"',
    '203.0.113.9 - bob [01/Mar/2026:23:59:59 -0330] "get /caf%C3%A9%0A?q=1 HTTP/2.0" 304 0 "-" "-"',
    '2001:db8::1 - - [02/Mar/2026:00:00:00 +0000] "POST /feed/ HTTP/1.1" 499 - "http://site.example/" "Fire é 中" "+"',
    'a.example:443 1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    '1.2.3.4 - "a b" [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    '1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET /a\\"b HTTP/1.1" 200 5 "-" "x\\x22y"',
    '1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5',
)
ODD = ('"', "\\", " ", "  ", "\t", "\u00a0", "\u0663", "[", "]", ":", "-", "0", "9", "/", "é", "\x00", "\r", "\x1f", "")
WHOLE = (
    b"",
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "-" 408 0 "-" "-"',
    b'1.2.3.4 - - [29/Feb/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:24:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:60 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/1980:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [06/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [06/Mar/2026:12:00:01 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +00:00] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 Z] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200  "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 -0 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 007 0012 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 99999999999999999999 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 ' + b"9" * 5_000 + b' "-" "x"',
    b'1.2.3.4 - John F. Doe [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET /caf\\xC3\\xA9 HTTP/1.1" 200 5 "-" "\\xE9"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET /\xff\xfe HTTP/1.1" 200 5 "-" "\xc3"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "' + b"x" * 900 + b'"',
    b'1.2.3.4 - - [01/Mar/2026:00:00:00 +0000] "GET /' + b"y" * 900 + b' HTTP/1.1" 200 5 "-" "x" trailing "words" here',
)


def odd_lines(count: int) -> list[bytes]:
    """Lines of which something is replaced, doubled or missing."""
    dice = random.Random(20260301)  # noqa: S311 - the same lines each time
    lines = [line.encode() for line in LINES] + list(WHOLE)
    while len(lines) < count:
        text = dice.choice(LINES)
        for _ in range(dice.randrange(3)):
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice(ODD) + text[at + dice.randrange(2) :]
        lines.append(text.encode())
    return lines


@pytest.fixture
def converter() -> Converter:
    with clock.frozen(NOW_US):
        return Converter(b"salt", frozenset({"", "site.example"}), lambda address: "DE" if "." in address else "")


def in_blocks(converter: Converter, lines: Sequence[bytes], size: int) -> list[Converted]:
    many = ManyLines(converter)
    return [many.convert(lines[at : at + size], at + 1) for at in range(0, len(lines), size)]


@pytest.mark.parametrize("most_known", [0, 50_000], ids=["forgetting", "remembering"])
def test_lines_in_bulk_are_those_that_come_one_by_one(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, most_known: int
) -> None:
    monkeypatch.setattr(many_lines, "MOST_KNOWN", most_known)
    lines = odd_lines(6_000)
    expected = [one_by_one(converter.combined, lines[at : at + 500], at + 1) for at in range(0, len(lines), 500)]
    assert in_blocks(converter, lines, 500) == expected


def test_plain_lines_are_not_looked_at_letter_by_letter(converter: Converter, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [line.encode() for line in LINES[:3]] * 10
    monkeypatch.setattr(Converter, "combined", None)
    (found,) = in_blocks(converter, plain, len(plain))
    assert sum(body.count(b"\n") for body in found.days.values()) == len(plain)


def test_what_is_no_number_of_this_world_is_no_line_and_the_next_one_is_read(converter: Converter) -> None:
    caddy = (
        '{"ts":%s,"status":%s,"duration":%s,"size":%s,'
        '"request":{"client_ip":"1.2.3.4","method":"GET","uri":"/","headers":{}},"resp_headers":{}}'
    )
    good, huge = "1772330511.5", "9" * 5_000
    told = [
        (good, "200", "0.5", "9"),
        ("1e308", "200", "0.5", "9"),
        ("-1e308", "200", "0.5", "9"),
        (good, "200", "1e308", "9"),
        (good, huge, "0.5", "9"),
        (good, "200", "0.5", huge),
        (huge, "200", "0.5", "9"),
        (good, "-1", "0.5", "9"),
        ('"0001-01-01T00:00:00+23:00"', "200", "0.5", "9"),
        ('"2026-03-01T10:00:00"', "200", "0.5", "-9"),
    ]
    found = one_by_one(converter.caddy, [(caddy % each).encode() for each in told], 1)
    assert [each.line for each in found.malformed] == list(range(2, 10))
    assert sum(body.count(b"\n") for body in found.days.values()) == 2


def test_what_nginx_escapes_is_read_as_the_letters_that_were_sent(converter: Converter) -> None:
    cafe, latin, doe = (converter.combined(next(line for line in WHOLE if part in line)) for part in
                        (b"xC3", b"xE9", b"Doe"))  # fmt: skip
    assert (cafe.path, latin.ua, doe.path) == ("/caf\u00e9", "\u00e9", "/")
