"""Tokens a second and MFU are sums and quotients of what is known; the peak is measured in a moment."""

import time

import numpy as np
import pytest

from lilliput.models.config import ModelConfig
from lilliput.models.count import flops_per_token
from lilliput.stories.batches import Batch
from lilliput.training import efficiency
from lilliput.training.efficiency import Efficiency, measure_peak


def test_mfu_is_the_arithmetic_of_the_rows_over_time_and_peak(any_config: ModelConfig) -> None:
    gauge = Efficiency(any_config, peak=1e6)
    batch = Batch([np.arange(6), np.arange(20)], 24, 0)
    operations = sum(flops_per_token(any_config, p, training=True) for n in (5, 19) for p in range(n))
    row = gauge(batch, 2.0)
    assert row["tokens_per_second"] == 12
    assert row["mfu"] == pytest.approx(operations / 2.0 / 1e6, rel=1e-3)
    assert gauge(batch, 0.0) == {}


@pytest.mark.parametrize("built", [True, False])
def test_the_peak_of_the_processor_is_soon_known(built: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not built:
        monkeypatch.setattr(efficiency, "library_path", lambda: None)
    measure_peak.cache_clear()
    began = time.process_time()
    peak = measure_peak("cpu")
    assert time.process_time() - began < 3  # the processor's time, of all threads
    assert 1e8 < peak < 1e15
    assert measure_peak("cpu") == peak, "measured once"
    measure_peak.cache_clear()
