"""What can be told."""

from django.utils.translation import gettext_lazy as _

ANNOTATIONS = "annotation.created"
ROUND_FINISHED, ROUND_FAILED = "round.finished", "round.failed"
IMPORT_FINISHED, IMPORT_FAILED = "import.finished", "import.failed"
METRIC = "metric.crossed"
TEST = "webhook.test"  # only when somebody asks for it

WORDS = {
    ANNOTATIONS: (
        _("Annotations"),
        _("Every answer, skip, correction and undo, up to 100 in one delivery."),
    ),
    ROUND_FINISHED: (_("A round finished"), _("With the model version that it left.")),
    ROUND_FAILED: (_("A round failed"), _("With the reason.")),
    IMPORT_FINISHED: (_("An import finished"), _("With what came in and what was refused.")),
    IMPORT_FAILED: (_("An import failed"), _("With the reason.")),
    METRIC: (
        _("A figure crossed a target"),
        _("Once per crossing; its targets are set on its page."),
    ),
}
ALL = tuple(WORDS)
