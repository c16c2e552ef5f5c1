import pytest
from sdc_core import errors
from sdc_core.errors import SdcError
from sdc_core.webhooks import WebhookError


def _tree(kind: type[SdcError]) -> list[type[SdcError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _tree(child))]


def test_every_error_that_a_caller_meets_is_in_the_picture_of_the_tree() -> None:
    drawn = errors.__doc__ or ""
    public = [kind for kind in _tree(SdcError) if kind.__module__ == "sdc_core.errors" and kind.__name__[0] != "_"]
    assert [kind.__name__ for kind in public if kind.__name__ not in drawn] == []


def test_no_two_errors_share_a_code() -> None:
    public = [kind for kind in SdcError.__subclasses__() if kind.__module__ == "sdc_core.errors"]
    codes = [kind.code for kind in [*public, errors.Throttled, errors.Unavailable] if kind.__name__[0] != "_"]
    assert len(codes) == len(set(codes)) == 10


def test_an_error_reads_as_its_sentence() -> None:
    assert str(errors.Conflict("the slug is taken")) == "the slug is taken"


def test_an_invalid_input_names_its_field() -> None:
    assert errors.Invalid("too long", field="title").field == "title"


@pytest.mark.parametrize("kind", [errors.Throttled, errors.Unavailable])
def test_a_temporary_failure_says_when_to_come_back(kind: type[errors.Unavailable]) -> None:
    assert kind("busy").retry_after_s == 5
    assert kind("busy", retry_after_s=60).retry_after_s == 60


def test_a_webhook_failure_is_an_unauthorized_request() -> None:
    assert WebhookError("no_match").code == "unauthorized"
