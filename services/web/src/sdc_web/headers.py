"""The headers of a request by their names: read in one pass, for every page that is kept too."""

from collections.abc import Iterable


def by_name(sent: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Each header once, under its name as ASGI gives it, in lower case. One that came several times stands for all of
    them, with commas between (RFC 9110 section 5.3).
    """
    pairs = sent if isinstance(sent, list) else list(sent)
    found = dict(pairs)
    if len(found) != len(pairs):
        found.clear()
        for name, value in pairs:
            found[name] = found[name] + b"," + value if name in found else value
    return found
