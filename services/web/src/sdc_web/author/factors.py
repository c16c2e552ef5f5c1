"""What the account page shows of codes, recovery codes and GitHub."""

import msgspec
from sdc_core.settings import Settings

from sdc_web.authors import github, github_calls, recovery_codes, totp
from sdc_web.authors.github import GithubAccount
from sdc_web.authors.recovery_codes import Left
from sdc_web.db import Databases


class Factors(msgspec.Struct, frozen=True, kw_only=True):
    """`github_missing` names the settings that are still needed, once one of them is there."""

    codes_on: bool
    recovery: Left
    github: GithubAccount | None
    github_offered: bool
    github_missing: list[str]


async def of(databases: Databases, settings: Settings, author_id: str) -> Factors:
    """How things stand for that author."""
    return Factors(
        codes_on=await totp.is_on(databases, author_id),
        recovery=await recovery_codes.left(databases, author_id),
        github=await github.account_of(databases, author_id),
        github_offered=github_calls.provider(settings) is not None,
        github_missing=github_calls.missing(settings),
    )
