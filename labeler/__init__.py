"""Labeler: label a pool of images by asking only about those that teach the model most."""

from labeler.celery import app as celery_app

__all__ = ["celery_app"]
