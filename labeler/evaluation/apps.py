from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "labeler.evaluation"
    label = "evaluation"
