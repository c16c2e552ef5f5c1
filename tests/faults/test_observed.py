"""What alerts and the dashboard ask for is told by the services as they run."""

from collections.abc import Mapping

import pytest

import observed
from living_site import Site, eventually

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, frozenset[str]]:
    """Every figure of both services and its labels, once each process of web has told of itself and a job went well."""
    site.run_job("images.sweep")
    site.ask("/")
    eventually(lambda: 'process="1"' in site.ask("/metrics").text)
    web, worker = site.ask("/metrics").text, site.visitor.get(f"{site.worker_url}/metrics").text
    return observed.told(web) | observed.told(worker)


@pytest.mark.parametrize("queries", [observed.alerts(), observed.panels()], ids=["alerts", "panels"])
def test_every_figure_that_is_asked_for_is_told(told: Mapping[str, frozenset[str]], queries: dict[str, str]) -> None:
    asked = [(name, *each) for name, query in queries.items() for each in observed.selectors(query)]
    assert len(asked) > 15
    missing = [
        (name, figure, labels - told.get(figure, frozenset()))
        for name, figure, labels in asked
        if figure != "up" and (figure not in told or not labels <= told[figure] | observed.BESIDE)
    ]
    assert missing == []


def test_nothing_is_told_that_nobody_looks_at(told: Mapping[str, frozenset[str]]) -> None:
    queries = [*observed.alerts().values(), *observed.panels().values()]
    asked = {figure for query in queries for figure, _ in observed.selectors(query)}
    families = {name.removesuffix("_sum").removesuffix("_count").removesuffix("_bucket") for name in told}
    looked_at = {name.removesuffix("_bucket") for name in asked}
    assert families - looked_at == {"sdc_info"}
