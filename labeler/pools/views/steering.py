"""Stop an import, let it rest, let it go on, try again, ask its source for what is new."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from labeler.pools import imports
from labeler.pools.manifests import looking
from labeler.pools.models import Import, Origin
from labeler.pools.refusing import ImportRefused
from labeler.pools.views.uploads import import_of
from labeler.projects.access import project_for

Change = Callable[[Import], str]


def _change(request: HttpRequest, pk: int, number: int, change: Change) -> HttpResponse:
    """Change the import and say so; `change` gives the words."""
    imp = import_of(project_for(request.user, pk, "import"), number)
    try:
        messages.success(request, change(imp))
    except ImportRefused as refused:
        messages.error(request, refused.message)
    return redirect(f"{reverse('import', args=[pk])}#import-{number}")


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Stop an import; what came in stays, or is taken back."""
    back = request.POST.get("take_back") == "1"
    return _change(request, pk, number, lambda imp: _cancelled(imp, take_back=back))


def _cancelled(imp: Import, *, take_back: bool) -> str:
    if not take_back:
        imports.cancel(imp)
        return _("Import %(n)s is cancelled. What came in stays.") % {"n": imp.number}
    staying = imports.cancel(imp, take_back=True)
    told = _("Import %(n)s is cancelled; what it added is taken back.") % {"n": imp.number}
    if staying:
        words = ngettext(
            "%(n)s image stays: somebody has answered it since.",
            "%(n)s images stay: somebody has answered them since.",
            staying,
        )
        told += " " + words % {"n": f"{staying:,}"}
    return told


@login_required
@require_POST
def pause(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Let an import rest."""
    return _change(request, pk, number, _paused)


def _paused(imp: Import) -> str:
    imports.pause(imp)
    return _("Import %(n)s rests until somebody lets it go on.") % {"n": imp.number}


@login_required
@require_POST
def go_on(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Let an import that rests go on."""
    return _change(request, pk, number, _going_on)


def _going_on(imp: Import) -> str:
    imports.go_on(imp)
    return _("Import %(n)s goes on where it stopped.") % {"n": imp.number}


@login_required
@require_POST
def again(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Let a failed import go on."""
    return _change(request, pk, number, _tried_again)


def _tried_again(imp: Import) -> str:
    imports.again(imp)
    return _("Import %(n)s goes on where it stopped.") % {"n": imp.number}


@login_required
@require_POST
def only_new(request: HttpRequest, pk: int, origin: int) -> HttpResponse:
    """Bring in what is new at a place that was imported from before."""
    project = project_for(request.user, pk, "import")
    place = Origin.objects.filter(project=project, pk=origin).first() if origin < 2**63 else None
    last = place.imports.order_by("-number").first() if place else None
    if place is None or last is None:
        raise Http404
    asked = looking.asked_of(last)  # by somebody, apart from what a look found
    try:
        imp = imports.start(
            project=project,
            user=request.user,  # type: ignore[arg-type]
            source=last.source,
            path=place.address,
            title=last.title,
            folders=last.folders,
            manifest=asked["manifest"],
            format=asked["format"],
            options=last.options | {"only_new": True},
            in_place=last.in_place,
        )
    except ImportRefused as refused:
        messages.error(request, refused.message)
        return redirect("import", pk)
    return redirect(f"{reverse('import', args=[pk])}#import-{imp.number}")
