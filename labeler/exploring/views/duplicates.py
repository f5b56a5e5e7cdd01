"""Near-duplicates: groups of images that are nearly the same, and what becomes of them."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import decisions, duplicates, frame, look_alikes, picked, surveys, vectors
from labeler.exploring.asking import compare
from labeler.exploring.models import GroupDecision, Survey
from labeler.exploring.views.choice import Body, told_as_json
from labeler.labeling.answers import Refused, read_uuid
from labeler.labeling.asked import number
from labeler.projects.access import project_for
from labeler.projects.models import Project, User

PAGE = 20  # groups on one page
KIND = Survey.Kind.DUPLICATES
LEVEL_WORDS = {
    "exact": gettext_lazy("the same picture, saved again"),
    "close": gettext_lazy("nearly the same"),
    "wide": gettext_lazy("very much alike"),
    "loose": gettext_lazy("alike"),
}


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The groups nobody decided about, the largest first; `?level=` says how alike."""
    project = project_for(request.user, pk, "explore")
    level = _level(request)
    found = look_alikes.newest(project, level)
    context = frame.context(project, "duplicates") | {
        "work": surveys.open_one(project, KIND),
        "found": found.survey if found else None,
        "level": level,
        "has_vectors": bool(vectors.spaces_of(project)),
        "decided": GroupDecision.objects.filter(project=project).count(),
    }
    if found is None:
        return render(request, "exploring/duplicates.html", context)
    numbers = look_alikes.undecided(project, found)
    context |= {
        "groups": look_alikes.page(project, found, numbers, PAGE),
        "count": len(numbers),
        "shown": look_alikes.SHOWN,
        "later": project.next_row - found.survey.images,
        "levels": [
            {**each, "number": i, "words": LEVEL_WORDS[each["name"]]}
            for i, each in enumerate(found.survey.facts["levels"])
        ],
    }
    return render(request, "exploring/duplicates.html", context)


@login_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the comparison is; once it is over, the page is asked to load again."""
    project = project_for(request.user, pk, "explore")
    work = surveys.open_one(project, KIND)
    answer = render(request, "exploring/_survey.html", {"project": project, "work": work})
    if work is None or work.state == Survey.State.FAILED:
        answer.headers["HX-Refresh"] = "true"
    return answer


@login_required
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the pool anew, `by` codes, features or both."""
    project = project_for(request.user, pk, "explore")
    by = request.POST.get("by", duplicates.BY[0])
    if by not in duplicates.BY:
        messages.error(request, _("Compare by pixels, by features or by both."))
        return redirect("explore_duplicates", pk)
    compare(project, cast(User, request.user), by)
    return redirect("explore_duplicates", pk)


@told_as_json("explore")
def decide(project: Project, user: User, body: Body) -> Body:
    """Decide about the group `ids`: keep `kept`, or leave them as they are."""
    ids, verdict = picked.image_ids(project, body), body.get("verdict")
    if verdict == GroupDecision.Verdict.IGNORE:
        made = decisions.ignore(project, user, ids)
    elif verdict == GroupDecision.Verdict.KEEP_ONE:
        kept = body.get("kept")
        made = decisions.keep_one(project, user, ids, kept if type(kept) is int else 0)
    else:
        raise Refused("bad_verdict", _("Keep one of them, or ignore the group."))
    return {"decision": made.pk, "verdict": made.verdict}


@told_as_json("explore")
def undo(project: Project, user: User, body: Body) -> Body:
    """Take a decision back; `batch`, if any, takes its labels back too."""
    decision = body.get("decision")
    batch = read_uuid(body["batch"]) if body.get("batch") else None
    if type(decision) is not int:
        raise Refused("bad_decision", _("Say which decision to take back."))
    return {"touched": decisions.take_back(project, user, decision, batch)}


def _level(request: HttpRequest) -> int:
    wanted = request.GET.get("level", "")
    if wanted == "0":
        return 0
    found = number(wanted)
    return duplicates.USUAL if found is None else min(found, len(duplicates.LEVELS) - 1)
