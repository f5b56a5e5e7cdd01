"""What a feature set has learned, on disk: numbers in one file, facts in the other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.arrays import ArrayDamaged, read_arrays, write_arrays, write_bytes

FORMAT = 1
FACTS = "features.json"
ARRAYS = "features.npz"


class FeaturesDamaged(Exception):
    """The folder does not hold a sound feature set; fit it again."""


def write(
    folder: Path, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]
) -> dict[str, str]:
    """Write facts and arrays; return the SHA-256 of each file by name. The facts come last."""
    told = json.dumps({"format": FORMAT, **facts}, indent=1).encode()
    return {
        ARRAYS: write_arrays(folder / ARRAYS, arrays),
        FACTS: write_bytes(folder / FACTS, told),
    }


def name_of(folder: Path) -> str:
    """Return the name of the feature set in a folder."""
    name = _facts(folder).get("name")
    if not isinstance(name, str):
        raise FeaturesDamaged(f"{FACTS} names no feature set")
    return name


def read(folder: Path, facts: Mapping[str, Any]) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays, after making sure that they belong to the set with these facts.

    Raises: FileNotFoundError; FeaturesDamaged.
    """
    found = _facts(folder)
    for fact, wanted in json.loads(json.dumps({"format": FORMAT, **facts})).items():
        if found.get(fact) != wanted:
            raise FeaturesDamaged(f"{FACTS} has {fact} {found.get(fact)!r} where {wanted!r} is due")
    try:
        arrays = read_arrays(folder / ARRAYS)
    except ArrayDamaged as error:
        raise FeaturesDamaged(str(error)) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise FeaturesDamaged(f"the array {name} holds values that are no finite numbers")
    return arrays


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / FACTS).read_bytes())
    except ValueError as error:
        raise FeaturesDamaged(f"{FACTS} is not JSON") from error
    if not isinstance(facts, dict):
        raise FeaturesDamaged(f"{FACTS} does not describe a feature set")
    return facts
