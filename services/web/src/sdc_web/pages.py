"""Rendering the author's pages: the layout's context, the words after a redirect, answers as HTML."""

from types import MappingProxyType
from typing import Literal

import msgspec
from litestar import MediaType, Response

from sdc_web import opened_by, posts, templating
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest
from sdc_web.sessions import notices
from sdc_web.sessions.signed_in import SignedIn


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence at the top of a page; with `backs_up` the page asks whether what was written is backed up."""

    kind: Literal["ok", "warning", "error"]
    text: str
    backs_up: bool = False


_SAID = MappingProxyType({
    "published": Flash(kind="ok", text="Published.", backs_up=True),
    "scheduled": Flash(kind="ok", text="Scheduled."),
    "unpublished": Flash(kind="ok", text="Taken off the site. Its text is kept."),
    "deleted": Flash(kind="ok", text="Deleted."),
    "unscheduled": Flash(kind="ok", text="Taken from the schedule. The text is kept, and what readers see stays."),
    "leaves": Flash(kind="ok", text="It leaves the site at that moment. Its text is kept."),
    "noindex": Flash(kind="ok", text="Search engines are asked to leave it out, once they look again."),
    "indexed": Flash(kind="ok", text="Search engines may take it in."),
    "stays": Flash(kind="ok", text="It stays on the site until you take it off."),
    "taken-back": Flash(kind="ok", text="Taken back. The link leads nowhere any more."),
    "restored": Flash(kind="ok", text="Brought back. What was here before is in the history."),
    "discarded": Flash(kind="ok", text="The change is left. It is in the history, should you want it after all."),
    "set-aside": Flash(kind="ok", text="What you wrote is set aside: it is in the history, under that name."),
    "saved": Flash(kind="ok", text="Saved."),
    "none-selected": Flash(kind="warning", text="Tick the texts first, then say what to do with them."),
    "none-ticked": Flash(kind="warning", text="Tick some first, then say what becomes of them."),
    "none-failed": Flash(kind="warning", text="Of the ticked ones none has failed, so there is nothing to try again."),
    "none-ended": Flash(kind="warning", text="The sizes of the ticked ones are being made already."),
    "accepted": Flash(kind="ok", text="Accepted. Readers see it below the text."),
    "refused": Flash(kind="ok", text="Refused. Readers do not see it."),
    "uploaded": Flash(kind="ok", text="Uploaded. Its sizes are being made."),
    "trashed": Flash(kind="ok", text="In the trash. It can be brought back for 30 days."),
    "untrashed": Flash(kind="ok", text="Brought back."),
    "remade": Flash(kind="ok", text="All pictures are being made anew. You need not wait for it."),
    "cleared": Flash(kind="ok", text="Being deleted. That takes a minute."),
    "replacing": Flash(kind="ok", text="The new file is here, and takes the old one's place once its sizes are made."),
    "anew": Flash(kind="ok", text="Made anew within minutes; until then readers see what there is."),
    "ordered": Flash(kind="ok", text="Trying again. Its sizes are being made."),
    "password": Flash(kind="ok", text="Password changed. You are signed out everywhere else."),
    "revoked": Flash(kind="ok", text="Revoked. It opens nothing any more."),
    "passkey": Flash(kind="ok", text="Passkey added. From now on it signs you in."),
    "passkey-removed": Flash(
        kind="ok", text="Passkey removed. Delete it on your device as well. You are signed out everywhere else."
    ),
    "copied": Flash(
        kind="warning",
        text="The counter of this passkey went back: there may be a copy. Remove it below, and add another.",
    ),
    "removed": Flash(kind="ok", text="Removed. Nothing of what they wrote is lost."),
    "revoked-invitation": Flash(kind="ok", text="Taken back. The link opens nothing any more."),
    "ended": Flash(kind="ok", text="Signed out there."),
    "codes_on": Flash(kind="ok", text="From now on your password asks for a code. You are signed out everywhere else."),
    "codes_off": Flash(kind="ok", text="Your password is enough again. You are signed out everywhere else."),
    "github_linked": Flash(kind="ok", text="Linked. You can sign in with GitHub."),
    "github_unlinked": Flash(kind="ok", text="Unlinked. GitHub signs you in no more. You are signed out elsewhere."),
    "recovery_code": Flash(kind="warning", text="That recovery code is used up. Few are left: make new ones below."),
    "sent-again": Flash(kind="ok", text="On its way again, under the same id."),
    "none-to-send": Flash(kind="warning", text="Nothing of that time is left to be sent again."),
    "copied-now": Flash(kind="ok", text="Backed up: the object store has everything written so far."),
    "not-copied": Flash(kind="warning", text="Not backed up yet. The replica below says why; it is tried again."),
    "mailed": Flash(kind="ok", text="The mail server took the test mail. Look whether it has arrived."),
    "started": Flash(kind="ok", text="Started. Its outcome will stand below."),
})  # fmt: skip


async def page(
    request: AnyRequest,
    databases: Databases,
    template: str,
    *,
    author: SignedIn | None,
    status_code: int = 200,
    **context: object,
) -> Response[str]:
    """A whole page in the author's layout."""
    said = _SAID.get(request.query_params.get("said", ""))
    new_sign_ins = await notices.of(databases, author) if author else []
    async with databases.site.read() as connection:
        front = await posts.front(connection, "")
    text = templating.render(
        template,
        site=front,
        author=author,
        zone=author.time_zone if author else "",
        flash=[said] if said else [],
        new_sign_ins=new_sign_ins,
        **context,
    )
    return html(opened_by.told_in(text, author.id) if author else text, status_code)


def fragment(template: str, author: SignedIn, *, status_code: int = 200, **context: object) -> Response[str]:
    """A part of a page, for htmx; templates of pages and parts alike tell times in `zone`."""
    text = templating.render(template, zone=author.time_zone, **context)
    return html(opened_by.told_in(text, author.id), status_code)


def html(text: str, status_code: int = 200, policy: str = "") -> Response[str]:
    """Text as an HTML answer; `policy` is one of `edge`, for a page that needs another than that of all."""
    headers = {"content-security-policy": policy} if policy else {}
    return Response(text, status_code=status_code, media_type=MediaType.HTML, headers=headers)


def redirect(path: str, said: str = "", part: str = "") -> Response[bytes]:
    """Off to another page with GET; `said` names one of the sentences above, `part` the element that is gone to: a
    button gets the focus, without any script.
    """
    address = f"{path}{'&' if '?' in path else '?'}said={said}" if said else path
    address += f"#{part}" if part else ""
    return Response(b"", status_code=303, headers={"Location": address})
