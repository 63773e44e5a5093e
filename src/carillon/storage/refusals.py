"""Why a database is not opened.

Refusal
├── StoreLocked   another process has the data folder open
└── NewerSchema   a newer Carillon has migrated the database
"""


class Refusal(Exception):
    """`str(error)` tells people why and what to do."""


class StoreLocked(Refusal):
    pass


class NewerSchema(Refusal):
    pass
