"""The Django app that holds the commands `backup` and `restore`."""

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    name = "labeler.backups"
