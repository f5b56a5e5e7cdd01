from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "labeler.evaluation"
    label = "evaluation"

    def ready(self) -> None:
        from labeler.evaluation.receivers import measure_new_version
        from labeler.training.signals import round_finished

        round_finished.connect(measure_new_version, dispatch_uid="evaluation.measure")
