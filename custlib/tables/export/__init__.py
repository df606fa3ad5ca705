"""Write tables for other programs – SPSS, SAS, Excel, CSV, Parquet – with labels, and read them back without a difference."""

from custlib.tables.export.canonical import export_table
from custlib.tables.export.codebook import Codebook
from custlib.tables.export.files import read, write

__all__ = ["Codebook", "export_table", "read", "write"]
