"""``python -m naftiko_runtime`` is ``naftiko``."""

import sys

from naftiko_runtime.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
