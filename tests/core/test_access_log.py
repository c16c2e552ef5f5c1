import msgspec
import pytest
from sdc_core import access_log
from sdc_core.access_log import Line

FULL = Line(
    ts=1_795_478_400_000_001,
    visitor="0123456789abcdef",
    rid="r1",
    method="POST",
    path="/author/posts",
    query="utm_source=feed",
    status=303,
    bytes=512,
    us=1_234,
    type="text/html",
    ref="example.org",
    ua="Mozilla/5.0",
    country="IS",
)


def test_a_line_survives_the_way_to_the_file_and_back() -> None:
    assert access_log.decode(access_log.encode(FULL)) == FULL


def test_a_line_is_one_line_whatever_a_client_sends() -> None:
    hostile = Line(ts=1, visitor="00000000000000ff", status=200, path='/a\nb\r"\x00\u2028', ua="\x85\x1b[31m{}\n")
    encoded = access_log.encode(hostile)
    assert encoded.count(b"\n") == 1
    assert encoded.endswith(b"}\n")
    assert access_log.decode(encoded) == hostile


def test_what_is_usual_is_left_out() -> None:
    small = Line(ts=1, visitor="00000000000000ff", status=200, path="/")
    assert access_log.encode(small) == b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200}\n'


def test_a_field_of_a_later_version_is_passed_over() -> None:
    assert (
        access_log.decode(b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200,"new":{"x":[1]}}').path == "/"
    )


NO_LINES = [
    b"{",
    b"[]",
    b'{"ts":1,"visitor":"00000000000000ff","path":"/"}',
    b'{"ts":"1","visitor":"00000000000000ff","path":"/","status":200}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/\xff","status":200}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200,"new":' + b"[" * 100_000,
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200}{"ts":2}',
    b'{"ts":1,"visitor":"00000000000000fg","path":"/","status":200}',
    b'{"ts":1,"visitor":"00000000000000FF","path":"/","status":200}',
    b'{"ts":1,"visitor":"00 00000000000ff","path":"/","status":200}',
    b'{"ts":1,"visitor":"00 00 00 00 00ff","path":"/","status":200}',
    b'{"ts":1,"visitor":"00000000000000ff\\n","path":"/","status":200}',
    b'{"ts":-1,"visitor":"00000000000000ff","path":"/","status":200}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200,"bytes":-5}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200,"bytes":1000000000000000000000000}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200,"us":-1}',
    b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":1000}',
    b'{"ts":9007199254740992,"visitor":"00000000000000ff","path":"/","status":200}',
]


@pytest.mark.parametrize("raw", [b"", b"\n", *NO_LINES])
def test_what_is_no_line_is_a_decode_error_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        access_log.decode(raw)


@pytest.mark.parametrize("raw", NO_LINES)
def test_many_lines_are_counted_only_where_each_is_one(raw: bytes) -> None:
    good = b'{"ts":1,"visitor":"00000000000000ff","path":"/","status":200}\n'
    assert access_log.count(good * 3) == 3
    with pytest.raises(msgspec.DecodeError):
        access_log.count(good + raw + b"\n" + good)
