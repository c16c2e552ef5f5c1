"""Requests that two servers might read in two ways: where the one ends, the next one begins for the other."""

HOST = b"Host: localhost\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST
END = b"\r\n"
BODY = b"POST /hooks HTTP/1.1\r\n" + HOST
CHUNKS = BODY + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = LIVE + END
"""What would be answered 200, had the request before ended where a hostile client wants it to."""

READ_IN_TWO_WAYS = {
    "chunks and a length": BODY + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
    "a length and chunks": BODY + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "two lengths": BODY + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef" + NEXT,
    "a list of lengths": BODY + b"Content-Length: 5, 5\r\n\r\nabcde" + NEXT,
    "a length with a sign": BODY + b"Content-Length: +5\r\n\r\nabcde" + NEXT,
    "a length in another base": BODY + b"Content-Length: 0x5\r\n\r\nabcde" + NEXT,
    "chunks that are none": BODY + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks inside of something": BODY + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks after a control character": BODY + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks in HTTP/1.0": b"POST /hooks HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "a chunk that ends with a bare LF": CHUNKS + b"5\nabcde\n0\n\n" + NEXT,
    "an extension that ends with a bare LF": CHUNKS + b"5;a\nabcde\r\n0\r\n\r\n" + NEXT,
    "a chunk larger than all numbers": CHUNKS + b"fffffffffffffffff\r\nabcde\r\n0\r\n\r\n" + NEXT,
    "an extension of a megabyte": CHUNKS + b"5;" + b"a" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n" + NEXT,
    "ten thousand trailers": CHUNKS + b"5\r\nabcde\r\n0\r\n" + b"X: y\r\n" * 10_000 + END + NEXT,
    "a folded header": LIVE + b"X: a\r\n b\r\n\r\n" + NEXT,
    "a space before the colon": b"GET /health/live HTTP/1.1\r\nHost : localhost\r\n\r\n" + NEXT,
    "a zero in a header": LIVE + b"X: a\0b\r\n\r\n" + NEXT,
    "bare CR": b"GET /health/live HTTP/1.1\rHost: localhost\r\r" + NEXT,
}
