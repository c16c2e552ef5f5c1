"""The country of an address: from the file that `GEOIP_DB` names, or from the table that comes with iptocc."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import iptocc
import maxminddb
from sdc_core.errors import Misconfigured

Countries: TypeAlias = Callable[[str], str]
"""Two capital letters (ISO 3166) for an address; empty where it is not known, or is no address."""


def open_countries(file: Path | None) -> Countries:
    """The source that is set. Raises Misconfigured, with the name of the setting, for a file that cannot be used.

    Blocking: the file is mapped into memory, where a look-up takes microseconds and waits for nothing.
    """
    if file is None:
        return _built_in
    try:
        reader = maxminddb.open_database(file, maxminddb.MODE_MMAP)
    except OSError as error:
        raise Misconfigured(f"SDC_GEOIP_DB: {file} cannot be read: {error.strerror or error}") from None
    except (maxminddb.InvalidDatabaseError, ValueError):
        raise Misconfigured(f"SDC_GEOIP_DB: {file} is no MaxMind database (.mmdb)") from None

    def country(address: str) -> str:
        try:
            return _code(reader.get(address))
        # Not an address; an IPv6 one for a file that knows only IPv4; a file that is damaged further in.
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""

    return country


def _built_in(address: str) -> str:
    return iptocc.country_code(address) or ""


def _code(record: object) -> str:
    """MaxMind and DB-IP write `country.iso_code`, IPinfo `country_code` or `country` alone."""
    if not isinstance(record, dict):
        return ""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code", country)
    return code if isinstance(code, str) and len(code) == 2 else ""
