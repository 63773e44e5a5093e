"""Why a database is not opened, or a backup not put in its place.

Refusal
├── StoreLocked   another process has the data folder open
├── NewerSchema   a newer Carillon has migrated the database
├── BadBackup     the file is no backup of ours, or not as it was written
└── NotRestored   the backup is good, but it does not go into this installation
"""


class Refusal(Exception):
    """`str(error)` tells people why and what to do."""


class StoreLocked(Refusal):
    pass


class NewerSchema(Refusal):
    pass


class BadBackup(Refusal):
    pass


class NotRestored(Refusal):
    pass
