"""How much room a project takes."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from labeler.pools import disk_use
from labeler.projects.access import project_for

WORDS = {
    "originals": (_("Originals"), _("The pictures as they came in. They cannot be made again.")),
    "copies": (_("Small copies"), _("Made again from the originals when they are gone.")),
    "embeddings": (_("Embeddings"), _("What the model sees of each picture.")),
    "features": (_("Learned features"), _("What feature sets learned from the images.")),
    "predictions": (_("Predictions"), _("What each version believed of each picture.")),
    "models": (pgettext_lazy("on a disk", "Models"), _("Every version that was trained.")),
    "staging": (_("On their way in"), _("Files of imports that are not done; they go when it is.")),
    "database": (_("Rows in the database"), _("By the share of images; answers are among them.")),
}


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """What the project's images, models and rows take on the disk, and what is left there."""
    project = project_for(request.user, pk, "set")
    use = disk_use.of(project)
    context = {"project": project, "tab": "settings", "use": use, "lines": _lines(use)}
    return render(request, "pools/storage.html", context)


def _lines(use: disk_use.DiskUse) -> list[tuple[str, disk_use.Size | None, str]]:
    """(what it is, how much, what one should know about it)"""
    sizes = {
        "originals": use.originals, "copies": use.copies, **use.arrays,
        "staging": use.staging, "database": use.database,
    }  # fmt: skip
    return [(str(name), sizes[key], str(words)) for key, (name, words) in WORDS.items()]
