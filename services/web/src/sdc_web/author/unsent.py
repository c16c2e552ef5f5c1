"""A text that came from an editor in which nobody is signed in any more: it is handed back, and can be sent again."""

from urllib.parse import urlencode

import msgspec
from sdc_core.errors import Invalid

from sdc_web import problems, templating
from sdc_web.author import forms
from sdc_web.author.views import DraftForm
from sdc_web.problems import AnyRequest

_EDITOR = "/author/posts/"


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """Every field of the editor's form, and the address that it was sent to."""

    action: str
    form: DraftForm


async def text_of(request: AnyRequest) -> Unsent | None:
    """What an editor sent, None when that is no text."""
    if request.method == "GET" or not request.scope["path"].startswith(_EDITOR):
        return None
    try:
        form = await forms.read(request, DraftForm)
    except Invalid:
        return None
    if form.base_revision is None:
        return None
    override = "" if request.method == "POST" else "?" + urlencode({"_method": request.method})
    return Unsent(action=request.scope["path"] + override, form=form)


def page(request: AnyRequest, unsent: Unsent) -> str:
    """The text, with a button that sends it once the author has signed in beside it."""
    return templating.render(
        "author/sign_in/unsent.html",
        site=problems.site_of(request),
        author=None,
        flash=[],
        action=unsent.action,
        form=unsent.form,
    )
