import os
import sys

os.environ.setdefault("USHIRO_MODE", "test")

from tests.matrix.run import main

sys.exit(main())
