"""What is tested: the program, and the page beside it."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PUBLIC = os.path.join(ROOT, "public")
PROGRAM = os.environ.get("SHMLENS") or os.path.join(ROOT, ".build", "debug", "shmlens")
