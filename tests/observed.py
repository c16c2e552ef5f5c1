"""What the files for Prometheus and Grafana ask for, and what a service tells."""

import json
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import yaml
from prometheus_client.parser import text_string_to_metric_families

INFRA = Path(__file__).resolve().parent.parent / "infra"
BESIDE = frozenset({"job", "instance"})
"""Labels that Prometheus adds."""
_BELOW = ("lhs", "rhs", "expr", "vector_selector", "param")


def alerts() -> dict[str, str]:
    """Every alert by its name."""
    groups = yaml.safe_load((INFRA / "prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def panels() -> dict[str, str]:
    """Every query of the dashboard, by its panel and letter."""
    board = json.loads((INFRA / "grafana/sdc.json").read_text(encoding="utf-8"))
    asked = ((panel["title"], target) for panel in board["panels"] for target in panel.get("targets", ()))
    return {f"{title} {target['refId']}": target["expr"].replace("$__rate_interval", "5m") for title, target in asked}


def selectors(query: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each figure that a query names, and the labels that it is asked by. Raises ValueError when it is no PromQL."""
    stack = [promql_parser.parse(query)]
    while stack:
        node = stack.pop()
        if isinstance(node, promql_parser.VectorSelector):
            yield str(node.name), frozenset(each.name for each in node.matchers.matchers)
        stack += [below for name in _BELOW if (below := getattr(node, name, None)) is not None]
        stack += getattr(node, "args", [])


def told(text: str) -> dict[str, frozenset[str]]:
    """The figures in a text for Prometheus, each with its labels; one that has none yet has no labels."""
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(text):
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        found |= {family.name + end: found.get(family.name + end, frozenset()) for end in ends}
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, frozenset()) | frozenset(sample.labels)
    return found
