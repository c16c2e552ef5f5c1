"""The author's surface: signing in, writing, media, sessions.

The composition root gives `Litestar`

    route_handlers=[*author.route_handlers, ...]
    middleware=[DefineMiddleware(author.Gate, site_url=settings.site_url)]
    dependencies={**author.dependencies, "databases": ..., "settings": ..., "store": ..., "worker": ...}
    exception_handlers={**author.exception_handlers, ...}

`dependencies` holds `author`, the `SignedIn` that the dashboard's pages ask for as well, and `store_away`, the words of
pages that show pictures.
"""

from litestar.di import Provide

from sdc_web.author import (
    account,
    account_codes,
    account_recovery,
    audit,
    authors,
    beacon,
    catalogue,
    checks,
    comparisons,
    confirm,
    deliveries,
    drafts,
    endpoints,
    exports,
    github,
    github_return,
    home,
    imports,
    indexing,
    invitations,
    link_choices,
    links,
    look,
    media,
    media_alt,
    media_files,
    media_selection,
    media_trash,
    media_upkeep,
    navigation,
    passkeys,
    pictures,
    posts,
    posts_trash,
    preview_links,
    previews,
    publications,
    redirects,
    restorations,
    revisions,
    robots,
    schedules,
    selection,
    series,
    sessions,
    setup,
    sign_in,
    sign_in_code,
    site,
    tag_choices,
    tags,
    tokens,
    webmentions,
)
from sdc_web.author.confirm import ask_to_confirm
from sdc_web.author.gate import Gate
from sdc_web.author.pictures import provide_store_away
from sdc_web.author.signed_in import SignInNeeded, ask_to_sign_in, provide_author
from sdc_web.sessions.confirm import ConfirmationNeeded

dependencies = {"author": Provide(provide_author), "store_away": Provide(provide_store_away)}
exception_handlers = {SignInNeeded: ask_to_sign_in, ConfirmationNeeded: ask_to_confirm}
route_handlers = [
    *setup.route_handlers,
    *sign_in.route_handlers,
    *confirm.route_handlers,
    *account.route_handlers,
    *passkeys.route_handlers,
    *catalogue.route_handlers,
    *selection.route_handlers,
    *account_codes.route_handlers,
    *account_recovery.route_handlers,
    *github.route_handlers,
    *github_return.route_handlers,
    *sign_in_code.route_handlers,
    *posts.route_handlers,
    *posts_trash.route_handlers,
    *drafts.route_handlers,
    *publications.route_handlers,
    *checks.route_handlers,
    *previews.route_handlers,
    *revisions.route_handlers,
    *comparisons.route_handlers,
    *restorations.route_handlers,
    *pictures.route_handlers,
    *link_choices.route_handlers,
    *tag_choices.route_handlers,
    *indexing.route_handlers,
    *schedules.route_handlers,
    *preview_links.route_handlers,
    *series.route_handlers,
    *media.route_handlers,
    *media_alt.route_handlers,
    *media_files.route_handlers,
    *media_selection.route_handlers,
    *media_trash.route_handlers,
    *media_upkeep.route_handlers,
    *sessions.route_handlers,
    *site.route_handlers,
    *home.route_handlers,
    *redirects.route_handlers,
    *tags.route_handlers,
    *navigation.route_handlers,
    *tokens.route_handlers,
    *look.route_handlers,
    *audit.route_handlers,
    *robots.route_handlers,
    *beacon.route_handlers,
    *endpoints.route_handlers,
    *deliveries.route_handlers,
    *authors.route_handlers,
    *invitations.route_handlers,
    *links.route_handlers,
    *webmentions.route_handlers,
    *imports.route_handlers,
    *exports.route_handlers,
]

__all__ = ["Gate", "dependencies", "exception_handlers", "route_handlers"]
