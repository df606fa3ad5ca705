"""Readers: every kind of source file becomes one kind, Parquet that DuckDB scans, with the row each record came from."""

from custlib.tables.readers.kinds import KINDS, parts, stage
from custlib.tables.readers.staged import Staged

__all__ = ["KINDS", "Staged", "parts", "stage"]
