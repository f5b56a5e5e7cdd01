from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "labeler.accounts"
    label = "accounts"

    def ready(self) -> None:
        from labeler.accounts import receivers  # noqa: F401 - it listens from here on
