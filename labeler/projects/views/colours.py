"""Label colours as stylesheets: the content policy allows no style attribute."""

from collections.abc import Iterable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from labeler.projects.access import project_for, projects_of
from labeler.projects.colours import for_both_modes
from labeler.projects.labels import COLOUR
from labeler.projects.models import Label


@login_required
@require_safe
def of_project(request: HttpRequest, pk: int) -> HttpResponse:
    """The colours that people gave to the labels of one project."""
    project = project_for(request.user, pk, "label")
    return _sheet(request, Label.objects.filter(project=project))


@login_required
@require_safe
def of_all(request: HttpRequest) -> HttpResponse:
    """The same for all projects of the user, for the list of projects."""
    return _sheet(request, Label.objects.filter(project__in=projects_of(request.user)))


def _sheet(request: HttpRequest, labels: Iterable[Label]) -> HttpResponse:
    coloured = labels.exclude(colour="").values_list("pk", "colour")  # type: ignore[attr-defined]
    rules = [_rule(pk, colour) for pk, colour in coloured if COLOUR.fullmatch(colour)]
    response = HttpResponse("\n".join(rules), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "private, no-cache"
    return response


def _rule(pk: int, colour: str) -> str:
    light, dark = for_both_modes(colour)
    return f".l{pk}{{--c:light-dark({light},{dark})}}"
