"""An import onto a disk that somebody else fills up after the first chunk, then makes room again.

Runs as a child of test_full_disk.py in a mount namespace of its own: the disk is a tmpfs, and the
database lies on it or beside it. Prints what happened as one line of JSON.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

SIZE = "24m"
COUNT = 400


def main(place: str, source: str, database: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", place], check=True)
    os.environ |= {"LABELER_DATA": place, "DATABASE_URL": f"sqlite:///{database}"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labeler.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    imp, balloon = begun(source), Path(place) / "balloon"
    full = worked(imp, lambda now: fill(balloon))
    balloon.unlink()
    print(json.dumps({"full": full, "room": worked(imp, lambda now: None)}))


def fill(balloon: Path) -> None:
    """Take every byte of the disk."""
    with contextlib.suppress(OSError), balloon.open("ab", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


def begun(source: str):
    from labeler.pools import imports
    from labeler.projects.models import Project, User

    owner = User.objects.create_superuser("owner")
    project = Project.objects.create(name="P", audit_seed=1, created_by=owner)
    return imports.start(project=project, user=owner, source="folder", path=source, anywhere=True)


def worked(imp, watch) -> dict:
    """Work on the import as a worker would; what it, and the disk, say afterwards."""
    from django.db import OperationalError

    from labeler.pools import importing, imports, storage
    from labeler.pools.models import Image, Import
    from labeler.work import leases

    imp.refresh_from_db()
    if imp.state == Import.State.FAILED:
        imports.again(imp)
    if imp.state == Import.State.RUNNING:  # its worker could not even say goodbye
        Import.objects.update(lease_until="2000-01-01T00:00Z")
    with contextlib.suppress(OperationalError):  # where the database itself has no room
        importing.run(leases.claim(Import), watch=watch, patient=False)
    imp.refresh_from_db()
    images = list(Image.objects.order_by("row"))
    whole = sum(len(storage.open_original(image).read()) == image.bytes for image in images)
    left = [f.name for f in Path(os.environ["LABELER_DATA"]).rglob(".new-*")]
    return {
        "state": imp.state, "error": imp.error, "added": imp.added, "refused": imp.refused,
        "images": len(images), "whole": whole, "left": left,
    }  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
