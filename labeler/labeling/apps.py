from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeler.labeling"
    label = "labeling"
