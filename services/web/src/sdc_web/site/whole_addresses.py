"""Addresses inside a text that leaves the site: each made whole, and nothing else touched."""

import re
from html import escape, unescape
from urllib.parse import urljoin

# Tags alone: what a code block or a formula shows of an attribute is text, where `<` is written `&lt;`.
_TAG = re.compile(r'<[A-Za-z](?:[^<>"]|"[^"]*")*>')
_ATTRIBUTE = re.compile(r'(\s(?:href|src|poster|cite|srcset))="([^"]*)"')
_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CANDIDATE = re.compile(r"([^\s,]\S*)(\s+[^,]+)?")


def made_whole(html: str, page: str) -> str:
    """HTML whose every relative address is taken from that page's own, an absolute one."""

    def whole(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if name.endswith("srcset"):
            return f'{name}="{_CANDIDATE.sub(lambda one: _joined(page, one[1]) + (one[2] or ""), value)}"'
        return f'{name}="{_joined(page, value)}"'

    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(whole, tag[0]) if "=" in tag[0] else tag[0], html)


def _joined(page: str, address: str) -> str:
    if _WHOLE.match(address):
        return address
    try:
        return escape(urljoin(page, unescape(address)))
    except ValueError:  # no address at all, such as `//[`
        return address
