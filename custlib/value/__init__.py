"""Who is worth most, and by which definition: RFM, named segments, value tiers, concentration."""

from custlib.value.concentration import abc_table, gini, histogram, lorenz, whale
from custlib.value.labels import Cuts, cuts, labels
from custlib.value.resample import concentration_intervals, confidence, shares, top_share
from custlib.value.schemes import Own, Scheme, own, sound
from custlib.value.scores import order_dependent_share, read_edges, rfm
from custlib.value.segment_map import SHIPPED, SegmentMap, lint, load_map
from custlib.value.segments import cells, segment_table
from custlib.value.tiers import abc, binary_cuts, business, share_edges, tier3

__all__ = [
    "SHIPPED", "Cuts", "Own", "Scheme", "SegmentMap", "abc", "abc_table", "binary_cuts", "business", "cells", "concentration_intervals",
    "confidence", "cuts", "gini", "histogram", "labels", "lint", "load_map", "lorenz", "order_dependent_share",
    "own", "read_edges", "rfm", "segment_table", "share_edges", "shares", "sound", "tier3", "top_share", "whale",
]
