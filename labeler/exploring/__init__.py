"""Seeing the whole pool: filters, clusters, maps, look-alikes, and what is odd."""
