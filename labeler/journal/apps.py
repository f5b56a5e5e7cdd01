from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "labeler.journal"
    label = "journal"
