"""The files for Prometheus and Grafana, as far as a machine without either can judge them."""

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

INFRA = Path(__file__).resolve().parents[2] / "infra"
BOARD: dict[str, Any] = json.loads((INFRA / "grafana" / "sdc.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
ASKING = [panel for panel in PANELS if panel["type"] != "row"]
KINDS = {"row", "stat", "timeseries"}
UNITS = {"short", "s", "percentunit", "bytes", "reqps"}
WIDTH = 24


def test_panels_are_of_kinds_that_every_grafana_has_and_are_told_apart() -> None:
    assert {panel["type"] for panel in PANELS} <= KINDS
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)


def test_no_panel_lies_upon_another_or_beside_the_board() -> None:
    for panel in PANELS:
        at = panel["gridPos"]
        assert at["w"] > 0
        assert at["x"] + at["w"] <= WIDTH, panel["title"]
    for one, other in combinations(PANELS, 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or below, f"{one['title']} and {other['title']}"


@pytest.mark.parametrize("panel", ASKING, ids=[panel["title"] for panel in ASKING])
def test_a_panel_asks_the_source_that_is_chosen_and_names_its_unit(panel: dict[str, Any]) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert panel["datasource"] == chosen
    assert panel["targets"]
    assert all(target["datasource"] == chosen and target["expr"].strip() for target in panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS


def test_the_source_can_be_chosen() -> None:
    (variable,) = BOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="NOT CHECKED: this machine has no promtool")
@pytest.mark.parametrize(("kind", "file"), [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_prometheus_takes_its_files(kind: str, file: str) -> None:
    done = subprocess.run(
        ["promtool", "check", kind, INFRA / "prometheus" / file],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("promtool") is None, reason="NOT CHECKED: this machine has no promtool")
def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{panel['id']}:{target['refId']}", "expr": target["expr"].replace("$__rate_interval", "5m")}
        for panel in ASKING
        for target in panel["targets"]
    ]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, timeout=15, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
