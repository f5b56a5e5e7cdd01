from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The roof: commands that name every floor (`up`, `demo`) live here."""

    name = "labeler"
    label = "roof"
