"""Statistics of ensembles: intervals for what was counted, distributions of switching times, tests of them."""

from fdmag.statistics.intervals import bootstrap_interval, clopper_pearson, exponential_interval
from fdmag.statistics.switching import Estimate, SwitchingStatistics

__all__ = ["Estimate", "SwitchingStatistics", "bootstrap_interval", "clopper_pearson", "exponential_interval"]
