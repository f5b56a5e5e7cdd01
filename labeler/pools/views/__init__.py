"""The doorways of the pools: the import page, its uploads, and the pictures themselves."""
