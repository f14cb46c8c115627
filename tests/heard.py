"""A run's messages and warnings, kept for tests."""
from __future__ import annotations

from nocturne.algorithms.progress import Progress


class Heard(Progress):
    """texts: all that was said, in order; messages and warnings: of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.messages: list[str] = []
        self.warnings: list[str] = []

    def message(self, text: str) -> None:
        self.texts.append(text)
        self.messages.append(text)

    def warning(self, text: str) -> None:
        self.texts.append(text)
        self.warnings.append(text)
