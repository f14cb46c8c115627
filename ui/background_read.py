"""One read of the science on a thread of QGIS's task manager; the answer comes back on the main thread."""
from __future__ import annotations

from typing import Any, Callable

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..algorithms.errors import Cancelled, NocturneError
from ..algorithms.progress import Progress


class BackgroundRead(QgsTask):
    """answered carries what the function returned, failed one sentence; after forget() neither comes."""

    answered = pyqtSignal(object)
    failed = pyqtSignal(str)

    def __init__(self, description: str, function: Callable[[Progress], Any]) -> None:
        super().__init__(description, QgsTask.Flag.CanCancel)
        self._function = function
        self._answer: Any = None
        self._sentence = ""
        self._forgotten = False

    def run(self) -> bool:
        try:
            self._answer = self._function(_TaskProgress(self))
        except Cancelled:
            return False
        except NocturneError as error:
            self._sentence = str(error)
        except Exception as error:  # QGIS would drop it without a word
            self._sentence = f"The nights can't be read ({error})."
        return not self._sentence

    def finished(self, result: bool) -> None:
        if self._forgotten:
            return
        if result:
            self.answered.emit(self._answer)
        else:
            self.failed.emit(self._sentence)

    def forget(self) -> None:
        self._forgotten = True
        self.cancel()


class _TaskProgress(Progress):
    def __init__(self, task: QgsTask) -> None:
        self._task = task

    def set_fraction(self, fraction: float) -> None:
        self._task.setProgress(100.0 * fraction)

    def is_cancelled(self) -> bool:
        return bool(self._task.isCanceled())
