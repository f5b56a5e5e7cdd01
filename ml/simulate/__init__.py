"""Replay a labeled set with a perfect annotator: learning curves of features, heads, strategies.

On the command line `python -m ml.simulate --help`; from Python `folder` or `digits` makes a
`Labeled`, and `replay` a curve of it.
"""

from ml.simulate.command import main
from ml.simulate.curves import Band, Run, bands, labels_to_reach, mean_curve
from ml.simulate.pictures import BadFolder, digits, folder
from ml.simulate.replays import COLD, Labeled, Plan, Point, replay

__all__ = [
    "COLD",
    "BadFolder",
    "Band",
    "Labeled",
    "Plan",
    "Point",
    "Run",
    "bands",
    "digits",
    "folder",
    "labels_to_reach",
    "main",
    "mean_curve",
    "replay",
]
