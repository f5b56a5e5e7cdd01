"""Labeler: label a pool of images by asking only about those that teach the model most."""

try:
    from labeler.celery import app as celery_app
except ModuleNotFoundError as error:
    if error.name != "celery":
        raise  # only where `labeler.client` is used alone is there no Celery

__all__ = ["celery_app"]
