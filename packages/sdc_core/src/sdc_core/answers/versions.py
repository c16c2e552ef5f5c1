"""What runs, and which schemas its files have."""

import msgspec


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program that came along, and what it says of its version; empty where it says nothing."""

    name: str
    version: str


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A database as it was before its schema changed; `schema` is the one it has."""

    file: str
    schema: int
    made_us: int
    size_bytes: int


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """The schema that a file has, None where there is no such file; the newest that this release knows; the copies that
    were made before it changed, newest first.
    """

    file: str
    present: int | None
    newest: int
    copies: list[Copy] = []


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """One process: its release, what that runs on, the programs beside it and the schemas of the files that it owns."""

    sdc: str
    python: str
    sqlite: str
    programs: list[Program] = []
    schemas: list[Schema] = []
