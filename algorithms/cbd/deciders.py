"""What decides which centres are CBDs: a model file, a rule file, or the bundled trees."""
from __future__ import annotations

from pathlib import Path

from ...models.registry import bundled_path
from .cbd_model import read_cbd_model
from .classification import Decider, RuleDecider
from .rule_files import read_rules

BUNDLED = "cbd_trees"


def read_decider(path: str, parameter: str = "MODEL") -> Decider:
    """Of a .json file of trees or of a rule file; an empty path gives the bundled trees. Raises InputError."""
    if not path or Path(path).suffix.lower() == ".json":
        return read_cbd_model(path or bundled_path(BUNDLED), parameter)
    rules = read_rules(path, parameter)
    return RuleDecider(", ".join(rule.name for rule in rules), rules)
