from django.apps import AppConfig


class PoolsConfig(AppConfig):
    name = "labeler.pools"
    label = "pools"

    def ready(self) -> None:
        from labeler.pools import importing, receivers, removing
        from labeler.pools.models import Import, Removal
        from labeler.projects.signals import project_archived, project_deleted, project_leaving
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind("import", Import, CHORES, importing.run, importing.sweep))
        register(Kind(removing.KIND, Removal, CHORES, removing.run, removing.find))
        project_deleted.connect(receivers.forget_files, dispatch_uid="pools")
        project_leaving.connect(receivers.take_apart, dispatch_uid="pools")
        project_archived.connect(receivers.pause_imports, dispatch_uid="pools")
