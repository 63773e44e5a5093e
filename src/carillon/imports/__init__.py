"""Reads the databases of other servers into the neutral records of `core.foreign`. To add one, write one file.

`source.py` opens what is named, `sqlite.py` and `postgres.py` show one unmoving state of it, and a module for each
server knows its tables. Nothing here writes: neither there nor here.
"""
