"""Searches of a region over HTTP, at several sizes: `python -m bench.search`."""
