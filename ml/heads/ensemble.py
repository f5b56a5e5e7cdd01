"""Several heads as one: the mean of what they say, and how far they disagree."""

import json
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from ml.arrays import write_bytes
from ml.heads.base import Head, HeadDamaged
from ml.heads.linear_svm import LinearSVMHead
from ml.heads.logistic import LogisticHead
from ml.heads.nearest_mean import NearestMeanHead

FORMAT = 1


class EnsembleHead(Head):
    """The mean of its members' probabilities. `member_proba` is for committee strategies.

    The members differ in what they assume, so that they disagree where the labels do not
    settle the question yet. Source: Dietterich (2000), Ensemble methods in machine learning.
    """

    name = "ensemble"
    MEMBERS: ClassVar[tuple[type[Head], ...]] = (LogisticHead, LinearSVMHead, NearestMeanHead)

    def __init__(self, members: list[Head]) -> None:
        first = members[0]
        self.members = members
        self.kind, self.seen = first.kind, first.seen
        self.n_labels, self.dimensions = first.n_labels, first.dimensions
        self.converged = all(member.converged for member in members)

    @classmethod
    def fit(
        cls,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        n_labels: int,
        sample_weight: npt.ArrayLike | None = None,
        warm: Head | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from labeled features; see `Head.fit`. Each member starts from its last self."""
        alone = [warm if isinstance(warm, member) else None for member in cls.MEMBERS]
        last = warm.members if isinstance(warm, EnsembleHead) else alone
        return cls(
            [
                member.fit(
                    x, y, n_labels=n_labels, sample_weight=sample_weight, warm=before, seed=seed
                )
                for member, before in zip(cls.MEMBERS, last, strict=True)
            ]
        )

    def untaught(self) -> Head | None:
        """Return what the one member that chooses something may begin from."""
        return next((head for member in self.members if (head := member.untaught())), None)

    def member_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return what each member says: (members, n, n_labels) float32."""
        return np.stack([member.predict_proba(x) for member in self.members])

    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the mean of the members' probabilities, (n, n_labels) float32."""
        total = self.members[0].predict_proba(x)
        for member in self.members[1:]:
            total += member.predict_proba(x)
        total /= np.float32(len(self.members))
        return total

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write each member into a folder of its name, and `head.json`; return SHA-256s by path."""
        facts = {"format": FORMAT, "head": self.name, "members": [m.name for m in self.members]}
        files = {
            f"{member.name}/{file}": digest
            for member in self.members
            for file, digest in member.save(Path(folder) / member.name).items()
        }
        files["head.json"] = write_bytes(Path(folder) / "head.json", json.dumps(facts).encode())
        return files

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote; raises FileNotFoundError or HeadDamaged."""
        try:
            facts = json.loads((Path(folder) / "head.json").read_bytes())
        except ValueError as error:
            raise HeadDamaged("head.json is not JSON") from error
        names = [member.name for member in cls.MEMBERS]
        if facts != {"format": FORMAT, "head": cls.name, "members": names}:
            raise HeadDamaged(f"head.json does not describe an {cls.name} head of this format")
        members = [member.load(Path(folder) / member.name) for member in cls.MEMBERS]
        if len({(m.kind, m.n_labels, m.dimensions) for m in members}) != 1:
            raise HeadDamaged("the members of the head do not fit together")
        return cls(members)
