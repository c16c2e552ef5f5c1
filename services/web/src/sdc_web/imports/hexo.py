"""What is Hexo's own: its tags in a text, and the address that a text had there."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from sdc_web.imports import front_matter, prose
from sdc_web.imports.callouts import between

POSTS = "_posts"
DEFAULT = ":year/:month/:day/:title/"
_IMAGE = re.compile(
    r"\{%-?\s{0,9}asset_img\s{1,9}(?:(?:left|right|center)\s{1,9})?(?P<file>[^\s%]{1,300}+)(?P<rest>[^%]{0,500}+)%\}"
)
_LINK = re.compile(r"\{%-?\s{0,9}post_link\s{1,9}(?P<name>[^\s%]{1,300}+)(?P<words>[^%]{0,500}+)%\}")
_VIDEO = re.compile(r"\{%-?\s{0,9}(?P<place>youtube|vimeo)\s{1,9}(?P<id>[\w-]{1,60})[^%]{0,120}+%\}")
_CODE = re.compile(r"\{%-?\s{0,9}(?:codeblock|code)(?=[\s%])(?P<rest>[^%]{0,500}+)%\}")
_CODE_END = re.compile(r"\{%-?\s{0,9}end(?:codeblock|code)\s{0,9}-?%\}")
_SPOKEN = re.compile(r"\blang:([\w+#.-]{1,40})")
_SIZES = re.compile(r"^(?:\d{1,5}\s{1,9}){1,2}")
_QUOTED = re.compile(r"""(["'])(.*?)\1(?=\s|$)""", re.DOTALL)
_WHETHER = re.compile(r"(?:^|(?<=\s))(?:true|false)$")
"""Behind the words of a link: whether they may hold HTML."""
_VIDEOS = {"youtube": "https://www.youtube.com/watch?v={}", "vimeo": "https://vimeo.com/{}"}


def as_markdown(body: str, address: Callable[[str], str]) -> str:
    """The text without those of its tags whose meaning is Markdown's. `address` is that of another text by its name."""
    if "{%" not in body:
        return body
    body = between(_CODE, _CODE_END, _fenced, body, _counting)
    body = prose.sub(_IMAGE, lambda found: f"![{_words(found['rest'])}]({found['file']})", body)
    body = prose.sub(_LINK, lambda found: _linked(found, address(found["name"])), body)
    return prose.sub(_VIDEO, lambda found: f"\n\n{_VIDEOS[found['place']].format(found['id'])}\n\n", body)


def tokens(place: PurePosixPath, name: str, fields: Mapping[str, object]) -> dict[str, str]:
    """What stands for the words of its `permalink`, but for those of the date. `name` is that of the file, without the
    date in it.
    """
    inside = place.parts[place.parts.index(POSTS) + 1 : -1] if POSTS in place.parts else ()
    filed = [*front_matter.words(fields, "categories"), *front_matter.words(fields, "category")]
    return {
        "title": "/".join((*inside, name)),
        "name": name,
        "category": "/".join(each.replace(" ", "-") for each in filed) or "uncategorized",
    }


def _counting(pattern: re.Pattern[str], body: str) -> Iterable[re.Match[str]]:
    """Where an opening or a closing counts: a text that tells of the tag in code of its own opens none with it."""
    return prose.found(pattern, body) if pattern is _CODE else pattern.finditer(body)


def _fenced(found: re.Match[str], inside: str) -> str:
    spoken = _SPOKEN.search(found["rest"])
    code = inside.strip("\r\n").rstrip()
    fence = "`" * (max((len(each) for each in re.findall("`{3,}", code)), default=2) + 1)
    return f"{fence}{spoken[1] if spoken else ''}\n{code}\n{fence}\n"


def _linked(found: re.Match[str], to: str) -> str:
    words = _words(found["words"].removesuffix("-")) or found["name"]
    return f"[{words}]({to})" if to else found[0]


def _words(rest: str) -> str:
    """What such a tag says of a picture or a link, without its sizes, what stands around it and what would end it."""
    bare = _SIZES.sub("", rest.strip())
    quoted = _QUOTED.match(bare)
    said = quoted[2] if quoted else _WHETHER.sub("", bare)
    return said.strip().replace("[", "(").replace("]", ")")
