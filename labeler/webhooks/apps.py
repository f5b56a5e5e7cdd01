from typing import Any

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "labeler.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        from labeler.webhooks.models import Delivery
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind("delivery", Delivery, CHORES, run=_send, find=_collect, afresh={"tries": 0}))


def _send(row: Any) -> None:
    from labeler.webhooks import sending

    sending.run(row)


def _collect() -> None:
    from labeler.webhooks import outbox

    outbox.find()
