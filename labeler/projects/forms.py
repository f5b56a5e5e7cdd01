"""What people fill in: about a project, and about themselves."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from labeler.projects import choices, creation, feature_names
from labeler.projects.labels import LabelsRefused, Wish
from labeler.projects.models import Label, Membership, Project, User


def _text(**attrs: Any) -> forms.TextInput:
    return forms.TextInput({"class": "input", **attrs})


def _number(least: int, most: int) -> dict[str, Any]:
    """A whole number: what the browser offers. What is too much or too little, `creation` says."""
    attrs = {"class": "input short", "min": least, "max": most, "inputmode": "numeric"}
    words = _from_to(least, most)
    return {
        "widget": forms.NumberInput(attrs),
        "error_messages": {"invalid": words, "required": words},
    }


def _words_from_to(least: int, most: int) -> str:
    words = gettext("Write a whole number from %(least)s to %(most)s.")
    return words % {"least": f"{least:,}", "most": f"{most:,}"}


_from_to = lazy(_words_from_to, str)  # in the language of whoever reads it


class Percent(forms.FloatField):
    """A share that people write in percent: 10 means 0.1."""

    widget = forms.NumberInput({"class": "input short", "step": "any", "min": 0, "max": 100})
    default_error_messages = {
        "invalid": _("Write a number from 0 to 100."),
        "required": _("Write a number from 0 to 100."),
    }

    def prepare_value(self, value: Any) -> Any:
        return f"{100 * value:g}" if isinstance(value, float) else value

    def clean(self, value: Any) -> float | None:
        number = super().clean(value)
        return None if number is None else number / 100


OTHER = "other"  # features whose name is written


class SettingsForm(forms.Form):
    """A project's settings; the rules themselves are in `creation`."""

    name = forms.CharField(
        max_length=100, widget=_text(autocomplete="off"),
        error_messages={"required": _("Give the project a name.")},
    )  # fmt: skip
    question = forms.CharField(
        max_length=200, required=False, widget=_text(placeholder=_("What is on this leaf?"))
    )
    strategy = forms.ChoiceField(
        choices=[(c.name, c.title) for c in choices.STRATEGIES], widget=forms.RadioSelect
    )
    audit_share = Percent()
    retrain = forms.ChoiceField(
        choices=[("adaptive", _("Adaptive")), ("number", _("After a number of labels"))],
        widget=forms.RadioSelect,
    )
    retrain_after = forms.IntegerField(required=False, **_number(1, creation.MOST_RETRAIN_AFTER))
    features = forms.CharField(required=False, initial=choices.FEATURES[0].name)
    other_features = forms.CharField(
        required=False,
        widget=forms.TextInput({
            "class": "input mono", "maxlength": feature_names.MOST, "placeholder": "pca-64:hog",
            "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false",
        }),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("features") == OTHER:
            values["features"] = values["other_features"]
        elif not values.get("features"):
            values.pop("features", None)  # nothing was sent: it stays as it is
        if values.pop("retrain", "") == "adaptive":
            values["retrain_after"] = None
            self.errors.pop("retrain_after", None)
        elif "retrain_after" in values and values["retrain_after"] is None:
            self.add_error("retrain_after", gettext("Write how many labels, or choose adaptive."))
        self._obey_the_rules({name: v for name, v in values.items() if name not in self.errors})
        return values

    def _obey_the_rules(self, values: dict[str, Any]) -> None:
        settings = {k: v for k, v in values.items() if k in creation.OPEN_SETTINGS}
        try:
            creation.checked(settings)
        except creation.SettingsRefused as refused:
            for field, words in refused.problems.items():
                self.add_error(field, words)

    def settings(self) -> dict[str, Any]:
        """The values for `creation`."""
        return {k: v for k, v in self.cleaned_data.items() if k in creation.OPEN_SETTINGS}

    # What the radios explain.
    all_strategies = choices.STRATEGIES
    all_features = choices.FEATURES
    all_heads = choices.HEADS
    all_consensus = choices.CONSENSUS
    all_roles = choices.ROLES
    all_kinds = choices.KINDS


def _at_line(place: int | None, words: str) -> str:
    if place is None:
        return words
    return gettext("Line %(line)s: %(words)s") % {"line": place + 1, "words": words}


class NewProjectForm(SettingsForm):
    """All that a new project needs."""

    kind = forms.ChoiceField(
        choices=[(c.name, c.title) for c in choices.KINDS], widget=forms.RadioSelect
    )
    labels = forms.CharField(
        max_length=500_000, required=False, widget=forms.Textarea({"class": "input", "rows": 7})
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if "labels" in values and "kind" in values:
            try:
                creation.labels_of(self.wishes(), values["kind"])
            except LabelsRefused as refused:
                for place, words in refused.problems[:5]:
                    self.add_error("labels", _at_line(place, words))
        return values

    def wishes(self) -> list[Wish]:
        """The labels, one per line; empty lines do not count."""
        lines = self.data.get("labels", "").splitlines()
        return [Wish(line) for line in lines if line.strip()]


class ProjectSettingsForm(SettingsForm):
    """Settings that one meets only once the project is there."""

    suggestion_share = Percent()
    target = Percent()
    instructions = forms.CharField(
        max_length=creation.MOST_INSTRUCTIONS, required=False,
        widget=forms.Textarea({"class": "input", "rows": 8}),
    )  # fmt: skip
    overlap = forms.IntegerField(**_number(1, creation.MOST_OVERLAP))
    consensus = forms.ChoiceField(choices=Project.Consensus.choices, widget=forms.RadioSelect)
    gold_share = Percent(
        widget=forms.NumberInput({"class": "input short", "step": "any", "min": 0, "max": 50})
    )
    spot_check_share = Percent(
        widget=forms.NumberInput({"class": "input short", "step": "any", "min": 0, "max": 100})
    )
    label_adders = forms.ChoiceField(choices=Membership.Role.choices, widget=forms.RadioSelect)
    audit_target = forms.IntegerField(**_number(0, creation.MOST_AUDIT_TARGET))
    head = forms.ChoiceField(choices=[(c.name, c.title) for c in choices.HEADS])

    @classmethod
    def of(cls, project: Project) -> "ProjectSettingsForm":
        """The form as the project stands."""
        names = [name for name in cls.base_fields if name in creation.OPEN_SETTINGS]
        start = {name: getattr(project, name) for name in names}
        start["retrain"] = "number" if project.retrain_after else "adaptive"
        if project.features not in choices.names(choices.FEATURES):
            start |= {"features": OTHER, "other_features": project.features}
        return cls(initial=start)


class SignInForm(forms.Form):
    """Name and password. Nothing is said about which of them is wrong."""

    username = UsernameField(
        max_length=150,
        widget=_text(autocomplete="username", autocapitalize="none", autofocus=True),
        error_messages={"required": _("Write your name.")},
    )
    password = forms.CharField(
        max_length=1_000, strip=False,
        widget=forms.PasswordInput({"class": "input", "autocomplete": "current-password"}),
        error_messages={"required": _("Write your password.")},
    )  # fmt: skip


class JoinForm(forms.Form):
    """The account of an invited person."""

    username = UsernameField(
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=_text(autocomplete="username", autocapitalize="none", autofocus=True),
        error_messages={"required": _("Choose a name to sign in with.")},
    )
    password = forms.CharField(
        max_length=1_000, strip=False,
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
        error_messages={"required": _("Choose a password.")},
    )  # fmt: skip

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("Somebody has this name already. Choose another."))
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "password" in values:
            person = User(username=values.get("username", ""))
            try:
                password_validation.validate_password(values["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return values


class PersonalForm(forms.Form):
    """How others see a person, and how the keyboard works."""

    name = forms.CharField(
        max_length=60, required=False, widget=_text(autocomplete="name"), label=_("Name")
    )
    letter_keys = forms.BooleanField(required=False)


LIFETIMES = (
    (30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("until revoked")),
)  # fmt: skip


class TokenForm(forms.Form):
    """What a new token is for and how far it reaches."""

    name = forms.CharField(
        max_length=100, widget=_text(placeholder=_("nightly export"), autocomplete="off"),
        error_messages={"required": _("Say what the token is for.")},
    )  # fmt: skip
    project = forms.ModelChoiceField(
        Project.objects.none(), required=False, empty_label=_("All my projects"),
        error_messages={"invalid_choice": _("You are not in this project. Choose another.")},
    )  # fmt: skip
    role = forms.ChoiceField(choices=Membership.Role.choices, initial="admin")
    read_only = forms.BooleanField(required=False)
    days = forms.TypedChoiceField(choices=LIFETIMES, coerce=int, initial=90)


class InviteForm(forms.Form):
    """Whom to invite as what."""

    role = forms.ChoiceField(
        choices=Membership.Role.choices, initial="annotator", widget=forms.RadioSelect
    )
    note = forms.CharField(max_length=100, required=False, widget=_text(autocomplete="off"))


class DeleteForm(forms.Form):
    """Deleting asks for the project's name."""

    name = forms.CharField(max_length=200, required=False, widget=_text(autocomplete="off"))

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": "delete_%s"})  # the page has three names
        self.project = project

    def clean_name(self) -> str:
        name = Label.clean_name(self.cleaned_data["name"])
        if name != Label.clean_name(self.project.name):
            words = gettext("Write the project's name, %(name)s, to delete it.")
            raise forms.ValidationError(words % {"name": self.project.name})
        return name


class DuplicateForm(forms.Form):
    """What the new project is called, and who comes along."""

    name = forms.CharField(
        max_length=100, widget=_text(autocomplete="off"), label=_("Name of the new project"),
        error_messages={"required": _("Give the project a name.")},
    )  # fmt: skip
    members = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "auto_id": "twin_%s"})
