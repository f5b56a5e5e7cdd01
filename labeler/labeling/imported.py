"""Labels that came along with the images become answers of whoever imported them."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now

from labeler.labeling import refill
from labeler.labeling.models import Annotation, Comment, Example, Gold, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.pools.along import Kept
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project, User

Through = Annotation.labels.through


@transaction.atomic
def take(
    project: Project, user: User, pairs: Iterable[tuple[int, int]], none: Iterable[int] = ()
) -> int:
    """Store (image id, label id) pairs as answers; the number stored.

    none: images of which, in a project of several labels, none of the labels holds.
    An image that has an answer keeps it. In a project of one label per image, an image that came
    with two labels gets none: a person has to settle it. On an audit image the label is kept,
    but the image is still asked blind and the label is never measured against.
    """
    return len(_take(project, user, _wanted(project, pairs, none)))


def _wanted(
    project: Project, pairs: Iterable[tuple[int, int]], none: Iterable[int]
) -> dict[int, set[int]]:
    """The labels of each image that can be answered."""
    wanted: dict[int, set[int]] = {image: set() for image in none} if project.is_multi else {}
    for image_id, label_id in pairs:
        wanted.setdefault(image_id, set()).add(label_id)
    if not project.is_multi:
        wanted = {image: labels for image, labels in wanted.items() if len(labels) == 1}
    return wanted


def _take(project: Project, user: User, wanted: dict[int, set[int]]) -> list[Annotation]:
    """The answers that were stored."""
    stored = _store(project, user, wanted) if wanted else []
    if stored:
        tell_answered(project.pk)
    return stored


def _store(project: Project, user: User, wanted: dict[int, set[int]]) -> list[Annotation]:
    now = merged.hold({label for labels in wanted.values() for label in labels})
    wanted = {image: {now[label] for label in labels} for image, labels in wanted.items()}
    answers = Annotation.objects.filter(image__in=wanted, current=True)
    answered = set(answers.values_list("image_id", flat=True))
    images = Image.objects.filter(project=project, pk__in=wanted.keys() - answered)
    names = dict(Label.objects.filter(project=project).values_list("pk", "name"))
    made = [
        Annotation(
            uuid=uuid4(), project=project, image=image, user=user,
            source=Annotation.Source.IMPORT, strategy="import", body=_body(wanted[image.pk], names),
        )
        for image in images
    ]  # fmt: skip
    Annotation.objects.bulk_create(made)
    Through.objects.bulk_create(
        Through(annotation=a, label_id=label) for a in made for label in wanted[a.image_id]
    )
    trainable = [a.image_id for a in made if not a.image.audit]
    Image.objects.filter(pk__in=trainable).update(state=Image.State.LABELED)
    QueueItem.objects.filter(
        image__in=trainable, audit=False, done_at=None, claimed_by=None
    ).update(done_at=Now())
    return made


def _body(labels: set[int], names: dict[int, str]) -> dict[str, Any]:
    known = sorted(labels)
    return {"label_ids": known, "labels": [names[pk] for pk in known]}


def labels_came(**news: Any) -> Kept:
    """Receives pools.signals.labels_came, inside the transaction of the import's chunk."""
    project = news["project"]
    wanted = _wanted(project, news["pairs"], news.get("none", ()))
    made = {a.image_id: len(a.body["labels"]) for a in _take(project, news["user"], wanted)}
    left = {image: labels for image, labels in wanted.items() if image not in made}
    return Kept(stored=sum(made.values()), refused=_differing(left))


def _differing(wanted: dict[int, set[int]]) -> frozenset[int]:
    """Images whose answer is another one than came with the import."""
    answers = Annotation.objects.filter(image__in=wanted, current=True).prefetch_related("labels")
    return frozenset(
        answer.image_id
        for answer in answers
        if {label.pk for label in answer.labels.all()} != wanted[answer.image_id]
    )


def images_wanted(**news: Any) -> set[int]:
    """Receives pools.signals.images_wanted: the images of which people have made something."""
    answers = Annotation.objects.exclude(source=Annotation.Source.IMPORT)
    held = QueueItem.objects.filter(claimed_until__gt=Now(), done_at=None)
    made = (answers, Comment.objects, Gold.objects, Example.objects, held)
    return {
        image
        for each in made
        for image in each.filter(image__in=news["images"]).values_list("image_id", flat=True)
    }


def images_left(**news: Any) -> None:
    """Receives pools.signals.images_left: their answers went with them."""
    tell_answered(news["project"].pk)


def images_added(**news: Any) -> None:
    """Receives pools.signals.images_added: what can be asked at once is asked."""
    project = Project.objects.filter(pk=news["project_id"]).first()
    if project:
        refill.top_up(project)
