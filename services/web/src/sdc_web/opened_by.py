"""Whose page a form stands on: a field that each form of a signed-in author's page holds, with the names of what is
typed into it. So nobody's words are taken for another's who has signed in meanwhile, and all can be handed back.
"""

import re

import msgspec

FIELD = "opened_by"
_FORM = re.compile(r'(<form\b(?![^>]*\benctype=)[^>]*\bmethod="post"[^>]*>)(.*?</form>)', re.DOTALL)
_TYPED = re.compile(
    r"<(?:textarea|input)\b"
    r'(?![^>]*\btype="(?:hidden|checkbox|radio|file|color|range|submit|password)")[^>]*\bname="([^"]+)"'
)


class OpenedBy(msgspec.Struct, frozen=True, kw_only=True):
    """The author's id, empty where it is not told, and the names of fields in which something is typed."""

    author_id: str = ""
    typed: frozenset[str] = frozenset()


def told_in(html: str, author_id: str) -> str:
    """The page, or a part of one, whose forms say so; forms that send files are left as they are."""

    def tell(form: re.Match[str]) -> str:
        words = " ".join([author_id, *dict.fromkeys(_TYPED.findall(form[2]))])
        return f'{form[1]}<input type="hidden" name="{FIELD}" value="{words}">{form[2]}'

    return _FORM.sub(tell, html)


def read(value: str) -> OpenedBy:
    """What such a field says."""
    author_id, *typed = value.split(" ")
    return OpenedBy(author_id=author_id, typed=frozenset(typed))
