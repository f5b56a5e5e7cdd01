from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeler.labeling"
    label = "labeling"

    def ready(self) -> None:
        from labeler.labeling import imported
        from labeler.pools import signals

        signals.labels_came.connect(imported.labels_came, dispatch_uid="labeling")
        signals.images_added.connect(imported.images_added, dispatch_uid="labeling")
