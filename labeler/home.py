"""The list of projects: it names pictures, answers and scores, so it lives under the roof."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.evaluation.models import Score
from labeler.evaluation.report import NUMBER_FROM
from labeler.labeling.models import Annotation
from labeler.pools import taking_back
from labeler.pools.models import Image
from labeler.projects.access import RANK, may_create, projects_of
from labeler.projects.models import Label, Membership, Project, User

PER_PAGE = 30
PICTURES = 5
SWATCHES = 12


@dataclass
class Line:
    """One project as the list shows it."""

    project: Project
    role: str
    pictures: list[Image] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    n_labels: int = 0
    score: Score | None = None
    first_archived: bool = False  # a heading comes before it

    @property
    def sees_scores(self) -> bool:
        """Annotators see their own work only."""
        return RANK[self.role] >= RANK["reviewer"]

    @property
    def more_labels(self) -> int:
        """Labels that are not shown for want of room."""
        return self.n_labels - len(self.labels)


@login_required
@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    """The projects one belongs to, the last one worked on first."""
    page = _page_number(request)
    user = cast(User, request.user)
    found = list(_counted(user)[(page - 1) * PER_PAGE : page * PER_PAGE + 1])
    lines = _lines(user, found[:PER_PAGE])
    context = {
        "lines": lines, "page": page, "more": len(found) > PER_PAGE,
        "may_create": may_create(user), "number_from": NUMBER_FROM,
        "coloured": any(label.colour for line in lines for label in line.labels),
    }  # fmt: skip
    return render(request, "projects/list.html", context)


def _page_number(request: HttpRequest) -> int:
    sent = request.GET.get("page", "1")
    return max(1, int(sent)) if sent.isascii() and sent.isdigit() and len(sent) < 7 else 1


def _count(rows: "QuerySet[Any]") -> Coalesce:
    """The number of `rows` (already tied to the project) as a column."""
    counted = rows.order_by().values("project").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _counted(user: User) -> "QuerySet[Project]":
    """The projects with the figures of their line, in the order of the list."""
    here = {"project": OuterRef("pk")}
    mine = Annotation.objects.filter(user=user, **here)
    given = mine.filter(kind=Annotation.Kind.LABELS, current=True)
    audit = Image.objects.filter(audit=True, **here)
    return (
        projects_of(user)
        .annotate(
            n_images=F("next_row"),
            n_labeled=_count(Image.objects.filter(state=Image.State.LABELED, **here)),
            n_members=_count(Membership.objects.filter(deactivated_at=None, **here)),
            n_mine=_count(given),
            n_audit=_count(audit),
            n_audit_done=_count(audit.filter(state=Image.State.LABELED)),
            last_mine=Subquery(mine.order_by("-pk").values("pk")[:1]),
        )
        .order_by(
            F("archived_at").desc(nulls_first=True), F("last_mine").desc(nulls_last=True), "-pk"
        )
    )


def _lines(user: User, found: list[Project]) -> list[Line]:
    """The lines, in as many queries for one project as for thirty."""
    roles = dict(
        Membership.objects.filter(user=user, project__in=found).values_list("project", "role")
    )
    lines = [Line(p, "admin" if user.is_superuser else roles.get(p.pk, "annotator")) for p in found]
    pictures, labels = _pictures(found), _labels(found)
    scores = {s.project_id: s for s in _scores(found)}
    gone = taking_back.gone(found)
    for line in lines:
        pk = line.project.pk
        line.project.n_images -= gone.get(pk, 0)  # type: ignore[attr-defined]
        line.pictures = pictures[pk]
        line.labels, line.n_labels = labels[pk][:SWATCHES], len(labels[pk])
        line.score = scores.get(pk)
    archived = [line for line in lines if line.project.archived_at]
    for line in archived[:1]:
        line.first_archived = True
    return lines


def _pictures(found: list[Project]) -> dict[int, list[Image]]:
    """Five images of each pool, spread over it."""
    wanted = Image.objects.none()
    for project in found:
        n = project.next_row
        rows = {(2 * i + 1) * n // (2 * PICTURES) for i in range(PICTURES)} if n else set()
        wanted = wanted | Image.objects.filter(project=project, row__in=rows)
    shown: dict[int, list[Image]] = defaultdict(list)
    for image in wanted.only("pk", "project_id", "name").order_by("row"):
        shown[image.project_id].append(image)
    return shown


def _labels(found: list[Project]) -> dict[int, list[Label]]:
    shown: dict[int, list[Label]] = defaultdict(list)
    for label in Label.objects.filter(project__in=found, retired=False):
        shown[label.project_id].append(label)
    return shown


def _scores(found: list[Project]) -> "QuerySet[Score]":
    """What was measured last in each project."""
    newest = Score.objects.filter(project=OuterRef("project")).order_by("-version__number")
    return Score.objects.filter(
        project__in=found, pk=Subquery(newest.values("pk")[:1]), macro_f1__isnull=False
    )
