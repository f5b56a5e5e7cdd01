"""What an admin fills in about a webhook."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from labeler.projects.forms import Percent
from labeler.projects.models import Label, Project
from labeler.webhooks import events
from labeler.webhooks.hooks import Rule
from labeler.webhooks.models import Target, Webhook

METRICS = [
    (Target.Metric.F1, _("F1")),
    (Target.Metric.PRECISION, _("Precision")),
    (Target.Metric.RECALL, _("Recall")),
    (Target.Metric.AVERAGE_PRECISION, _("Average precision")),
    (Target.Metric.ACCURACY, _("Accuracy")),
]
DIRECTIONS = [
    (Target.Direction.ABOVE, pgettext_lazy("a figure and its target", "rises above")),
    (Target.Direction.BELOW, pgettext_lazy("a figure and its target", "falls below")),
]


class WebhookForm(forms.Form):
    """Where to, and what; the rules themselves are in `hooks`."""

    url = forms.CharField(
        max_length=2000,
        widget=forms.URLInput(
            {"class": "input", "placeholder": "https://example.org/hook", "autocomplete": "off"}
        ),
        error_messages={"required": _("Give the address that is to be called.")},
    )
    name = forms.CharField(
        max_length=100,
        required=False,
        widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        choices=[(name, words[0]) for name, words in events.WORDS.items()],
        error_messages={"required": _("Choose what it is told.")},
    )

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookForm":
        """The form as it stands."""
        return cls(initial={"url": webhook.url, "name": webhook.name, "events": webhook.events})

    @property
    def all_events(self) -> list[tuple[str, Any, Any, bool]]:
        """(event, its words, more about it, whether it is ticked)"""
        chosen = self["events"].value() or []
        return [(name, *words, name in chosen) for name, words in events.WORDS.items()]

    def told(self) -> dict[str, Any]:
        """As `hooks.create` and `hooks.change` take it."""
        said = self.cleaned_data
        return {"url": said["url"], "name": said["name"], "told": said["events"]}


class TargetForm(forms.Form):
    """A figure, of which label, and the value to cross."""

    metric = forms.ChoiceField(choices=METRICS)
    label = forms.ModelChoiceField(
        Label.objects.none(), required=False, empty_label=_("all labels (macro average)")
    )
    direction = forms.ChoiceField(choices=DIRECTIONS)
    value = Percent()

    def __init__(self, data: Any = None, *, project: Project) -> None:
        super().__init__(data)
        field: Any = self.fields["label"]
        field.queryset = Label.objects.filter(project=project, retired=False)
        if project.is_multi:
            self.fields["metric"].choices = METRICS[:-1]  # type: ignore[attr-defined]

    def rule(self) -> Rule:
        """As `hooks` takes it."""
        said = self.cleaned_data
        label = said["label"].pk if said["label"] else None
        return Rule(said["metric"], label, said["value"], said["direction"])
