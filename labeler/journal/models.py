"""Lines of the journal. They are only added: even those about what is gone stay."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """Who did what, when, from where; in words that outlive the rows they name."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    who = models.CharField(max_length=150, blank=True)  # as they sign in; "": a command
    way = models.CharField(max_length=7, default="command")  # page, session, token, command
    address = models.CharField(max_length=45, blank=True)
    project = models.BigIntegerField(null=True, blank=True)  # no reference: it outlives the project
    project_name = models.CharField(max_length=100, blank=True)
    act = models.CharField(max_length=100)
    target = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="journal_of_project")]

    def __str__(self) -> str:
        return f"{self.who} {self.act} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the line. Raises TypeError where it is there already."""
        if self.pk is not None:
            raise TypeError("A line of the journal is not changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Lines go by age alone: see `noting.forget`."""
        raise TypeError("A line of the journal is not taken out.")
