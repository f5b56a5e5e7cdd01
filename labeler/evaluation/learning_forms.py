"""What the Learning page may send."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from labeler.evaluation.models import StopTest
from labeler.projects import choices
from labeler.projects.models import Label, Project
from ml.stopping import MOST_LOOKS

CONFIDENCES = (0.9, 0.95, 0.99)


class StrategiesForm(forms.Form):
    """Which strategies to replay; random order always comes along."""

    strategies = forms.MultipleChoiceField(
        choices=[(each.name, each.title) for each in choices.STRATEGIES],
        error_messages={
            "required": _("Choose at least one strategy."),
            "invalid_choice": _("There is no such strategy. Choose among those listed."),
        },
    )


class StopTestForm(forms.Form):
    """A stop test, declared before it is known how it ends."""

    measure = forms.ChoiceField(choices=StopTest.Measure.choices)
    label = forms.ModelChoiceField(Label.objects.none(), required=False)
    target = forms.FloatField(
        min_value=1, max_value=99.9,
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid", "required"),
            _("Type a target in percent, from 1 to 99.9."),
        ),
    )  # fmt: skip
    confidence = forms.TypedChoiceField(
        choices=[(str(each), str(each)) for each in CONFIDENCES], coerce=float
    )
    looks = forms.IntegerField(
        min_value=1, max_value=MOST_LOOKS,
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid", "required"),
            _("Plan 1 to 10 looks; each of them makes all stricter."),
        ),
    )  # fmt: skip
    every = forms.IntegerField(
        min_value=10, max_value=1_000_000,
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid", "required"),
            _("Type how many labels lie between two looks, at least 10."),
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["label"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Label.objects.filter(project=project, retired=False)

    def clean_target(self) -> float:
        """As a share."""
        return float(self.cleaned_data["target"]) / 100

    def clean(self) -> dict[str, Any]:
        """Precision and recall are of one label, macro F1 of all."""
        given = super().clean() or self.cleaned_data
        of_all = given.get("measure") == StopTest.Measure.MACRO_F1
        if of_all:
            given["label"] = None
        elif given.get("label") is None and "label" not in self.errors:
            self.add_error("label", _("Say of which label."))
        return given
