"""The card's part about the data: pictures, labels, and how they were chosen."""

from collections import Counter

from django.db.models import Count, Q

from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.pools.models import Image, Import
from labeler.projects import merged
from labeler.serving.export.card import Section
from labeler.serving.loaded import Loaded
from labeler.training.models import ModelVersion

MOST_IMPORTS = 50
SOURCES = {
    "queue": "asked one by one", "grid": "confirmed among many", "review": "mended in a review",
    "import": "came with the pictures", "simulated": "simulated",
    "explore": "labeled many at once",
}  # fmt: skip


def sections(version: ModelVersion, loaded: Loaded) -> list[Section]:
    """Data, labels, and how the labeled pictures were chosen."""
    return [_data(version), _labels(version, loaded), _choice(version)]


def _data(version: ModelVersion) -> Section:
    images = Image.objects.filter(project=version.project)
    counted = images.aggregate(
        all=Count("pk"), labeled=Count("pk", filter=Q(state=Image.State.LABELED)),
        audit=Count("pk", filter=Q(audit=True)),
        **{split: Count("pk", filter=Q(split=split)) for split in Image.Split.values},
    )  # fmt: skip
    splits = ", ".join(f"{counted[name]:,} {name}" for name in Image.Split.values if counted[name])
    words = (
        f"As of the export the pool holds {counted['all']:,} images, {counted['labeled']:,} of "
        f"them labeled by people; {counted['audit']:,} were drawn for the audit sample. "
        + (f"Splits told by manifests: {splits}." if splits else "No manifest told splits.")
    )
    imports = Import.objects.filter(project=version.project, added__gt=0).order_by("number")
    rows = [
        (f"{each.number}", each.source, f"{each.added:,}", f"{each.duplicates:,}",
         f"{each.refused:,}")
        for each in imports[:MOST_IMPORTS]
    ]  # fmt: skip
    header = ("Import", "From", "Images added", "Duplicates", "Refused")
    return Section("Data", [words], header if rows else (), rows)


def _labels(version: ModelVersion, loaded: Loaded) -> Section:
    seen = Q(pk__lte=version.seen_annotation)
    now, known = merged.now(version.project_id), Counter[int]()
    for _, labels in consensus.training_answers(version.project, seen):
        known.update(merged.follow(labels, now))
    called = dict(zip(version.label_ids, loaded.columns, strict=True))
    counts = Counter({name: 0 for name in loaded.names})
    for pk, n in known.items():
        if pk in called:
            counts[called[pk]] += n
    floors = loaded.floors(version)
    rows = [
        (name, f"{counts[name]:,}", f"{floor:.3f}" if floor else "none")
        for name, floor in zip(loaded.names, floors, strict=True)
    ]
    words = f"The version was trained on the answers to {version.n_labels:,} images."
    return Section("Labels", [words], ("Label", "Images it was taught by", "Threshold"), rows)


def _choice(version: ModelVersion) -> Section:
    project = version.project
    mine = Annotation.objects.filter(project=project, kind=Annotation.Kind.LABELS, current=True)
    people = mine.values("user").distinct().count()
    by_source = mine.values_list("source").annotate(n=Count("pk")).order_by("-n")
    words = (
        f"When the version was made, images to label were chosen by the strategy "
        f"{version.strategy}. What a strategy or a person chooses is no random sample, so figures "
        "on it would not hold for the pool.",
        f"Figures come from the audit sample: images drawn at random (share "
        f"{project.audit_share:g} of what is asked), answered "
        "without seeing what the model says, never trained on.",
        f"Accounts that answered: {people:,}. Their names are not part of this card.",
    )
    rows = [(SOURCES.get(source, source), f"{n:,}") for source, n in by_source]
    header = ("Where answers that hold today come from", "Answers")
    return Section("How labels were chosen", words, header if rows else (), rows)
