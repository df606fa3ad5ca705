"""Databases as sources: SQLite and DuckDB files, PostgreSQL, MySQL and MariaDB, named by an address in dataset.toml."""

from custlib.tables.database.address import redacted
from custlib.tables.database.staging import content_hash, files_of, stage_database, tables_in

__all__ = ["content_hash", "files_of", "redacted", "stage_database", "tables_in"]
