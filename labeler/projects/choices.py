"""What a project can choose from, with the words that explain each choice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A name that is stored, and what a person reads."""

    name: str
    title: str
    words: str


STRATEGIES = (
    Choice("margin", "Margin", "Asks where the two likeliest labels are nearly tied."),
    Choice(
        "least_confidence",
        "Least confidence",
        "Asks where the model trusts its best guess the least.",
    ),
    Choice("entropy", "Entropy", "Asks where the model wavers between many labels."),
    Choice(
        "diverse_margin",
        "Margin with diversity",
        "As margin, but images that look alike are not asked together.",
    ),
    Choice("random", "Random", "Asks in random order; the model learns but does not choose."),
)
FEATURES = (
    Choice(
        "efficientnet_lite0",
        "EfficientNet-Lite0",
        "A small network trained on ImageNet; right for most pictures.",
    ),
    Choice(
        "pixels",
        "Pixels",
        "The picture itself, 64 × 64; for drawings, digits and other simple shapes.",
    ),
)
HEADS = (
    Choice("logistic", "Logistic regression", "Fast and well calibrated; the default."),
)  # fmt: skip


def names(choices: tuple[Choice, ...]) -> set[str]:
    """The names that may be stored."""
    return {choice.name for choice in choices}
