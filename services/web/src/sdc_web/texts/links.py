"""Links in a text: bare addresses, of mail as well, become some, and those that lead away say so to machines."""

import re

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_TYPED = re.compile(
    r"(?<![\w/@.-])(?:https?://|www\.)[^\s<]+"
    r"|(?<![\w.+@/:-])(?P<mail>[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})(?![\w@-])",
    re.IGNORECASE,
)
_CLOSED = frozenset({"a", "code", "pre", "kbd", "samp", "script", "style", "textarea", "title"})
"""What is inside of these is no place for a link."""
LONGEST_ENTITY = 14
_ENTITY = re.compile(rf"&[a-zA-Z0-9#]{{1,{LONGEST_ENTITY - 2}}};$")
_AWAY = re.compile(r'<a(?=[^<>]* href="https?://)')


def with_bare_addresses(html: str) -> str:
    """Addresses that were simply typed, as links: GFM section 6.9. An account such as `@ada@social.example`
    is no address of mail. The result must still be sanitised.
    """
    depth = 0
    end = html.rfind(">") + 1
    # What follows the last `>` is no markup; to look for some in there takes as long as it is, for each `<`.
    pieces = _TAG.split(html[:end])
    pieces[-1] += html[end:]
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            if depth == 0 and ("@" in piece or "://" in piece or "www." in piece.lower()):
                pieces[index] = _TYPED.sub(_link, piece)
        elif (named := _NAME.match(piece)) and named[1].lower() in _CLOSED:
            depth = max(0, depth + (-1 if piece.startswith("</") else 1))
    return "".join(pieces)


def with_relations(safe: str) -> str:
    """Sanitised HTML whose links to other places are marked `external` (HTML section 4.6.7)."""
    return _AWAY.sub('<a rel="external"', safe)


def _link(found: re.Match[str]) -> str:
    """GFM: punctuation at the end is no part of it, nor is a bracket that closes one before it."""
    address = found[0]
    if found["mail"]:
        return f'<a href="mailto:{address}">{address}</a>'
    end, unopened = len(address), address.count(")") - address.count("(")
    while end:
        if entity := _ENTITY.search(address, max(0, end - LONGEST_ENTITY), end):
            end = entity.start()
        elif address[end - 1] in "?!.,:;*_~'\"":
            end -= 1
        elif address[end - 1] == ")" and unopened > 0:
            end, unopened = end - 1, unopened - 1
        else:
            break
    address = address[:end]
    if "." not in address:
        return found[0]
    target = address if "://" in address else f"https://{address}"
    return f'<a href="{target}">{address}</a>{found[0][len(address) :]}'
