"""Manifests: files that tell which picture has which label, met with the pictures of an import."""
