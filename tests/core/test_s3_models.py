"""What botocore is told of S3, against what its own files say."""

from typing import Any

from botocore.loaders import Loader
from sdc_core import s3_models

WHOLE, OURS = Loader(), s3_models.loader()


def model(loader: Loader) -> dict[str, Any]:
    return loader.load_service_model("s3", "service-2", None)


def test_each_operation_in_use_and_all_that_it_is_made_of_is_as_botocore_has_it() -> None:
    whole, ours = model(WHOLE), model(OURS)
    assert sorted(ours["operations"]) == sorted(s3_models.OPERATIONS)
    assert {name: whole["operations"][name] for name in ours["operations"]} == ours["operations"]
    assert {name: whole["shapes"][name] for name in ours["shapes"]} == ours["shapes"]
    assert ours["metadata"] == whole["metadata"]


def test_the_order_of_members_which_is_that_of_a_body_is_kept() -> None:
    whole, ours = model(WHOLE), model(OURS)
    for name, shape in ours["shapes"].items():
        assert list(shape.get("members", {})) == list(whole["shapes"][name].get("members", {})), name


def test_no_shape_is_named_that_is_not_there() -> None:
    shapes = model(OURS)["shapes"]

    def named(part: object) -> set[str]:
        if isinstance(part, dict):
            here = {part["shape"]} if isinstance(part.get("shape"), str) else set()
            return here.union(*map(named, part.values()))
        return set().union(*map(named, part)) if isinstance(part, list) else set()

    assert named([shapes, model(OURS)["operations"]]) <= set(shapes)


def test_the_rest_is_left_out() -> None:
    assert len(model(OURS)["shapes"]) < len(model(WHOLE)["shapes"]) / 3
    whole, ours = (each.load_data("endpoints")["partitions"] for each in (WHOLE, OURS))
    assert [each["services"].keys() - {"s3"} for each in ours] == [set()] * len(whole)
    assert [each["services"].get("s3") for each in ours] == [each["services"].get("s3") for each in whole]
    assert [each["regions"] for each in ours] == [each["regions"] for each in whole]


def test_all_other_files_are_read_as_they_are() -> None:
    assert OURS.load_data("partitions") == WHOLE.load_data("partitions")
    assert OURS.load_service_model("s3", "endpoint-rule-set-1", None) == WHOLE.load_service_model(
        "s3", "endpoint-rule-set-1", None
    )
