"""Canonical tables: what a data set is, how its files are read, what was kept and what was not."""

from custlib.tables.build import Built, build, check
from custlib.tables.dataset import Dataset, find, load, project_root
from custlib.tables.ledger import ledger, write_public_rejects
from custlib.tables.store import held, read_json, write_json

__all__ = ["Built", "Dataset", "build", "check", "find", "held", "ledger", "load", "project_root", "read_json", "write_json", "write_public_rejects"]
