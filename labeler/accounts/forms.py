"""What people write to come in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext_lazy as _

from labeler.accounts import leaving
from labeler.projects.models import User


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


class CodeForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        max_length=100,
        widget=forms.TextInput({
            "class": "input mono", "autocomplete": "one-time-code", "autocapitalize": "none",
            "spellcheck": "false", "autofocus": True,
        }),
        error_messages={"required": _("Write the code that your app shows.")},
    )  # fmt: skip


class WhoForm(forms.Form):
    """Who lost their password."""

    who = forms.CharField(
        max_length=254,
        widget=forms.TextInput({
            "class": "input", "autocomplete": "username", "autocapitalize": "none",
            "autofocus": True,
        }),
        error_messages={"required": _("Write your name or your e-mail address.")},
    )  # fmt: skip


class AddressForm(forms.Form):
    """The e-mail address of an account; empty: none."""

    email = forms.EmailField(
        max_length=254, required=False, widget=forms.EmailInput({"class": "input"}),
        error_messages={"invalid": _("Write an address such as name@example.org.")},
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_email(self) -> str:
        """One address, one account: who has it gets in as that account."""
        told: str = self.cleaned_data["email"]
        others = User.objects.filter(email__iexact=told).exclude(pk=self.person.pk)
        if told and others.exists():
            raise forms.ValidationError(_("Another account has this address. Write another."))
        return told


class LeavingForm(forms.Form):
    """What becomes of the answers of an account that is deleted; its name again, to be sure."""

    answers = forms.ChoiceField(
        choices=[(each, each) for each in leaving.CHOICES],
        error_messages={"required": _("Choose what becomes of the answers.")},
    )
    name = forms.CharField(
        max_length=150, widget=forms.TextInput({"class": "input", "autocomplete": "off"}),
        error_messages={"required": _("Write the name of the account.")},
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_name(self) -> str:
        """The name as it is: nobody deletes the wrong account by a slip."""
        told: str = self.cleaned_data["name"]
        if told != self.person.username:
            raise forms.ValidationError(_("This is not the name of the account."))
        return told
