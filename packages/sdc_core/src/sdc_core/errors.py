"""Expected failures, each with a stable code.

    SdcError
    ├── Invalid         the input breaks a rule; says which and what to do
    ├── Unauthorized    who asks is not known
    ├── Forbidden       who asks is known and may not
    ├── NotFound
    │   └── Gone        what had that name was taken away
    ├── Conflict        the state does not allow it now
    ├── Stale           a precondition (If-Match) names an older state
    ├── TooLarge        over a stated limit
    ├── Throttled       too many tries; wait `retry_after_s`
    ├── Unavailable     a part that is needed does not answer; try again after `retry_after_s`
    └── Misconfigured   a setting or the machine must change first

Anything else that is raised is a bug.
"""

from typing import ClassVar


class SdcError(Exception):
    """An expected failure: `str()` of it is one sentence that tells a person what to do. A `permanent` one would come
    again however often the same is tried: nobody retries it.
    """

    code: ClassVar[str] = "error"
    permanent: ClassVar[bool] = False


class Invalid(SdcError):
    """The input breaks a rule; `field` names the part of it at fault, where one is."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Unauthorized(SdcError):
    """Who asks is not known."""

    code = "unauthorized"


class Forbidden(SdcError):
    """Who asks is known, and may not."""

    code = "forbidden"


class NotFound(SdcError):
    """Nothing has that name."""

    code = "not_found"


class Gone(NotFound):
    """What had that name was taken away, and is not looked for any more."""

    code = "gone"


class Conflict(SdcError):
    """The present state does not allow it."""

    code = "conflict"


class Stale(SdcError):
    """The caller's precondition names a state that has passed."""

    code = "stale"


class TooLarge(SdcError):
    """Over a stated limit."""

    code = "too_large"


class _Temporary(SdcError):
    def __init__(self, message: str, *, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Throttled(_Temporary):
    """Too many tries in too short a time."""

    code = "throttled"


class Unavailable(_Temporary):
    """A part that this needs does not answer in time."""

    code = "unavailable"


class Misconfigured(SdcError):
    """A setting or the machine must change before this can work."""

    code = "misconfigured"
    permanent = True
