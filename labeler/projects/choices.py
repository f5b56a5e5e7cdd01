"""What a project can choose from, with the words that explain each choice."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Choice:
    """A name that is stored, and what a person reads."""

    name: str
    title: Words
    words: Words


KINDS = (
    Choice("single", _("One label per image"), _("The labels exclude each other.")),
    Choice(
        "multi",
        _("Several labels per image"),
        _("Each label may be there or not, also none of them."),
    ),
    Choice(
        "yesno",
        _("Yes or no"),
        _("One question, two large buttons and two keys: F for no, J for yes."),
    ),
)
STRATEGIES = (
    Choice("margin", _("Margin"), _("Asks where the two likeliest labels are nearly tied.")),
    Choice(
        "least_confidence",
        _("Least confidence"),
        _("Asks where the model trusts its best guess the least."),
    ),
    Choice("entropy", _("Entropy"), _("Asks where the model wavers between many labels.")),
    Choice(
        "diverse_margin",
        _("Margin with diversity"),
        _("As margin, but images that look alike are not asked together."),
    ),
    Choice("random", _("Random"), _("Asks in random order; the model learns but does not choose.")),
)
FEATURES = (
    Choice(
        "efficientnet_lite0",
        "EfficientNet-Lite0",
        _("A small network trained on ImageNet; right for most pictures."),
    ),
    Choice(
        "pca:efficientnet_lite0",
        _("EfficientNet-Lite0, reduced"),
        _("Its principal components, as few as keep 95 % of what differs in your images."),
    ),
    Choice(
        "itq-128:efficientnet_lite0",
        _("EfficientNet-Lite0 as codes"),
        _("128 bits per image, learned from your images; least room on the disk."),
    ),
    Choice(
        "hog",
        _("Edges and colours"),
        _("Directions of edges and a colour histogram; for textures and plain objects."),
    ),
    Choice(
        "pixels",
        _("Pixels"),
        _("The picture itself, 64 × 64; for drawings, digits and other simple shapes."),
    ),
    Choice(
        "pixels_colour",
        _("Pixels in colour"),
        _("The same with its colours; three times as many numbers."),
    ),
    Choice(
        "autoencoder",
        _("Autoencoder"),
        _("A network that learns from your images alone; for pictures unlike any photo."),
    ),
    Choice(
        "variational_autoencoder",
        _("Variational autoencoder"),
        _("The same, with features spread more evenly."),
    ),
)
HEADS = (
    Choice("logistic", _("Logistic regression"), _("Fast and well calibrated; the default.")),
    Choice("nearest_mean", _("Nearest mean"), _("For the first few labels; learns at once.")),
    Choice("linear_svm", _("Linear support vectors"), _("Close to logistic; a little slower.")),
    Choice("random_forest", _("Random forest"), _("For labels that no straight line tells apart.")),
    Choice("boosted_trees", _("Boosted trees"), _("One model per label; slow with many features.")),
    Choice("ensemble", _("Ensemble"), _("The mean of three heads, which can also disagree.")),
)  # fmt: skip
CONSENSUS = (
    Choice("majority", _("The majority"), _("The label that most people gave; a tie stays open.")),
    Choice(
        "dawid_skene",
        _("Weighed by reliability"),
        _("People who agree with others more often count for more (Dawid and Skene)."),
    ),
)
ROLES = (
    Choice("annotator", _("Everybody"), _("Annotators, reviewers and admins.")),
    Choice("reviewer", _("Reviewers"), _("Reviewers and admins.")),
    Choice("admin", _("Admins"), _("Nobody else.")),
)


def names(choices: tuple[Choice, ...]) -> set[str]:
    """The names that may be stored."""
    return {choice.name for choice in choices}


def called(choices: tuple[Choice, ...], name: str) -> Words:
    """The title of the choice of this name."""
    return next((choice.title for choice in choices if choice.name == name), name)
