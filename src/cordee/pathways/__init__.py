"""Parcours and conventions as data: strict YAML files read into frozen dataclasses.

`model` and `convention` are the data; `reader` and `convention_reader` turn a file into them, or refuse
it with every problem at once; `shipped` has the files that come with the program; `schedule` puts the two
together: which séquences, when, for how much.
"""
