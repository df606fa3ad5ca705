"""What the SQL files may use so that DuckDB and Spark read them alike (DESIGN §4, "Common dialect")."""

import re

from sqlglot import exp, parse
from sqlglot.errors import ParseError

NODES = (
    exp.Select,
    exp.From,
    exp.Join,
    exp.Where,
    exp.Group,
    exp.Having,
    exp.Order,
    exp.Ordered,
    exp.With,
    exp.CTE,
    exp.Subquery,
    exp.Union,
    exp.Table,
    exp.TableAlias,
    exp.Alias,
    exp.Column,
    exp.Identifier,
    exp.Star,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Parameter,
    exp.Placeholder,
    exp.Var,
    exp.Paren,
    exp.Tuple,
    exp.DataType,
    exp.DataTypeParam,
    exp.Cast,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Nullif,
    exp.Count,
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.Distinct,
    exp.Filter,
    exp.Window,
    exp.RowNumber,
    exp.Lag,
    exp.WindowSpec,
    exp.DateDiff,
    exp.Year,
    exp.Month,
    exp.Hour,
    exp.Floor,
    exp.Ceil,
    exp.Round,
    exp.Abs,
    exp.Sqrt,
    exp.And,
    exp.Or,
    exp.Not,
    exp.Is,
    exp.In,
    exp.Between,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.Neg,
    exp.DPipe,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Exists,
)
WHOLE = (exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.TINYINT)
TYPES = (
    *WHOLE,
    exp.DataType.Type.DOUBLE,
    exp.DataType.Type.DECIMAL,
    exp.DataType.Type.VARCHAR,
    exp.DataType.Type.TEXT,
    exp.DataType.Type.DATE,
    exp.DataType.Type.BOOLEAN,
    exp.DataType.Type.TIMESTAMP,
    exp.DataType.Type.TIMESTAMPNTZ,
)


def faults(sql: str) -> list[str]:
    """Give what the common dialect does not allow in `sql`, one finding each; empty for a sound file."""
    try:
        statements = parse(sql, read="duckdb")
    except ParseError as error:
        return [f"cannot be parsed: {str(error).splitlines()[0]}"]
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.Union):
        return ["a file holds one SELECT"]
    found = []
    for node in statements[0].walk():
        found += _node(node)
    return found


def _node(node: exp.Expression) -> list[str]:
    if isinstance(node, exp.Anonymous):
        return [f"function {node.name}"]
    if type(node) not in NODES:
        return [f"{type(node).__name__}: {node.sql('duckdb')[:60]}"]
    rule = {
        exp.Div: _division,
        exp.Window: _window,
        exp.DateDiff: _days,
        exp.Cast: _cast,
        exp.Select: _select,
        exp.DataType: _type,
        exp.Mod: _modulo,
        exp.Join: _join,
        exp.Star: _star,
    }.get(type(node))
    return rule(node) if rule else []


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _division(node: exp.Div) -> list[str]:
    below = _bare(node.expression)
    inner = _bare(below.this) if isinstance(below, exp.Cast) else below
    doubles = all(
        isinstance(_bare(side), exp.Cast) and _bare(side).to.this == exp.DataType.Type.DOUBLE
        for side in (node.this, inner if isinstance(inner, exp.Cast) else below)
    )
    guarded = isinstance(inner, exp.Nullif) or (isinstance(below, exp.Nullif))
    if isinstance(below, exp.Nullif):  # nullif(CAST(x AS DOUBLE), 0)
        doubles = all(
            isinstance(_bare(one), exp.Cast) and _bare(one).to.this == exp.DataType.Type.DOUBLE for one in (node.this, below.this)
        )
    return ([] if guarded else [f"division without nullif: {node.sql('duckdb')[:60]}"]) + (
        [] if doubles else [f"division without CAST to DOUBLE on both sides: {node.sql('duckdb')[:60]}"]
    )


def _modulo(node: exp.Mod) -> list[str]:
    return [] if isinstance(_bare(node.expression), exp.Literal) else ["modulo by something that may be zero"]


def _join(node: exp.Join) -> list[str]:
    return [f"{node.method} join"] if node.method else []


def _star(node: exp.Star) -> list[str]:
    return [f"* with {key}" for key, value in node.args.items() if value]


def _window(node: exp.Window) -> list[str]:
    found = [] if node.args.get("partition_by") else [f"window without partition: {node.sql('duckdb')[:60]}"]
    if isinstance(node.this, exp.RowNumber | exp.Lag) and not node.args.get("order"):
        found.append(f"{node.this.key} without an order")
    return found


def _days(node: exp.DateDiff) -> list[str]:
    unit = (node.text("unit") or "DAY").upper()
    if unit != "DAY":
        return [f"date_diff of {unit.lower()}"]
    stamped = [
        side for side in (node.this, node.expression) if isinstance(side, exp.Cast) and side.to.this != exp.DataType.Type.DATE
    ]
    return ["date_diff of timestamps"] if stamped else []


def _cast(node: exp.Cast) -> list[str]:
    if type(node) is not exp.Cast:
        return [f"{type(node).__name__}"]
    if node.to.this not in WHOLE:
        return []
    inner = _bare(node.this)
    if isinstance(inner, exp.Floor | exp.Ceil | exp.Round):
        return []
    whole = isinstance(inner, exp.Cast) and inner.to.this not in WHOLE and inner.to.this != exp.DataType.Type.VARCHAR
    float_like = inner.find(exp.Div, exp.Round) or whole or (isinstance(inner, exp.Literal) and not inner.is_int)
    return [f"bare cast of a float to a whole number: {node.sql('duckdb')[:60]}"] if float_like else []


def _type(node: exp.DataType) -> list[str]:
    return [] if node.this in TYPES else [f"type {node.sql('duckdb')}"]


def _select(node: exp.Select) -> list[str]:
    """Refuse positions in GROUP BY and ORDER BY, qualify, limits without an order, and a name used beside its own alias."""
    found = [key for key in ("qualify", "pivots", "sample", "laterals") if node.args.get(key)]
    group = node.args.get("group")
    if group:
        found += [f"GROUP BY {one.sql()}" for one in group.expressions if isinstance(one, exp.Literal)]
        found += ["GROUP BY ALL"] if group.args.get("all") else []
        found += [f"GROUP BY {kind}" for kind in ("cube", "rollup", "grouping_sets") if group.args.get(kind)]
    aliases = set()
    for one in node.expressions:
        used = {column.name for column in one.find_all(exp.Column) if not column.table}
        found += [f"alias {name} is used again in the same SELECT" for name in sorted(used & aliases)]
        if isinstance(one, exp.Alias) and one.this.name != one.alias and not _plain_cast_of(one):
            aliases.add(one.alias)
    return found


def _plain_cast_of(one: exp.Alias) -> bool:
    """Tell whether an output column is a column of the same name, cast: then both engines read the input column."""
    inner = one.this
    while isinstance(inner, exp.Cast | exp.Paren):
        inner = inner.this
    return isinstance(inner, exp.Column) and inner.name == one.alias


def output_columns(sql: str) -> dict[str, str | None]:
    """Give each column of the last SELECT and the type it is cast to (None where it is not cast)."""
    last = parse(sql, read="duckdb")[0]
    return {
        one.alias_or_name: one.this.to.sql("duckdb") if isinstance(one, exp.Alias) and isinstance(one.this, exp.Cast) else None
        for one in last.expressions
    }


def parameters(sql: str) -> set[str]:
    """Give the names of the bound parameters."""
    return set(re.findall(r"\$([a-z][a-z_0-9]*)", re.sub(r"--.*", "", sql)))
