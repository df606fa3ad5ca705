"""What each column holds: blanks, distinct values, numbers, dates, levels, personal shapes – counted by DuckDB, in bounded memory."""

import re
from dataclasses import dataclass, field
from functools import cached_property

import duckdb

from custlib.tables.draft import dates, forms, names
from custlib.tables.draft.look import Group, Part
from custlib.tables.readers.staged import as_text
from custlib.tables.typing import MISSING, literal

SAMPLE = 200_000  # rows that shapes and types are taken from; keys are proven on all rows
CELLS = 20_000_000  # cells up to which the text of all rows is kept, not read anew for each question
VALUES = 3_000  # different values of a column that are looked at one by one
LEVELS = 40
TIMES = ("DATE", "TIMESTAMP")
NUMBERS = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT", "DECIMAL")
SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵"
    "湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房解应宗丁宣邓郁单杭洪包左石崔吉龚程邢裴陆荣翁荀羊於惠曲封侯段焦谷车全班秋仲宫"
    "宁仇栾暴甘厉武符刘景詹束龙叶幸司黎白怀蒲赖卓池乔闻党翟谭劳冉桑桂牛寿边燕冀尚农温庄晏柴阎慕连习宦艾鱼容向古易戈廖居衡步都耿满匡国文欧沃蔚越隆师聂晁敖融冷辛简饶曾关查游权"
)
SHAPES = {
    "e_mail": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "id_card": re.compile(r"\d{17}[\dXx]"),
    "phone": re.compile(r"(\+?86[- ]?)?1\d{10}|(?=(?:\D*\d){8,15}\D*$)(\+\d[\d ().\-/]+\d|\(?\d{2,5}\)?[ \-/.]\d[\d \-/.]*\d)"),
    "name": re.compile(rf"[{SURNAMES}][\u4e00-\u9fff·*＊×某]{{1,3}}"),
    "address": re.compile(
        r"(?=.{6,}).*(省|市|区|县|路|街|巷|镇|村|室|栋|号楼).*|\d+[a-z]?,? .*\b(street|st|road|rd|avenue|ave|lane|ln|drive|dr)\b.*|"
        r".*(straße|strasse|str\.|weg|allee|gasse) ?\d+.*",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True)
class Profile:
    """One column of a group: ``sql`` gives its text (blank as NULL) from the group's tables; counts are of the sample."""

    name: str
    sql: str
    native: str
    label: str
    rows: int
    filled: int
    distinct: int
    values: tuple[tuple[str, int], ...] = field(repr=False)  # some of its different values and how often they come
    blanks: tuple[str, ...] = ()

    @cached_property
    def meanings(self) -> tuple[names.Named, ...]:
        """What the name, or the label a statistics file gives, may mean."""
        best: dict[str, names.Named] = {}
        for one in (*names.meanings(self.name), *(names.meanings(self.label) if self.label else ())):
            if one.concept not in best or one.sure > best[one.concept].sure:
                best[one.concept] = one
        return tuple(sorted(best.values(), key=lambda one: (-one.sure, one.concept)))

    @cached_property
    def named_date(self) -> bool:
        return any(names.kind(one.concept) == "date" and one.sure >= 0.55 for one in self.meanings)

    @cached_property
    def number(self) -> forms.NumberForm | None:
        if self.native in NUMBERS or self.native.startswith("DECIMAL"):
            places = (
                0
                if self.native not in ("DOUBLE", "FLOAT") and not self.native.startswith("DECIMAL")
                else max((len(value.partition(".")[2].rstrip("0")) for value, _ in self.values), default=0)
            )
            return forms.NumberForm(1.0, places=places)
        return None if self.native.startswith(TIMES) else forms.numbers(list(self.values))

    @cached_property
    def date(self) -> dates.DateForm | None:
        if self.native.startswith(TIMES):
            timed = self.native != "DATE" and any(not value.endswith(("00:00:00", "00:00:00+00")) for value, _ in self.values)
            return dates.DateForm(1.0, timed=timed, zoned="TIME ZONE" in self.native)
        return dates.dates(list(self.values), named=self.named_date)

    @cached_property
    def clock(self) -> float:
        return dates.clock_share(list(self.values))

    @cached_property
    def wide(self) -> bool:
        return forms.is_wide(list(self.values))

    @cached_property
    def figures(self) -> list[tuple[float, int]]:
        """The numbers among the values, with how often they come."""
        if not self.number:
            return []
        return [(figure, count) for value, count in self.values if (figure := forms.value_of(value, self.number)) is not None]

    @cached_property
    def negative(self) -> float:
        """Share of numbers below zero."""
        total = sum(count for _, count in self.figures)
        return sum(count for figure, count in self.figures if figure < 0) / total if total else 0.0

    @cached_property
    def whole(self) -> bool:
        return bool(self.figures) and all(figure.is_integer() for figure, _ in self.figures)

    @cached_property
    def levels(self) -> dict[str, int]:
        """All values, where they are few."""
        return dict(sorted(self.values, key=lambda one: (-one[1], one[0]))) if self.distinct <= LEVELS else {}

    @cached_property
    def length(self) -> float:
        return sum(len(value) for value, _ in self.values) / len(self.values) if self.values else 0.0

    @cached_property
    def personal(self) -> str:
        """The kind of personal data the column holds by its name or by its values, "" where it is none."""
        for one in self.meanings[:3]:
            kind = names.personal(one.concept)
            if kind and one.sure >= 0.75:
                return kind
        for kind, shape in SHAPES.items():
            hits = sum(bool(shape.fullmatch(forms.narrow(value))) for value, _ in self.values)
            least = 3 if kind in ("e_mail", "id_card", "phone") else 20
            if (
                self.values
                and hits >= max(min(least, len(self.values)), 0.5 * len(self.values))
                and not (kind == "phone" and (self.date or (self.number and self.number.places)))
            ):
                if kind == "name" and len(self.values) < 20:
                    continue
                return kind
        if self.distinct > LEVELS and self.length > 25 and not self.number and not self.date:
            return "free"
        return ""

    @property
    def shape(self) -> str:
        """The key of the words that say what the values look like."""
        if not self.filled:
            return "blank"
        if self.personal:
            return f"personal_{self.personal}"
        if self.date and self.date.share >= 0.8:
            return "date"
        if self.number and self.number.share >= 0.8:
            return "number"
        return "levels" if self.levels else "text"


def profiled(db: duckdb.DuckDBPyConnection, number: int, group: Group) -> tuple[int, list[Profile]]:
    """Profile a group's columns; makes ``all_N`` (every sound row, c0, c1 … as text) and the table ``sample_N``.

    Returns
    -------
    (int, list of Profile)
        Rows of the group and its columns in file order.
    """
    columns = group.columns
    selects = [_select(part, columns, place) for place, part in enumerate(group.parts)]
    told = sum(part.staged.found.get("rows") or 0 for part in group.parts)
    what = "TABLE" if told * len(columns) <= CELLS else "VIEW"
    for drop in ("TABLE", "VIEW"):  # of an earlier look at the same files
        if db.execute(f"SELECT count(*) FROM duckdb_{drop.lower()}s() WHERE {drop.lower()}_name = 'all_{number}'").fetchall()[0][0]:
            db.execute(f"DROP {drop} all_{number}")
    db.execute(f"CREATE {what} all_{number} AS {' UNION ALL '.join(selects)}")
    rows = db.execute(f"SELECT count(*) FROM all_{number}").fetchall()[0][0]
    step = max(1, rows // SAMPLE)
    some = "" if step == 1 else f" WHERE hash(part, line) % {step} = 0"
    db.execute(f"CREATE OR REPLACE TABLE sample_{number} AS SELECT * FROM all_{number}{some}")
    kept = db.execute(f"SELECT count(*) FROM sample_{number}").fetchall()[0][0]
    first = group.parts[0].staged
    found = []
    for i, name in enumerate(columns):
        values = db.execute(
            f"SELECT c{i}, count(*) FROM sample_{number} WHERE c{i} IS NOT NULL GROUP BY 1 ORDER BY hash(c{i}), 1 LIMIT {VALUES}"
        ).fetchall()
        filled, distinct = db.execute(f"SELECT count(c{i}), count(DISTINCT c{i}) FROM sample_{number}").fetchall()[0]
        marks = forms.placeholders(values)
        if marks and sum(n for value, n in values if value not in marks):
            away = sum(count for value, count in values if value in marks)
            values, filled, distinct = [one for one in values if one[0] not in marks], filled - away, distinct - len(marks)
        else:
            marks = ()
        sql = f"CASE WHEN c{i} IN ({', '.join(map(literal, marks))}) THEN NULL ELSE c{i} END" if marks else f"c{i}"
        kinds = {part.staged.types[name] for part in group.parts if name in part.staged.types}
        label = str(first.found.get("labels", {}).get(name) or "")
        found.append(Profile(name, sql, kinds.pop() if len(kinds) == 1 else "VARCHAR", label, kept, filled, distinct, tuple(values), marks))
    return rows, found


def _select(part: Part, columns: list[str], place: int) -> str:
    staged, cells = part.staged, []
    missing = ", ".join(map(literal, MISSING))
    for i, name in enumerate(columns):
        if name not in staged.columns:  # the file has no such column
            cells.append(f"CAST(NULL AS VARCHAR) AS c{i}")
            continue
        text = f"trim({as_text(staged.columns[name], staged.types[name])})"
        cells.append(f"CASE WHEN {text} IN ({missing}) THEN NULL ELSE {text} END AS c{i}")
    return f"SELECT {', '.join(cells)}, {place} AS part, {staged.row} AS line FROM {staged.scan} WHERE {staged.broken} IS NULL"
