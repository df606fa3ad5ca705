"""Write the raw files row by row, each kind as its program writes it, the same bytes on any day."""

import csv
import json
import sqlite3
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import xlsxwriter

from custlib.synth.cells import of_file, times_of, with_dirt
from custlib.synth.clean import Sink, arrow
from custlib.synth.wording import words
from custlib.synth.world import LAST_DAY

TITLE = "松果零食 问卷数据导出（模拟数据）"
BROKEN = '{"id": "'  # how a line looks that a full disk has cut off
SAV_DATE, SAV_TIME, SAV_AT = b"31 Dec 24", b"00:00:00", 92  # creation stands in the header at byte 92
SQLITE_VERSION_AT = 96  # which library wrote the file: no part of the data


class Csv:
    """Delimited text; rows end as Windows writes them in GB18030 files, with a newline elsewhere."""

    def __init__(self, path: Path) -> None:
        self.path, self.file = path, None

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        cells = of_file(frame, spec)
        if self.file is None:
            self.file = self.path.open("w", encoding=spec["encoding"], newline="")
            self.csv = csv.writer(self.file, lineterminator="\r\n" if spec["encoding"] == "gb18030" else "\n")
            self.csv.writerow(cells)
        if "dirt" in spec and len(frame):
            cells = with_dirt(cells, spec["dirt"])
        self.csv.writerows(zip(*cells.values(), strict=True))

    def close(self) -> None:
        if self.file:
            self.file.close()


class Lines:
    """One JSON object a line; a name with a dot is a member of an inner object."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w", encoding="utf-8", newline="\n")
        self.encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        cells = of_file(frame, spec)
        dirt = spec.get("dirt")
        if dirt and dirt["column"] and len(frame):
            cells = with_dirt(cells, dirt)
        inner: dict[str, list[tuple[str, int]]] = {}
        for place, name in enumerate(cells):
            outer, _, leaf = name.partition(".")
            inner.setdefault(outer, []).append((leaf, place))
        shape = [(outer, members[0][1] if members[0][0] == "" else None, members) for outer, members in inner.items()]
        rows = zip(*cells.values(), strict=True)
        self.file.writelines(
            self.encode({outer: {leaf: row[i] for leaf, i in members} if at is None else row[at] for outer, at, members in shape}) + "\n"
            for row in rows)
        if dirt and not dirt["column"] and len(frame):
            self.file.write(BROKEN + str(frame.iloc[0, 0])[:4] + "\n")

    def close(self) -> None:
        self.file.close()


class Lite:
    """Tables of an SQLite database, in one transaction."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.path, self.made = path, set()
        self.db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "page_size=4096", "cache_size=-65536"):
            self.db.execute(f"PRAGMA {pragma}")
        self.db.execute("BEGIN")

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        cells = of_file(frame, spec)
        if spec["name"] not in self.made:
            self.made.add(spec["name"])
            kinds = {own: "REAL" if pd.api.types.is_float_dtype(frame[name].dtype) and "numpy" in type(frame[name].dtype).__module__
                     else "INTEGER" if pd.api.types.is_integer_dtype(frame[name].dtype) or pd.api.types.is_bool_dtype(frame[name].dtype)
                     else "TEXT" for name, own in spec["columns"].items()}
            self.db.execute(f"CREATE TABLE {spec['name']} ({', '.join(f'{own} {kind}' for own, kind in kinds.items())})")
        marks = ", ".join("?" * len(cells))
        self.db.executemany(f"INSERT INTO {spec['name']} VALUES ({marks})", zip(*cells.values(), strict=True))

    def close(self) -> None:
        self.db.execute("COMMIT")
        self.db.close()
        with self.path.open("r+b") as file:
            file.seek(SQLITE_VERSION_AT)
            file.write((3_040_000).to_bytes(4, "big"))


class Sheets:
    """Sheets of a spreadsheet, each with a title, the day of the export, and names in the third row."""

    def __init__(self, path: Path) -> None:
        self.book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                               "tmpdir": str(path.parent)})
        self.book.set_properties({"title": TITLE, "created": datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day)})
        self.at: dict[str, int] = {}

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        cells = of_file(frame, spec)
        name = spec["name"]
        if name not in self.at:
            sheet = self.book.add_worksheet(name)
            sheet.write_string(0, 0, f"{TITLE} {name}")
            sheet.write_string(1, 0, f"导出日期：{LAST_DAY:%Y-%m-%d}")
            for place, own in enumerate(cells):
                sheet.write_string(2, place, own)
            self.at[name] = 3
        sheet, at = self.book.get_worksheet_by_name(name), self.at[name]
        for row, values in enumerate(zip(*cells.values(), strict=True), at):
            for place, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(row, place, value)
                else:
                    sheet.write_number(row, place, value)
        self.at[name] = at + len(frame)

    def close(self) -> None:
        self.book.close()


class Spss:
    """An SPSS file with labels; it is small, so that its rows can wait until all are there."""

    def __init__(self, path: Path) -> None:
        self.path, self.waiting = path, []

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        self.spec = spec
        self.waiting.append(frame[list(spec["columns"])].rename(columns=spec["columns"]))

    def close(self) -> None:
        lists = words("raw")["sav"]
        rows = pd.concat(self.waiting, ignore_index=True)
        times = [own for own in rows if pd.api.types.is_datetime64_any_dtype(rows[own].dtype)]
        rows = pd.DataFrame({own: np.array(times_of(rows[own]), dtype="datetime64[ns]") if own in times
                             else rows[own].fillna("").astype(object) if rows[own].dtype == object or pd.api.types.is_string_dtype(rows[own].dtype)
                             else rows[own].astype(float) for own in rows})
        answers = {float(code): pair[0] for code, pair in words("surveys")["labels"]["likert"].items()}
        pyreadstat.write_sav(rows, self.path, file_label=lists["note"], column_labels=lists["labels"],
                             variable_value_labels={self.spec["columns"]["value_num"]: answers})
        with self.path.open("r+b") as file:  # the writer knows no other time than the clock's
            file.seek(SAV_AT)
            file.write(SAV_DATE + SAV_TIME)


class Columns:
    """Parquet with the names of the shop's database."""

    def __init__(self, path: Path) -> None:
        self.name, self.sink = path.stem, Sink(path.parent)

    def add(self, spec: dict, frame: pd.DataFrame) -> None:
        coded = frame.assign(**{name: frame[name].map(codes) for name, codes in spec.get("values", {}).items()})
        rows = arrow(spec["table"], coded).select(list(spec["columns"]))
        self.sink.add(self.name, rows.rename_columns(list(spec["columns"].values())))

    def close(self) -> None:
        self.sink.close()


KINDS = {"csv": Csv, "jsonl": Lines, "sqlite": Lite, "xlsx": Sheets, "sav": Spss, "parquet": Columns}
