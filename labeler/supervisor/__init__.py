"""Everything of one installation under one process: started together, watched, stopped together."""
