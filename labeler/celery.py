"""The Celery application. Messages carry a kind and an id; nothing else, and no results.

A worker is one process with one thread of work (the "solo" pool). Forking after torch or OpenMP
started their threads hangs; a pool of children costs memory twice and a pipe between label and
round; and `kill -9` of a parent leaves a child that works on unseen. Here a kill is the end of
the work, the row's lease frees it, and the supervisor starts the next process. What the solo
pool lacks, a time limit, is kept by the sweep's thread (`labeler.work.sweep`).
"""

import os
from urllib.parse import urlsplit

from celery import Celery
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # a worker serves no pages: load no views
TRANSPORT_ALIASES["folder"] = "labeler.work.broker:Transport"

# Publishing happens while a person waits for the next image, so it gives up after a second.
# The sweep finds what was not said. Redis: a hint taken by a dead worker returns in a minute.
PATIENCE: dict[str, dict[str, object]] = {
    "amqp": {"connect_timeout": 1, "write_timeout": 1},
    "redis": {
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "visibility_timeout": 60,
        "unacked_restore_throttle": 1,
    },
    "folder": {},
}
PATIENCE["amqps"], PATIENCE["rediss"] = PATIENCE["amqp"], PATIENCE["redis"]


def patience(url: str) -> dict[str, object]:
    """Transport options for a broker's address."""
    return dict(PATIENCE.get(urlsplit(url).scheme, {}))


app = Celery("labeler")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_default_queue="chores",
    # The row's lease protects the work, not the broker. But a worker that has acknowledged is sent
    # the next message, which then lies with it while another is idle.
    task_acks_late=True,
    task_publish_retry=False,
    worker_pool="solo",
    worker_concurrency=1,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,  # a worker takes work, not orders
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_timeout=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker waits for its broker as long as it takes
    broker_transport_options=patience(settings.CELERY_BROKER_URL),
)
app.autodiscover_tasks(["labeler.work"])
