"""Settings as others are told of them: another process all, a page those that open nothing."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from sdc_core.settings import PREFIX, Settings

SET = "set"
"""In the place of a secret that there is."""
_KEYS = re.compile(r"(://)[^/@\s,]*@")
"""Name and password in an address."""
_PATHS = re.compile(r"(https?://[^/,\s]+)/[^,\s]+")


def plain(settings: Settings) -> dict[str, object]:
    """Every value as JSON can hold it, secrets in the clear: for the input of a child, which nobody else reads."""

    def of(value: object) -> object:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, tuple):
            return [of(each) for each in value]
        return str(value) if isinstance(value, Path) else value

    return {name: of(getattr(settings, name)) for name in Settings.model_fields}


def from_plain(values: Mapping[str, object]) -> Settings:
    """The settings of which those values were told. Nothing else is read."""
    return Settings(_env_file=None, _secrets_dir=None, **values)  # ty: ignore[invalid-argument-type]


def shown(settings: Settings) -> dict[str, str]:
    """Every value by its whole name, as a person may see it: of a secret no more than that there is one, of addresses
    of watchers, which are keys by themselves, the host.
    """
    return {PREFIX + name: _shown(name, getattr(settings, name)) for name in Settings.model_fields}


def _shown(name: str, value: object) -> str:
    if value is None or value in ("", ()):
        return ""
    values = value if isinstance(value, tuple) else (value,)
    text = ", ".join(_plain(each) for each in values)
    return _PATHS.sub(r"\1/…", text) if "PING" in name else text


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return SET if value.get_secret_value() else ""
    return _KEYS.sub(r"\1…@", str(value))
