import sys
from pathlib import Path

# `bench` is a tool of the repository, not installed with the package.
sys.path.insert(0, str(Path(__file__).parents[3]))
