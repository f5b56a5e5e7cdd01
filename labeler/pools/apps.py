from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "labeler.pools"
    label = "pools"
