"""Rounds, model versions, embeddings: the only floor where ids and array positions meet."""
