"""Packages that only some feature sets need, and that are not installed by default."""

from importlib import import_module
from types import ModuleType


class PackageMissing(ValueError):
    """A feature set needs a package that is not installed."""


def needed(module: str, *, by: str) -> ModuleType:
    """Return the module. Raises: PackageMissing with the command that installs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:  # it is there, and lacks something itself
            raise
        raise PackageMissing(
            f"{by} needs the package {module}, which is not installed. Run pip install {module} "
            "in Labeler's environment."
        ) from error
