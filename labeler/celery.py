"""The Celery application. Messages carry a kind and an id; nothing else, and no results."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
TRANSPORT_ALIASES["folder"] = "labeler.work.broker:Transport"

app = Celery("labeler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    task_acks_late=False,  # the row's lease protects the work, not the broker
    broker_connection_retry_on_startup=True,
    task_default_queue="chores",
    worker_hijack_root_logger=False,
)
app.autodiscover_tasks()
