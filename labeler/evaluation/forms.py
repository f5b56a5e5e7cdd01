"""What the review page may send."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from labeler.evaluation import thresholds
from labeler.labeling import second_look
from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Label, Project


class AnswerForm(forms.Form):
    """A reviewer's answer on an image that may be looked at.

    An audit image is answered blind first; until then nobody reviews it.
    """

    image = forms.ModelChoiceField(
        Image.objects.none(),
        error_messages={
            "required": _("Say which image."),
            "invalid_choice": _(
                "That image is not in this project, or waits for its first blind answer. "
                "Reload the page."
            ),
        },
    )
    labels = forms.ModelMultipleChoiceField(Label.objects.none(), required=False)
    uuid = forms.UUIDField(
        error_messages={
            "required": _("Send a UUID."),
            "invalid": _("Send the UUID as 32 hex digits."),
        }
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        blind = Q(audit=True, state=Image.State.OPEN)
        self._choose("image", Image.objects.filter(~blind, project=project))
        self._choose("labels", Label.objects.filter(project=project))

    def _choose(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows

    def clean_labels(self) -> list[Label]:
        """Exactly one label in a single-label project, any number in a multi-label one."""
        given = list(self.cleaned_data["labels"])
        if not self.project.is_multi and len(given) != 1:
            raise forms.ValidationError(_("Choose one label."))
        return given


class SuspectForm(AnswerForm):
    """A reviewer's answer on an image outside the audit sample."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("image", Image.objects.filter(audit.teaching(), project=self.project))
        self.fields["image"].error_messages["invalid_choice"] = _(
            "That image cannot be answered here: it is not in this project, or it is in the audit "
            "sample or the test split, which are left alone."
        )


class ImagesForm(forms.Form):
    """Which images to send to another person; `back`: not to send after all."""

    images = forms.CharField(max_length=second_look.MOST * 21)
    back = forms.BooleanField(required=False)

    def clean_images(self) -> list[int]:
        """Their ids, from a text with commas between them."""
        parts = self.cleaned_data["images"].split(",")
        if not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts):
            raise forms.ValidationError(_("Send the images' ids, with commas between them."))
        if len(parts) > second_look.MOST:
            words = _("Send at most %(most)s images at once.")
            raise forms.ValidationError(words % {"most": second_look.MOST})
        return [int(part) for part in parts]


class DrawForm(forms.Form):
    """How many audit images to draw for a second look."""

    count = forms.IntegerField(min_value=1, max_value=second_look.MOST)


class UndoForm(forms.Form):
    """Which answer to take back."""

    uuid = forms.UUIDField(
        error_messages={
            "required": _("Say which answer."),
            "invalid": _("That is not an answer's UUID."),
        }
    )


class ThresholdForm(forms.Form):
    """A threshold for one label, or for `all`, with the version that the page shows.

    `standard` goes back to what applies where nobody picked one. on: what the page showed.
    """

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    label = forms.ModelChoiceField(Label.objects.none(), required=False)
    all = forms.BooleanField(required=False)
    threshold = forms.FloatField(min_value=0, max_value=1, required=False)
    standard = forms.BooleanField(required=False)
    on = forms.ChoiceField(
        choices=[(each, each) for each in (thresholds.AUDIT, thresholds.LABELS)], required=False
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["label"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Label.objects.filter(project=project)

    def clean(self) -> dict[str, Any]:
        """Exactly one of label and all, and one of threshold and standard."""
        given = self.cleaned_data
        if not self.errors and bool(given["label"]) == given["all"]:
            raise forms.ValidationError(_("Name one label, or all."))
        if not self.errors and (given["threshold"] is not None) == given["standard"]:
            raise forms.ValidationError(_("Give a threshold from 0 to 1, or go back to standard."))
        return given
