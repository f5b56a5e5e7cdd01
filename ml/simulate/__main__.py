"""python -m ml.simulate: what is asked for on the command line is replayed and told."""

import sys

from ml.simulate.command import main

sys.exit(main())
