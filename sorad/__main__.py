"""``python -m sorad`` is ``sorad``."""

import sys

from sorad.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
