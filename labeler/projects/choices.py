"""What a project can choose from, with the words that explain each choice."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Choice:
    """A name that is stored, and what a person reads; in long lists also its group's heading."""

    name: str
    title: Words
    words: Words
    group: Words = ""


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
DOUBT, VARIETY = _("Where the model is unsure"), _("Images that differ from each other")
COMMITTEE, OTHERS = _("Where several models disagree"), _("For special needs")
STRATEGIES = (
    Choice(
        "margin",
        _("Margin"),
        _("Asks where the two likeliest labels are nearly tied; the default."),
        DOUBT,
    ),
    Choice(
        "least_confidence",
        _("Least confidence"),
        _("Asks where the model trusts its best guess the least."),
        DOUBT,
    ),
    Choice("entropy", _("Entropy"), _("Asks where the model wavers between many labels."), DOUBT),
    Choice(
        "density_margin",
        _("Margin without oddities"),
        _("As margin, but images that few others resemble wait."),
        DOUBT,
    ),
    Choice(
        "diverse_margin",
        _("Margin with diversity"),
        _("As margin, but images that look alike are not asked together."),
        VARIETY,
    ),
    Choice(
        "clustered_margin",
        _("Margin in groups"),
        _("Sorts the doubtful images into groups that look alike and asks one of each in turn."),
        VARIETY,
    ),
    Choice(
        "badge",
        "BADGE",
        _("Asks images that would change the model much, each in another direction."),
        VARIETY,
    ),
    Choice(
        "typical",
        _("Typical images"),
        _("Asks the most typical image of groups that have few labels; for small budgets."),
        VARIETY,
    ),
    Choice(
        "probability_cover",
        _("Cover the pool"),
        _("Asks images that many unlabeled ones resemble; for small budgets."),
        VARIETY,
    ),
    Choice(
        "core_set",
        _("Core-set"),
        _("Asks what is least like all labeled images; oddities come first."),
        VARIETY,
    ),
    Choice(
        "vote_entropy",
        _("Split votes"),
        _("Teaches five models with the answers weighted differently; asks where they vote apart."),
        COMMITTEE,
    ),
    Choice(
        "kl_disagreement",
        _("Different beliefs"),
        _("The same five models; asks where their probabilities differ most."),
        COMMITTEE,
    ),
    Choice(
        "rare_labels",
        _("Rare labels first"),
        _("Looks for more examples of the labels that have the fewest; teaches the others less."),
        OTHERS,
    ),
    Choice(
        "random",
        _("Random"),
        _("Asks in random order; the model learns but does not choose."),
        OTHERS,
    ),
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
        _("Its principal components, few that keep nearly all that differs in your images."),
    ),
    Choice(
        "itq-128:efficientnet_lite0",
        _("EfficientNet-Lite0 as codes"),
        _("128 bits per image, learned from your images; least room on the disk."),
    ),
    Choice(
        "finetuned:efficientnet_lite0",
        _("EfficientNet-Lite0, fine-tuned"),
        _("Its last layers learn from your labels, 200 at least, and again when they double."),
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
