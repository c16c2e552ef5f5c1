"""What came from a form whose author is not signed in any more: it is handed back, and can be sent again."""

import re
from urllib.parse import urlencode

import msgspec
from sdc_core.errors import Invalid

from sdc_web import htmx, problems, templating
from sdc_web.author import forms
from sdc_web.author.views import DraftForm
from sdc_web.opened_by import OpenedBy
from sdc_web.problems import AnyRequest
from sdc_web.sessions.signed_in import SignedIn

_EDITOR = "/author/posts/"
_SECRET = re.compile(r"password|code|secret|token|credential")
_WORDS = re.compile(r"\S\s+\S|\S{40}|[^\W\d_a-zA-Z]{2}")
"""What somebody has written, rather than chosen, where the form does not tell; not every script sets its words
apart.
"""
_FORM = "application/x-www-form-urlencoded"
_LINE = 60
_OF_A_TEXT = re.compile(r"/author/posts/[0-9A-Z]{26}(/|$)")


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """The editor's form, the names of its fields that came, the address that it was sent to, and the id of the author
    whose page it was. A field that did not come, since its page had not come whole, is not sent again as an empty one.
    """

    action: str
    form: DraftForm
    came: frozenset[str]
    opened_by: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field, and whether it holds what somebody has written rather than chosen; `long` where that takes lines."""

    name: str
    value: str
    written: bool
    long: bool


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """The same of any other form, in the order sent."""

    action: str
    fields: list[Field]
    opened_by: str

    @property
    def written(self) -> bool:
        """Whether anything in it was written."""
        return any(each.written for each in self.fields)


async def opened_by(request: AnyRequest) -> OpenedBy:
    """Whose page the form stood on that was sent; nobody's where it does not tell."""
    if request.method == "GET" or request.content_type[0] != _FORM:
        return OpenedBy()
    try:
        return forms.sender((await request.body()).decode("latin-1"))
    except Invalid:
        return OpenedBy()


async def sent(request: AnyRequest, *, other: bool = False) -> Unsent | Fields | None:
    """What is to be handed back: None when nothing was written, or htmx sent it, whose page has it still. Where some
    `other` author is signed in it is handed back whatever was in it.
    """
    if request.method == "GET" or htmx.is_htmx(request) or request.content_type[0] != _FORM:
        return None
    by = await opened_by(request)
    override = "" if request.method == "POST" else "?" + urlencode({"_method": request.method})
    try:
        if request.scope["path"].startswith(_EDITOR):
            form = await forms.read(request, DraftForm)
            if form.base_revision is not None:
                came = frozenset(forms.pairs((await request.body()).decode("latin-1")))
                return Unsent(action=request.scope["path"] + override, form=form, came=came, opened_by=by.author_id)
    except Invalid:
        pass
    found = await _fields_of(request, by)
    return found if found and (other or found.written) else None


async def _fields_of(request: AnyRequest, by: OpenedBy) -> Fields | None:
    """Nothing of a form that holds a secret: no page is to repeat one."""
    try:
        fields = forms.listed((await request.body()).decode("latin-1"))
    except Invalid:
        return None
    if any(_SECRET.search(name) for name, _ in fields):
        return None
    query = request.scope["query_string"].decode("latin-1")
    told = [
        Field(
            name=name,
            value=value,
            written=bool(_WORDS.search(value) or (value.strip() and name in by.typed)),
            long=len(value) > _LINE or "\n" in value,
        )
        for name, value in fields
    ]
    return Fields(action=request.scope["path"] + (f"?{query}" if query else ""), fields=told, opened_by=by.author_id)


def page(request: AnyRequest, unsent: Unsent | Fields, instead: SignedIn | None) -> str:
    """What was sent, with a button that sends it once its author has signed in beside it, or `instead` takes it
    over.
    """
    template = "unsent" if isinstance(unsent, Unsent) else "unsent_fields"
    return templating.render(
        f"author/sign_in/{template}.html",
        site=problems.site_of(request),
        author=None,
        flash=[],
        unsent=unsent,
        instead=instead,
    )


def is_written_at(address: str) -> bool:
    """Whether a page is there on which somebody may be typing: nothing takes it away from them."""
    return _OF_A_TEXT.match(address) is not None


def words(instead: SignedIn | None) -> str:
    """What such a page says, with a way to sign in beside it."""
    return templating.render("author/posts/_signed_out.html", instead=instead)
