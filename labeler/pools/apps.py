from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "labeler.pools"
    label = "pools"

    def ready(self) -> None:
        from labeler.pools import importing, receivers
        from labeler.pools.models import Import
        from labeler.projects.signals import project_deleted
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind("import", Import, CHORES, importing.run, importing.sweep))
        project_deleted.connect(receivers.forget_files, dispatch_uid="pools")
