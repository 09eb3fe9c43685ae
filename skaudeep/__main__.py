"""``python -m skaudeep`` is ``skaudeep``."""

import sys

from skaudeep.cli import main

if __name__ == "__main__":
    sys.exit(main())
