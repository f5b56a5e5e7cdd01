"""What lets a person in beside the password, and where they are in."""

from django.conf import settings
from django.db import models

from labeler.projects.models import Secret
from labeler.work.models import LeasedWork


class Visit(models.Model):
    """A session of a person, as their list of sessions tells it. Its key is never shown."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="visits")
    key = models.CharField(max_length=40, unique=True)  # of the session
    browser = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=45, blank=True)
    began_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.user} since {self.began_at:%Y-%m-%d %H:%M}"


class ResetLink(Secret):
    """Lets its user choose a new password once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"reset link of {self.user}"


class SecondFactor(models.Model):
    """An authenticator app that shows a new code every 30 seconds."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factor"
    )
    seed = models.TextField()  # encrypted with the installation's secret
    last_step = models.BigIntegerField(default=0)  # of the last code taken: none works twice
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"second factor of {self.user}"


class RecoveryCode(models.Model):
    """A code that stands in for the app once. Only its hash is kept."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"recovery code of {self.factor.user}"


class Identity(models.Model):
    """Who a person is at the single sign-on of their organisation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="identity_belongs_to_one_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"


class Forgetting(LeasedWork):
    """One day's taking out of what is older than the settings keep; `gone` says how many rows."""

    day = models.DateField(unique=True)  # in UTC, by the database's clock
    gone = models.JSONField(default=dict, blank=True)


class Leaving(LeasedWork):
    """Somebody whose account was deleted and whose answers go, too: piece by piece."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answers = models.PositiveIntegerField(default=0)  # rows that are gone so far
    comments = models.PositiveIntegerField(default=0)
