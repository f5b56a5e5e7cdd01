"""The models in memory: each project's serving one, swapped between requests, never within one.

A newer version is loaded beside the old one, which answers until the new one is warm. A request
takes its model once and keeps it to the end, so no answer mixes two versions.
"""

import logging
import threading
import time
from collections import OrderedDict

from django.db import connections

from labeler.projects.models import Project
from labeler.serving.loaded import Loaded
from labeler.training import canary, versions
from labeler.training.models import ModelVersion
from labeler.training.versions import ModelDamaged

log = logging.getLogger(__name__)
MOST = 6  # versions in memory
MOST_TRIED = 10  # earlier versions, where one is damaged
PATIENCE = 30.0  # seconds until a version that could not be loaded is tried again


class NoModel(Exception):
    """There is nothing that could judge; the message says what to do."""


class Shelf:
    """Loaded versions by their id. Threads may ask at the same time."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._loaded: OrderedDict[int, Loaded] = OrderedDict()
        self._current: dict[int, int] = {}  # project id → id of the version that answers
        self._coming: set[int] = set()
        self._failed: dict[int, float] = {}  # version id → when
        self._lock = threading.Lock()
        self._loading = threading.Lock()  # one at a time: loading takes memory

    def serving(self, project: Project) -> tuple[Loaded, ModelVersion]:
        """The project's model and its version's row as it is now.

        While a newer version is being loaded, or if its files are damaged, that is one before it.
        Raises: NoModel, and what Loaded raises where no version can be loaded.
        """
        wanted = versions.serving(project)
        if wanted is None:
            raise NoModel(
                f"{project.name} has no model yet. Label some images of two labels, then train."
            )
        wanted.project = project
        with self._lock:
            found = self._loaded.get(wanted.pk)
            before = self._loaded.get(self._current.get(project.pk, 0))
            if found:
                self._current[project.pk] = wanted.pk
                self._loaded.move_to_end(wanted.pk)
        if found:
            return found, wanted
        if before:
            self._load_beside(wanted)
            return before, before.version
        try:
            return self.load(wanted), wanted
        except ModelDamaged:
            if older := self._older(wanted):
                return older
            raise

    def _older(self, damaged: ModelVersion) -> tuple[Loaded, ModelVersion] | None:
        """The newest earlier version that can be loaded, in place of a damaged one."""
        log.exception("Version %s cannot serve; an earlier one does.", damaged.number)
        self._failed[damaged.pk] = time.monotonic()
        mine = ModelVersion.objects.filter(project=damaged.project, number__lt=damaged.number)
        for version in mine.order_by("-number")[:MOST_TRIED]:
            version.project = damaged.project
            try:
                found = self.load(version)
            except ModelDamaged:
                continue
            with self._lock:
                self._current[version.project_id] = version.pk
            return found, version
        return None

    def canary(self, serving: ModelVersion, mark: bytes) -> tuple[Loaded, ModelVersion] | None:
        """The newest version, where it shall answer the request of this mark and is warm.

        Until it is, the serving one answers, and this one is loaded beside.
        """
        wanted = canary.chosen(serving, mark)
        if wanted is None:
            return None
        wanted.project = serving.project
        if found := self._there(wanted):
            return found, wanted
        self._load_beside(wanted)
        return None

    def pinned(self, project: Project, number: int) -> tuple[Loaded, ModelVersion]:
        """The version of that number. Raises: NoModel, and what Loaded raises."""
        version = ModelVersion.objects.filter(project=project, number=number).first()
        if version is None:
            raise NoModel(f"{project.name} has no model version {number}.")
        version.project = project
        return self.load(version), version

    def load(self, version: ModelVersion) -> Loaded:
        """The version, read if it is not in memory yet."""
        if found := self._there(version):
            return found
        with self._loading:
            found = self._there(version)
            if found is None:
                found = Loaded(version)
                self._put(version, found)
        return found

    def _there(self, version: ModelVersion) -> Loaded | None:
        with self._lock:
            if version.pk in self._loaded:
                self._loaded.move_to_end(version.pk)
            return self._loaded.get(version.pk)

    def _put(self, version: ModelVersion, loaded: Loaded) -> None:
        with self._lock:
            self._loaded[version.pk] = loaded
            if version.serving:
                self._current[version.project_id] = version.pk
            gone = [
                self._loaded.popitem(last=False)[1] for _ in range(len(self._loaded) - self._most)
            ]
        for old in gone:
            old.close()  # whoever still holds it is answered first

    def _load_beside(self, version: ModelVersion) -> None:
        with self._lock:
            tried = self._failed.get(version.pk, -PATIENCE)
            if version.pk in self._coming or time.monotonic() - tried < PATIENCE:
                return
            self._coming.add(version.pk)
        threading.Thread(target=self._in_thread, args=(version,), daemon=True).start()

    def _in_thread(self, version: ModelVersion) -> None:
        try:
            self._come(version)
        finally:
            connections.close_all()  # this thread's own

    def _come(self, version: ModelVersion) -> None:
        try:
            self.load(version)
        except Exception:
            log.exception("Version %s cannot serve; the one before goes on.", version.number)
            self._failed[version.pk] = time.monotonic()
        finally:
            with self._lock:
                self._coming.discard(version.pk)
