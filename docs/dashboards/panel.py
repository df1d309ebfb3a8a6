"""A panel in the words that matter, and what Grafana wants to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TAG = "kafka-aws-connector"
_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Curves:
    """How something went.

    Attributes:
        title: What it answers, in a few words.
        queries: PromQL by the legend of its series.
        unit: Grafana's name of the unit.
        text: What to make of it.
        stacks: Curves add up.
    """

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    text: str = ""
    stacks: bool = False

    def build(self) -> timeseries.Panel:
        made = (
            timeseries.Panel()
            .title(self.title)
            .description(self.text)
            .datasource(_SOURCE)
            .unit(self.unit)
            .min(0)
            .span(8)
            .height(8)
            .fill_opacity(20 if self.stacks else 5)
            .show_points(VisibilityMode.NEVER)
            .legend(_legend())
            .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        )
        if self.stacks:
            made = made.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
        for letter, (legend, query) in zip("ABCDEFGH", self.queries.items(), strict=False):
            made = made.with_target(Dataquery().expr(query).range().legend_format(legend).ref_id(letter))
        return made


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, of now.

    Attributes:
        title: What it answers, in a few words.
        query: PromQL.
        bad: From which number on it is red.
        text: What to make of it.
    """

    title: str
    query: str
    bad: float | None = None
    text: str = ""

    def build(self) -> stat.Panel:
        steps = [models.Threshold(color="green", value=None)]
        if self.bad is not None:
            steps.append(models.Threshold(color="red", value=self.bad))
        return (
            stat.Panel()
            .title(self.title)
            .description(self.text)
            .datasource(_SOURCE)
            .unit("short")
            .decimals(0)
            .span(4)
            .height(4)
            .thresholds(ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
            .with_target(Dataquery().expr(self.query).instant().ref_id("A"))
        )


Panel = Curves | Figure


def dashboard(title: str, uid: str) -> Dashboard:
    """One without panels, for any data source and job."""
    return (
        Dashboard(title)
        .uid(uid)
        .tags([TAG])
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(_links())
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(
            label_values("job", "connector_worker_info").multi(True).include_all(True).all_value(".*")
        )
    )


def label_values(label: str, series: str) -> QueryVariable:
    """A choice of the values that a label has."""
    return (
        QueryVariable(label)
        .label(label.capitalize())
        .datasource(_SOURCE)
        .query(f"label_values({series}, {label})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def with_rows(made: Dashboard, rows: Mapping[str, Sequence[Panel]]) -> Dashboard:
    """The dashboard with these panels, by the title of their row."""
    ids = count(1)
    for title, panels in rows.items():
        made = made.with_row(Row(title).id(next(ids)))
        for panel in panels:
            made = made.with_panel(panel.build().id(next(ids)))
    return made


def rendered(made: Dashboard) -> str:
    """As Grafana reads it from a file."""
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )


def _links() -> DashboardLink:
    return (
        DashboardLink("Kafka AWS connector")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(True)
        .include_vars(True)
    )
