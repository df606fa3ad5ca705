"""Every figure as ``plots.name(frame, *, lang, source, as_of, n) -> Axes``, its alt text, and `publish`."""

from custlib.plots.concentration import alt_lorenz, lorenz
from custlib.plots.days import alt_rows_per_day, rows_per_day
from custlib.plots.distributions import alt_distribution, distribution
from custlib.plots.publish import both, publish
from custlib.plots.quality import alt_missing_by_column, alt_quality_parts, missing_by_column, quality_parts
from custlib.plots.rfm import alt_rfm_grid, rfm_grid
from custlib.plots.segments import alt_segment_bars, segment_bars
from custlib.plots.style import theme
from custlib.plots.whale import alt_whale_curve, whale_curve

__all__ = [
    "alt_distribution", "alt_lorenz", "alt_missing_by_column", "alt_quality_parts", "alt_rfm_grid", "alt_rows_per_day",
    "alt_segment_bars", "alt_whale_curve", "both", "distribution", "lorenz", "missing_by_column", "publish", "quality_parts",
    "rfm_grid", "rows_per_day", "segment_bars", "theme", "whale_curve",
]
