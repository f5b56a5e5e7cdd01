"""The bucket the pictures lie in: made in a store of the team's own, looked for in any other."""

import os
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from labeler.supervisor.refusing import CannotStart


def make() -> bool:
    """Whether it was made now. Raises CannotStart where it is missing or cannot be asked for.

    Only in a store that AWS_ENDPOINT_URL names: elsewhere a name mistyped would cost money.
    """
    if not settings.STORAGE_URL.startswith("s3://"):
        return False
    from botocore.exceptions import BotoCoreError, ClientError  # slow to load, for few

    storage: Any = default_storage
    name = storage.bucket_name
    client = storage.connection.meta.client
    try:
        if _is_there(client, name):
            return False
        if not os.environ.get("AWS_ENDPOINT_URL"):
            raise CannotStart(f"There is no bucket {name}. Make it, or mend LABELER_STORAGE_URL.")
        client.create_bucket(Bucket=name)
    except (BotoCoreError, ClientError) as error:
        raise CannotStart(
            f"The bucket {name} cannot be reached: {error} See LABELER_STORAGE_URL and the "
            "AWS_… variables."
        ) from error
    return True


def _is_there(client: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            return False
        if status != 403:  # who may use the bucket may be forbidden to look at it
            raise
    return True
