"""The ways out to foreign systems, one module a kind. To add one, write one file with `API = 1`.

None stands here yet.
"""

API = 1
