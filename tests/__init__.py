"""The tests. `tests/a/test_b.py` is for `src/carillon/a/b.py`; `contracts/` holds one suite over every implementation
of a port, `walks/` the whole server as a process, `house/` the rules of the code itself.
"""
