"""The errors that a user reads: one sentence that names the parameter, what was found and what to do."""
from collections.abc import Iterator
from contextlib import contextmanager


class NocturneError(Exception):
    """A failure that the user can mend.

    parameter: the id of the Processing parameter, such as RADIANCE.
    found: what was found, without a full stop.
    what_to_do: the way out, without a full stop.
    """

    def __init__(self, parameter: str, found: str, what_to_do: str) -> None:
        super().__init__(f"{parameter}: {found}; {what_to_do}.")
        self.parameter = parameter
        self.found = found
        self.what_to_do = what_to_do


class InputError(NocturneError):
    """An input or a setting can't be used."""


@contextmanager
def renamed(parameter: str, own: str) -> Iterator[None]:
    """Errors about a parameter of shared code become errors about the caller's own one."""
    try:
        yield
    except InputError as error:
        if error.parameter != parameter:
            raise
        raise InputError(own, error.found, error.what_to_do) from error


class OutputError(NocturneError):
    """An output can't be written."""


class Cancelled(Exception):
    """The user stopped the run."""
