"""What the serving model says of pictures that are in no pool: ask, accept or reject."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labeler.labeling import selection
from labeler.projects.models import Project
from labeler.training import feature_fits, model_files, spaces, thresholds, versions
from labeler.training.models import ModelVersion
from ml import calibration, triage
from ml.features import FeatureSet
from ml.heads import Head
from ml.images import ImageRefused, open_image
from ml.lookahead import ahead
from ml.united import united

BATCH = 32
DIGITS = 4
UNREADABLE = "unreadable"

Prepared = npt.NDArray[np.uint8]
Table = npt.NDArray[np.float32]


class NoModel(Exception):
    """The project has no model that could judge; the message says what to do."""


@dataclass(frozen=True)
class Rule:
    """What `ml.triage.decide` is told beside the thresholds saved with the model, in [0, 1]."""

    accept: float = 0.0
    reject: float = 0.0
    margin: float = triage.MARGIN


@dataclass(frozen=True)
class Verdict:
    """What becomes of one picture."""

    file: Path
    decision: str  # of ml.triage, or UNREADABLE
    labels: tuple[str, ...] = ()  # of an accepted picture
    scores: tuple[float, ...] = ()  # of each of the judge's labels; none if unreadable
    reason: str = ""  # why it is unreadable


class Judge:
    """The serving model of a project, its features, and the labels it knows.

    names: the labels in the order of the scores; merged ones under what they are now.
    Raises: NoModel; ModelDamaged; NotLearned, FileNotFoundError or FeaturesDamaged where what
        the features learned is missing; ValueError for thresholds that cannot be.
    """

    def __init__(self, project: Project, rule: Rule) -> None:
        version = versions.serving(project)
        if version is None:
            raise NoModel(
                f"{project.name} has no model yet. Label some images of two labels, then train: "
                f"manage.py train {project.pk}"
            )
        called = selection.label_names(project)
        self.project, self.rule, self.version = project, rule, version
        self._columns = [called.get(pk, f"label {pk}") for pk in version.label_ids]
        self.names = list(dict.fromkeys(self._columns))
        self._floors = thresholds.floors(version, self._columns, self.names)
        self._decide(np.full((1, len(self.names)), 1 / len(self.names), dtype=np.float32))
        self._head, self._features = _loaded(project, version)

    def verdicts(self, files: Iterable[Path]) -> Iterator[Verdict]:
        """Judge pictures in their order; those ahead are opened while the model works.

        A file that is no picture or cannot be read is UNREADABLE, and the rest goes on.
        """
        prepared = ahead(partial(_prepared, self._features), files)
        while batch := list(islice(prepared, BATCH)):
            sound = [found for _, found in batch if isinstance(found, np.ndarray)]
            judged = iter(self._judged(np.stack(sound)) if sound else ())
            for file, found in batch:
                if isinstance(found, np.ndarray):
                    yield Verdict(file, *next(judged))
                else:
                    yield Verdict(file, UNREADABLE, reason=_said(found))

    def _judged(self, batch: Prepared) -> list[tuple[str, tuple[str, ...], tuple[float, ...]]]:
        proba = self._proba(batch)
        decisions = self._decide(proba)
        rule, multi = self.rule, self.project.is_multi
        given = triage.given(
            proba, accept=rule.accept, margin=rule.margin, multi=multi, thresholds=self._floors
        )
        return [
            (str(decision), self._named(marks) if decision == triage.ACCEPT else (), _rounded(row))
            for decision, marks, row in zip(decisions, given, proba, strict=True)
        ]

    def _proba(self, batch: Prepared) -> Table:
        """Calibrated probabilities, a column per name."""
        multi = self.project.is_multi
        said = self._head.predict_proba(self._features.embed_batch(batch))
        table = calibration.apply(said, self.version.temperature, "multi" if multi else "single")
        return united(table, [self.names.index(name) for name in self._columns], multi=multi)

    def _decide(self, proba: Table) -> npt.NDArray[np.str_]:
        rule = self.rule
        return triage.decide(
            proba, accept=rule.accept, reject=rule.reject, margin=rule.margin,
            multi=self.project.is_multi, thresholds=self._floors,
        )  # fmt: skip

    def _named(self, marks: Sequence[bool]) -> tuple[str, ...]:
        return tuple(name for name, has in zip(self.names, marks, strict=True) if has)


def _loaded(project: Project, version: ModelVersion) -> tuple[Head, FeatureSet]:
    return model_files.load(version), feature_fits.usable_in(project, spaces.of(version))


def _prepared(features: FeatureSet, file: Path) -> Prepared | Exception:
    try:
        return features.preprocess(open_image(file, at_least=features.size))
    except (ImageRefused, OSError) as error:
        return error


def _said(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _rounded(row: Table) -> tuple[float, ...]:
    return tuple(round(float(p), DIGITS) for p in row)
