"""What a check of `sdc doctor` finds."""

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it when it is not well."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
