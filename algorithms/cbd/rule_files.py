"""Rules that a person writes, as published or local knowledge: `name`, `applies to` and `rule`, one per line.

A line that begins with # is a comment. Every `name` begins another rule, so that a file can hold one per city type.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .rule_expressions import Expression, parse_expression

ALL_TYPES = "all"
KEYS = ("name", "applies to", "rule")
LARGEST = 100_000  # bytes
FORM = "write one line each of 'name:', 'applies to:' and 'rule:'"


@dataclass(frozen=True)
class Rule:
    """applies_to: city types, empty for all."""

    name: str
    applies_to: tuple[str, ...]
    expression: Expression

    def applies(self, city_type: str | None) -> bool:
        return not self.applies_to or city_type in self.applies_to


def read_rules(path: str, parameter: str = "MODEL") -> tuple[Rule, ...]:
    """Raises InputError for a file that can't be read, isn't a rule file, or has two rules for one city type."""
    file = Path(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("too large")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(parameter, f"'{file.name}' can't be read ({error.strerror})",
                         "choose a model or a rule file that exists") from error
    except ValueError as error:
        raise InputError(parameter, f"'{file.name}' is neither a model nor a rule file",
                         "choose a model that 'Train CBD trees' wrote, or a text file with a rule") from error
    rules = tuple(_rule(entries, file.name, parameter) for entries in _entries(text, file.name, parameter))
    _check_types(rules, file.name, parameter)
    return rules


def _entries(text: str, file: str, parameter: str) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, colon, value = (part.strip() for part in line.partition(":"))
        key = " ".join(key.lower().replace("_", " ").split())
        if key not in KEYS or not colon or not value:
            raise InputError(parameter, f"line {number} of '{file}' isn't a line of a rule file", FORM)
        if key == "name":
            rules.append({})
        if not rules or key in rules[-1]:
            raise InputError(parameter, f"line {number} of '{file}' has a '{key}' that belongs to no rule",
                             "begin every rule with its 'name:'")
        rules[-1][key] = value
    if not rules:
        raise InputError(parameter, f"'{file}' has no rule", FORM)
    return rules


def _rule(entries: dict[str, str], file: str, parameter: str) -> Rule:
    missing = [key for key in KEYS if key not in entries]
    if missing:
        raise InputError(parameter, f"the rule '{entries['name']}' in '{file}' has no line '{missing[0]}:'", FORM)
    types = tuple(name.strip() for name in entries["applies to"].split(",") if name.strip())
    return Rule(entries["name"], () if ALL_TYPES in [name.lower() for name in types] else types,
                parse_expression(entries["rule"], parameter))


def _check_types(rules: tuple[Rule, ...], file: str, parameter: str) -> None:
    seen: dict[str, str] = {}
    for rule in rules:
        for name in rule.applies_to or (ALL_TYPES,):
            if name in seen or (seen and ALL_TYPES in (name, *seen)):
                other = seen.get(name) or next(iter(seen.values()))
                raise InputError(parameter, f"the rules '{other}' and '{rule.name}' in '{file}' apply to the same city "
                                 "type", "give every city type one rule, joined by 'or' where there are two")
            seen[name] = rule.name
