"""How the site looks where the author wants it otherwise: a few choices, made into a stylesheet of tokens."""

from sdc_web.look.choices import Look
from sdc_web.look.css import DEFAULT_ACCENT, Stylesheet, stylesheet
from sdc_web.look.store import change, current, decoded

__all__ = ["DEFAULT_ACCENT", "Look", "Stylesheet", "change", "current", "decoded", "stylesheet"]
