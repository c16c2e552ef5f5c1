"""How far the worker is with pictures, and what web shows of them."""

import msgspec


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """`aim` is what pictures are to reach on the scale of SSIMULACRA 2, `since_us` when an author chose it, None where
    nobody did. Of all files `made` have what it asks for, `failed` cannot have it, and `left` wait for it; `waiting` of
    these are uploads, which come first.
    """

    aim: int
    since_us: int | None
    made: int
    failed: int
    left: int
    waiting: int


class Otherwise(msgspec.Struct, frozen=True, kw_only=True):
    """Web's answer: the ids of files that it shows by another recipe than the one it was asked about, or not at all
    because they failed, by id; `more` when there are others after the last.
    """

    files: tuple[str, ...]
    more: bool = False
