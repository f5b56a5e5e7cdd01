"""Doorways: the label page, its small JSON answers, the export page."""
