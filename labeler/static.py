"""Static files under hashed names, with the imports inside ES modules rewritten to match."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStatic(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Far-future caching for every script and style. Imports must end in a semicolon."""

    support_js_module_import_aggregation = True
