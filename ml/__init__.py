"""Arrays in, arrays out: the learning side of Labeler.

Nothing here knows Django, rows, ids or the network, and nothing draws from a
global random state: whatever is random takes a seed. `checks`, `scores`,
`metrics`, `intervals`, `selection` and `arrays` import numpy alone, and
`images` Pillow and numpy, so that the web process may use them.
"""
