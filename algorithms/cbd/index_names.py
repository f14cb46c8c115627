"""The light indexes by the names of Tables 2 and 3 of Jie et al. (2024), and the strategies of its Table 4."""
from __future__ import annotations

COUNT = "Count_A"  # negative pixels of a centre
ORIGINAL_INDEXES = (COUNT, "Min_A", "Max_A", "Mean_A", "SD_A", "Mean", "Min", "Max", "SD")
ZSCORE_INDEXES = ("Min_A_Z", "Max_A_Z", "Mean_A_Z", "SD_A_Z", "Mean_Z", "Min_Z", "Max_Z", "SD_Z")
INDEXES = ORIGINAL_INDEXES + ZSCORE_INDEXES

HAS_NEGATIVE = "has_negative"
CENTRE_ID = "centre_id"
CITY_TYPE = "city_type"
USA_LIKE, MIXED, CHINA_LIKE = CITY_TYPES = ("usa_like", "mixed", "china_like")

# Of a centre's negative pixels: its place among the centres of its city (1 = most), and its share of the most.
WITHIN_CITY = COUNT_RANK, COUNT_SHARE = ("Count_A_rank", "Count_A_share")

# The indexes of each strategy, and whether every city type gets a tree of its own. The first is ours.
STRATEGIES = {
    "within_city": ((COUNT, *WITHIN_CITY, "Share_A", "Change_A", *ZSCORE_INDEXES), False),
    "types_zscore": ((COUNT, *ZSCORE_INDEXES), True),
    "types": (ORIGINAL_INDEXES, True),
    "zscore": ((COUNT, *ZSCORE_INDEXES), False),
    "plain": (ORIGINAL_INDEXES, False),
}
