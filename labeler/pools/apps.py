from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "labeler.pools"
    label = "pools"

    def ready(self) -> None:
        from labeler.pools import importing, receivers  # noqa: F401
        from labeler.pools.models import Import
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind("import", Import, CHORES, importing.run, importing.sweep))
