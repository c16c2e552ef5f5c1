"""The headers of htmx 4, and nothing else of it.

What asks is a browser that wants a page, or htmx that wants a fragment; the gate says in `Vary` that answers differ.
"""

from sdc_web.problems import AnyRequest


def is_htmx(request: AnyRequest) -> bool:
    """Whether htmx sent this request."""
    return request.headers.get("HX-Request") == "true"


def wants_fragment(request: AnyRequest) -> bool:
    """Whether the answer goes into a part of a page: htmx asks, and not for the whole of it."""
    return is_htmx(request) and request.headers.get("HX-Request-Type", "partial") == "partial"


def wants_json(request: AnyRequest) -> bool:
    """Whether a script asks for data."""
    return "application/json" in request.headers.get("Accept", "")
