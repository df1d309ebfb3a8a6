from __future__ import annotations

from connector.demo.figures import Figures, Speedometer, read_figures

EXPOSITION = """\
# TYPE connector_records_read_total counter
connector_records_read_total{connector="a",task="0"} 70.0
connector_records_read_total{connector="a",task="1"} 30.0
# TYPE connector_consumer_lag_records gauge
connector_consumer_lag_records{connector="a",partition="1",task="0",topic="t"} 5.0
connector_consumer_lag_records{connector="a",partition="0",task="1",topic="t"} 2.0
# TYPE connector_sts_requests_total counter
connector_sts_requests_total{outcome="granted"} 1.0
# TYPE connector_credentials_expiry_timestamp_seconds gauge
connector_credentials_expiry_timestamp_seconds{role="r"} 1.7e+09
"""


def test_figures_are_sums_over_tasks() -> None:
    figures = read_figures(EXPOSITION)
    assert figures.records_read == 100
    assert figures.assume_role_calls == 1
    assert figures.credentials_expire == 1.7e9


def test_lag_is_told_by_partition_in_their_order() -> None:
    assert list(read_figures(EXPOSITION).lag.items()) == [(0, 2), (1, 5)]


def test_a_worker_that_has_done_nothing_has_no_figures() -> None:
    assert read_figures("") == Figures()


def test_rates_cover_the_last_looks_and_the_peak_stays() -> None:
    speedometer = Speedometer(looks=3)
    assert speedometer.look(0.0, Figures(records_read=0)).records == 0
    assert speedometer.look(1.0, Figures(records_read=100)).records == 100
    assert speedometer.look(2.0, Figures(records_read=100)).records == 50
    last = speedometer.look(3.0, Figures(records_read=100))
    assert (last.records, last.peak_records) == (0, 100)
