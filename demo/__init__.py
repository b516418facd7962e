"""A fictitious maison de santé and three months of its life: what `make demo` loads, bills and serves.

Nobody in it exists: names say what they are, identifiers are test ones (INS under the test OID), every amount and share
of the convention is invented within the published range.
"""
