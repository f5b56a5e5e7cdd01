from typing import Any

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "labeler.training"
    label = "training"

    def ready(self) -> None:
        from labeler.labeling import believed, progress
        from labeler.labeling.signals import answered, relabeled
        from labeler.pools.signals import images_added
        from labeler.projects import feature_names
        from labeler.projects.signals import project_archived
        from labeler.training import believing, embeddings, feature_fits, rounds, spaces
        from labeler.training.models import FeatureFit, Round, Shard
        from labeler.work.kinds import CHORES, ROUNDS, Kind, register

        register(Kind(rounds.KIND, Round, ROUNDS, run=_run_round, find=rounds.find))
        register(Kind(embeddings.KIND, Shard, CHORES, run=_run_shard, find=embeddings.find))
        fits = feature_fits
        register(Kind(fits.KIND, FeatureFit, CHORES, run=fits.run, find=fits.find))
        answered.connect(_answered, dispatch_uid="training")
        relabeled.connect(_relabeled, dispatch_uid="training")
        images_added.connect(_images_added, dispatch_uid="training")
        project_archived.connect(rounds.stop, dispatch_uid="training")
        feature_names.register(spaces.wrong_with)
        progress.register(rounds.progress)
        believed.register(believing.model)


# The modules that work load what learns and embeds; only the workers import them.


def _run_round(row: Any) -> None:
    from labeler.training import running

    running.run(row)


def _run_shard(row: Any) -> None:
    from labeler.training import embedding

    embedding.run(row)


def _answered(project_id: int, **_: Any) -> None:
    from labeler.training import rounds

    rounds.consider(project_id)


def _relabeled(project_id: int, **_: Any) -> None:
    from labeler.training import rounds

    rounds.look(project_id)


def _images_added(project_id: int, **_: Any) -> None:
    from labeler.projects.models import Project
    from labeler.training import embeddings

    project = Project.objects.filter(pk=project_id).first()
    if project:
        embeddings.follow(project)
