from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeler.labeling"
    label = "labeling"

    def ready(self) -> None:
        from labeler.accounts.models import Leaving
        from labeler.labeling import carried, imported, leaving, queue
        from labeler.pools import signals
        from labeler.projects import label_counts
        from labeler.projects.signals import answers_unwanted, member_left
        from labeler.work.kinds import CHORES, Kind, register

        signals.labels_came.connect(imported.labels_came, dispatch_uid="labeling")
        signals.images_added.connect(imported.images_added, dispatch_uid="labeling")
        signals.images_wanted.connect(imported.images_wanted, dispatch_uid="labeling")
        signals.images_left.connect(imported.images_left, dispatch_uid="labeling")
        label_counts.register(carried.images)
        register(Kind(leaving.KIND, Leaving, CHORES, run=leaving.run))
        answers_unwanted.connect(leaving.ask, dispatch_uid="labeling")
        member_left.connect(queue.give_back, dispatch_uid="labeling")
