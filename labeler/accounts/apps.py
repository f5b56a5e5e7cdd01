from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "labeler.accounts"
    label = "accounts"

    def ready(self) -> None:
        from labeler.accounts import (
            forgetting,
            receivers,  # noqa: F401 - it listens from here on
        )
        from labeler.accounts.models import Forgetting
        from labeler.work.kinds import CHORES, Kind, register

        run, find = forgetting.run, forgetting.find
        register(Kind(forgetting.KIND, Forgetting, CHORES, run=run, find=find))
