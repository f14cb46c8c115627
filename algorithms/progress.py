"""How a science function speaks to whoever called it: progress, messages, and the wish to stop."""
from __future__ import annotations

from .errors import Cancelled


class Progress:
    """Silent by default; the Processing face, a notebook or a test overrides what it wants to hear."""

    def set_fraction(self, fraction: float) -> None:
        """Share of the work that is done, 0 to 1."""

    def message(self, text: str) -> None:
        """Something that the user should read."""

    def warning(self, text: str) -> None:
        """Something that the user should act on."""

    def is_cancelled(self) -> bool:
        return False

    def check(self) -> None:
        """Raises Cancelled when the user has stopped the run; called at least every half second."""
        if self.is_cancelled():
            raise Cancelled

    def report(self, fraction: float) -> None:
        """Sets the share of the work that is done and raises Cancelled when the user has stopped the run."""
        self.check()
        self.set_fraction(fraction)

    def part(self, start: float, end: float) -> Progress:
        """The same ear for one step of the work: its 0 to 1 is this one's start to end."""
        return _Part(self, start, end)


class _Part(Progress):
    def __init__(self, whole: Progress, start: float, end: float) -> None:
        self._whole = whole
        self._start = start
        self._end = end

    def set_fraction(self, fraction: float) -> None:
        self._whole.set_fraction(self._start + fraction * (self._end - self._start))

    def message(self, text: str) -> None:
        self._whole.message(text)

    def warning(self, text: str) -> None:
        self._whole.warning(text)

    def is_cancelled(self) -> bool:
        return self._whole.is_cancelled()
