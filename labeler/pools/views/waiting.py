"""An import that waits for somebody's word: what would happen, and what an admin decides."""

import json
import zlib
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.pools import decisions, imports, plan_words
from labeler.pools.manifests.options import ADD
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.pools.views.uploads import import_of
from labeler.projects.access import project_for
from labeler.projects.models import Project

FEW_NAMES = 8  # beyond, a list of names can be searched and sorted


def waiting(project: Project) -> list[dict[str, Any]]:
    """The project's imports that wait for a word, with what their forms show."""
    found = project.imports.filter(state=Import.State.WAITING).order_by("number")
    return [_shown(project, imp) for imp in found]


def _shown(project: Project, imp: Import, error: str = "") -> dict[str, Any]:
    imp.project = project
    plan, names, known = imp.plan, decisions.names(imp), decisions.labels(imp)
    columns, new = decisions.columns(plan), decisions.new_names(plan)
    return {
        "imp": imp, "plan": plan, "look": look(imp), "error": error,
        "outlook": plan_words.outlook(plan), "details": plan_words.details(plan),
        "pictures": plan_words.pictures(plan),
        "folders": plan_words.listed(plan.get("folders", [])),
        "names": names, "named_rows": sum(name.rows for name in names), "labels": known,
        "many_names": len(names) > FEW_NAMES,
        "typed": len(names) * (len(known) + len(new)) > decisions.MOST_CHOICES, "new": new,
        "fitting": decisions.fitting(plan), "formats": decisions.formats(),
        "columns": columns, "rows": decisions.cells(plan, columns), "brings": _brings(imp),
        "delimiters": decisions.delimiters(plan), "unknown": imp.options.get("unknown") or ADD,
    }  # fmt: skip


def _brings(imp: Import) -> dict[str, bool]:
    """Which boxes there are, and whether they are ticked."""
    there = {
        "splits": any((imp.plan.get("splits") or {}).values()),
        "guesses": bool(imp.plan.get("guesses")),
    }
    options = imp.options
    shown = {key: options.get(key, True) for key, is_there in there.items() if is_there}
    return shown | {key: False for key in there if key not in shown and options.get(key) is False}


def look(imp: Import) -> str:
    """Eight digits that differ once the import was looked at with other options."""
    told = json.dumps([imp.plan, imp.options], sort_keys=True, default=str)
    return f"{zlib.crc32(told.encode()):08x}"


@never_cache
@login_required
@require_safe
def review(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The part of the page that asks; nothing where the import does not wait."""
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    if imp.state != Import.State.WAITING:
        return HttpResponse(status=204)
    context = {"project": project, "asked": _shown(project, imp)}
    return render(request, "pools/_review.html", context)


@login_required
@require_POST
def decide(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Import, look again with other choices, or let it be."""
    project = project_for(request.user, pk, "import")
    imp = import_of(project, number)
    step = request.POST.get("do", "look")
    try:
        messages.success(request, _take(request, imp, step))
    except ImportRefused as refused:
        messages.error(request, refused.message)
        anchor = f"#review-{number}" if imp.state == Import.State.WAITING else ""
        return redirect(reverse("import", args=[pk]) + anchor)
    return redirect(f"{reverse('import', args=[pk])}#import-{number}")


def _take(request: HttpRequest, imp: Import, step: str) -> str:
    if step == "cancel":
        imports.cancel(imp)
        return _("Import %(n)s is cancelled. Nothing came in.") % {"n": imp.number}
    options = decisions.options_of(imp, request.POST)
    asked = _asked(request, imp)
    if step != "go":
        imports.decide(imp, options, **asked)
        return _("Looking at import %(n)s again.") % {"n": imp.number}
    if decisions.is_another_reading(imp, request.POST, options):
        imports.decide(imp, options, **asked)
        return _("This reads the file in another way. Look at what comes of it, then press Import.")
    imports.go(imp, options)
    return _("Import %(n)s begins.") % {"n": imp.number}


def _asked(request: HttpRequest, imp: Import) -> dict[str, str]:
    """The manifest, the format and what folders mean, where the form wishes others than were."""
    asked = {}
    if decisions.other_manifest(imp, request.POST):
        asked = {"manifest": request.POST["manifest"], "format": ""}
    if decisions.other_format(imp, request.POST):
        asked["format"] = request.POST["format"]
    if decisions.other_folders(imp, request.POST):
        asked["folders"] = request.POST["folders"]
    return asked
