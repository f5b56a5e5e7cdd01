"""How good the model is, said honestly: metrics, galleries, curves."""
