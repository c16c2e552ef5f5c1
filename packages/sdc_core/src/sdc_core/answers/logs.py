"""Streams of the access log: one day's file of one log slot."""

import msgspec


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """`at` bytes of it are committed, in so many `lines` where that is known; `closed` once its length and digest are
    proved.
    """

    slot: str
    day: str
    at: int
    closed: bool
    lines: int | None = None


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """What is committed of which file, the oldest days first."""

    streams: list[Stream]


class Committed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The committed length of a stream in bytes and, where it is known, in lines; and whether it is closed."""

    at: int
    closed: bool = False
    lines: int | None = None
