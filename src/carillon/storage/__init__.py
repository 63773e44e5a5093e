"""The truth on disk: SQLite in the data folder, or PostgreSQL. SQL in plain sight, a module an aggregate."""

from carillon.storage.refusals import NewerSchema, Refusal, StoreLocked
from carillon.storage.store import open_store

__all__ = ["NewerSchema", "Refusal", "StoreLocked", "open_store"]
