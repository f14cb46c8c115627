"""Categories of places as people write them."""
from __future__ import annotations


def plain_category(text: str) -> str:
    """Without differences of case, spaces and underscores."""
    return " ".join(text.casefold().replace("_", " ").split())
