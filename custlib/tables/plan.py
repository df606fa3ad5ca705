"""Write the SQL of a build: what is typed, what is rejected and why, what each canonical table holds."""

from dataclasses import dataclass
from datetime import date

import duckdb

from custlib.checks import nearest
from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables import schema
from custlib.tables.dataset import Dataset, Mapping
from custlib.tables.readers import Staged
from custlib.tables.typing import TYPES, literal, typed

NUMBERS = ("int", "dec2", "dec4", "float")
SALES = ("order_lines", "orders")  # the finest table that is mapped carries the money


@dataclass(frozen=True)
class Broken:
    """One way a row of a source was found wrong; its place in the list is its number in SQL."""

    table: str
    column: str
    source_column: str
    rule: str
    personal: bool


def sale_table(dataset: Dataset) -> str:
    """Give the table whose rows are the sales: order lines where they are mapped, else orders."""
    return next((name for name in SALES if name in dataset.tables), "")


def mappings(dataset: Dataset, source: str) -> list[Mapping]:
    """Give the tables that come from `source`, in the order of the canonical schema."""
    return [dataset.tables[name] for name in schema.tables() if name in dataset.tables and dataset.tables[name].source == source]


def check_columns(dataset: Dataset) -> None:
    """Refuse a mapping that lacks what a table cannot do without.

    Raises
    ------
    Problem
        Names the table and the column.
    """
    if not sale_table(dataset):
        raise Problem("no_sales", file=dataset.path, tables=", ".join(dataset.tables))
    if "orders" not in dataset.tables:
        raise Problem("column_unmapped", file=dataset.path, table="orders", column="order_id, order_ts")
    for name, mapping in dataset.tables.items():
        for column in schema.table(name).columns:
            if not (column.null or column.written or column.name in mapping.columns):
                raise Problem("column_unmapped", file=dataset.path, table=name, column=column.name)
    sale = dataset.tables[sale_table(dataset)].columns
    if "net_amount" not in sale and not {"quantity", "unit_price"} <= set(sale):
        raise Problem("column_unmapped", file=dataset.path, table=sale_table(dataset), column="net_amount")
    if dataset.tables["orders"].collapse and "order_lines" not in dataset.tables:  # rows could not be accounted for
        raise Problem("column_unmapped", file=dataset.path, table="order_lines", column="order_id")
    for policy in dataset.policies:
        _check_policy(dataset, policy)


def _check_policy(dataset: Dataset, policy: dict) -> None:
    """Refuse a policy on what is not mapped, or whose test does not fit its column."""
    where, mapping = f"policies.{policy['name']}", dataset.tables.get(policy["table"])
    if not mapping:
        raise Problem("column_unmapped", file=dataset.path, table=policy["table"], column=policy.get("column", "order_id"))
    if "duplicate" in policy:
        if mapping.collapse and policy["action"] == "exclude":  # many lines of one order repeat its columns
            raise Problem("bad_parameter", name=f"{where}.table", want="@want.order_lines", got=repr(policy["table"]))
        return
    if policy["column"] not in mapping.columns:
        raise Problem("unknown_key", file=dataset.path, key=f"{where}.column: {policy['column']}",
                      near=nearest(policy["column"], mapping.columns))
    column = schema.table(policy["table"]).column(policy["column"])
    if "pattern" in policy:
        try:
            with connect() as db:
                db.execute("SELECT regexp_matches('', ?)", [policy["pattern"]]).fetchall()
        except duckdb.Error as error:
            raise Problem("bad_parameter", name=f"{where}.pattern", want="@want.pattern",
                          got=repr(policy["pattern"])) from error
        return
    key = next(key for key in ("equals", "below", "above") if key in policy)
    values = policy[key] if isinstance(policy[key], list) else [policy[key]]
    wrong = [one for one in values if column.type in NUMBERS and (isinstance(one, bool) or not isinstance(one, int | float))]
    if wrong:
        raise Problem("bad_parameter", name=f"{where}.{key}", want="@want.a_number", got=repr(wrong[0]))
    if column.type in ("date", "ts") and any(not _is_day(one) for one in values):
        raise Problem("bad_parameter", name=f"{where}.{key}", want="@want.day", got=repr(values))


def _is_day(value: object) -> bool:
    try:
        return bool(date.fromisoformat(str(value)[:10]))
    except ValueError:
        return False


def typed_view(dataset: Dataset, source: str, staged: list[Staged]) -> tuple[str, list[Broken]]:
    """Give the SELECT that types every row of `source`, and the ways a row can be wrong.

    Returns
    -------
    (str, list of Broken)
        One row per source row: ``table__column`` for each mapped column, ``source_file``, ``source_row``, ``broken``
        (1-based place in the list, NULL for a sound row) and ``came`` (the text that broke the rule).
    """
    parts, broken = [], []
    for one in staged:
        select, broken = _select(dataset, source, one)
        parts.append(select)
    return "\nUNION ALL\n".join(parts), broken


def _select(dataset: Dataset, source: str, staged: Staged) -> tuple[str, list[Broken]]:
    """Write the SELECT of one file in levels, each naming its columns once: what came, typed values, what is broken."""
    came, values, tests, listed, texts = [], [], [], [], []

    def add(test: str, text: str, found: Broken) -> None:
        listed.append(found)
        tests.append(f"WHEN {test} THEN {len(listed)}")
        texts.append(f"WHEN {len(listed)} THEN {text}")

    for rule in ("wrong_number_of_fields", "unclosed_quote"):
        add(f"fault = {literal(rule)}", "NULL", Broken("", "", "", rule, False))
    for mapping in mappings(dataset, source):
        table = schema.table(mapping.table)
        # products gathered from invoice lines: a line without a name only has nothing to add
        required = not mapping.collapse or mapping.table == "orders"
        for name, spec in mapping.columns.items():
            column, alias = table.column(name), f"{mapping.table}__{name}"
            one = typed(column, spec, staged, dataset.sources[source], dataset, alias=f"c_{alias}", required=required)
            came.append(f"{one.came} AS c_{alias}")
            values.append(f"{one.value} AS v_c_{alias}")
            for rule in one.rules:
                add(rule.test, f"CAST(c_{alias} AS VARCHAR)", Broken(mapping.table, name, one.source_column, rule.name, bool(column.pii)))
    names = [f"{mapping.table}__{name}" for mapping in mappings(dataset, source) for name in mapping.columns]
    late = _late_rules(dataset, source, {name: f"v_c_{name}" for name in names}, listed)
    read = f"SELECT {', '.join(came)}, CAST({staged.row} AS BIGINT) AS source_row, {staged.broken} AS fault FROM {staged.scan}"
    valued = f"SELECT *, {', '.join(values)} FROM ({read})"
    judged = f"SELECT *, CASE {' '.join(tests + late)} END AS broken FROM ({valued})"
    kept = ", ".join(f"v_c_{name} AS {name}" for name in names)
    return (f"SELECT {kept}, {literal(staged.file)} AS source_file, source_row, broken, CASE broken {' '.join(texts)} END AS came "
            f"FROM ({judged})"), listed


def _late_rules(dataset: Dataset, source: str, values: dict[str, str], listed: list[Broken]) -> list[str]:
    """Add the rules that need typed values: an amount must be known, and policies that reject."""
    late = []
    sale = sale_table(dataset)
    if dataset.tables[sale].source == source:
        listed.append(Broken(sale, "net_amount", "–", "no_amount", False))
        late.append(f"WHEN {amount(dataset, values)} IS NULL THEN {len(listed)}")
    orders = dataset.tables["orders"]
    if orders.source == source and "currency" in orders.columns:  # sums never mix
        listed.append(Broken("orders", "currency", orders.columns["currency"].get("from", "–"), "other_currency", False))
        late.append(f"WHEN upper({values['orders__currency']}) <> {literal(dataset.currency)} THEN {len(listed)}")
    for policy in dataset.policies:
        if policy["action"] == "reject" and dataset.tables[policy["table"]].source == source and "duplicate" not in policy:
            listed.append(Broken(policy["table"], policy["column"], "–", policy["name"], False))
            late.append(f"WHEN {policy_test(policy, values)} THEN {len(listed)}")
    return late


def amount(dataset: Dataset, values: dict[str, str] | None = None) -> str:
    """Give the SQL of a sale row's amount: the mapped one, else quantity × unit price − discount, to the cent."""
    sale = sale_table(dataset)
    mapped = dataset.tables[sale].columns

    def of(column: str) -> str:
        return (values or {}).get(f"{sale}__{column}", f"{sale}__{column}")

    parts = [of("net_amount")] if "net_amount" in mapped else []
    if {"quantity", "unit_price"} <= set(mapped):
        discount = f" - coalesce({of('discount_amount')}, 0)" if "discount_amount" in mapped else ""
        parts.append(f"TRY_CAST({_product(of('quantity'), of('unit_price'))}{discount} AS DECIMAL(18,2))")
    return f"coalesce({', '.join(parts)})"


def _product(quantity: str, price: str) -> str:
    """Multiply exactly: in 64 bits where the product of two DECIMAL(18,4) fits, in 128 (twenty times slower) where it does not."""
    fits = f"abs(CAST({quantity} AS DOUBLE) * CAST({price} AS DOUBLE)) < 1e9"
    return (f"CASE WHEN {fits} THEN CAST({quantity} * {price} AS DECIMAL(18,2)) "
            f"ELSE TRY_CAST(CAST({quantity} AS DECIMAL(20,4)) * {price} AS DECIMAL(18,2)) END")


def is_zero(dataset: Dataset) -> str:
    """Give the SQL that is true where a sale row is of exactly zero amount (0.001 rounds to zero and is none)."""
    sale = sale_table(dataset)
    mapped = dataset.tables[sale].columns
    if "net_amount" in mapped or not {"quantity", "unit_price"} <= set(mapped):
        return f"{amount(dataset)} = 0"
    if "discount_amount" in mapped:
        return f"CAST({sale}__quantity AS DECIMAL(20,4)) * {sale}__unit_price = coalesce({sale}__discount_amount, 0)"
    return f"({sale}__quantity = 0 OR {sale}__unit_price = 0)"


def policy_test(policy: dict, values: dict[str, str] | None = None) -> str:
    """Give the SQL that is true for a row that `policy` speaks of."""
    name = f"{policy['table']}__{policy['column']}"
    column = (values or {}).get(name, name)
    number = schema.table(policy["table"]).column(policy["column"]).type in NUMBERS

    def written(value: object) -> str:
        return literal(value if number else str(value))

    if "pattern" in policy:
        return f"regexp_matches(CAST({column} AS VARCHAR), {literal(policy['pattern'])})"
    if "equals" in policy:
        wanted = policy["equals"] if isinstance(policy["equals"], list) else [policy["equals"]]
        return f"{column} IN ({', '.join(map(written, wanted))})"
    return f"{column} < {written(policy['below'])}" if "below" in policy else f"{column} > {written(policy['above'])}"


def excluded_by(dataset: Dataset, table: str) -> str:
    """Give the SQL of the first policy that leaves a row of `table` out of the customer table, NULL where none does."""
    hits = [policy for policy in dataset.policies
            if policy["action"] == "exclude" and policy["table"] == table and "duplicate" not in policy]
    twins = [policy for policy in dataset.policies
             if policy["action"] == "exclude" and policy["table"] == table and "duplicate" in policy]
    cases = [f"WHEN {policy_test(policy)} THEN {literal(policy['name'])}" for policy in hits]
    cases += [f"WHEN twin > 1 THEN {literal(policy['name'])}" for policy in twins]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"


def identity_columns(dataset: Dataset, source: str) -> list[str]:
    """Give the columns that make two rows of `source` the same: all mapped ones but row numbers."""
    return [f"{mapping.table}__{name}" for mapping in mappings(dataset, source) for name, spec in mapping.columns.items()
            if "row_number" not in spec and "constant" not in spec]


def collapsed(mapping: Mapping, view: str) -> str:
    """Give the SELECT of a table of which each source row names one key, many rows the same: one row per key.

    Orders sum their money and take their first time; elsewhere a column's most frequent value stands for the key, and
    of two equally frequent ones the greater.
    """
    table = schema.table(mapping.table)
    key = table.key[0]
    sound = f"(SELECT * FROM {view} WHERE broken IS NULL AND {mapping.table}__{key} IS NOT NULL)"
    source = "min(source_file) AS source_file, min(source_row) AS source_row"
    rest = [name for name in mapping.columns if name != key]
    if mapping.table == "orders":
        how = {"order_ts": "min", "customer_id": "max"}
        parts = [f"{how.get(n, 'sum' if table.column(n).type == 'dec2' else 'min')}(orders__{n}) AS {n}" for n in rest]
        return f"SELECT orders__{key} AS {key}, {', '.join([*parts, source])} FROM {sound} GROUP BY 1"
    parts = ", ".join(f"{n}.{n}" for n in rest)
    joins = " ".join(f"LEFT JOIN (SELECT k, max({{'n': n, 'v': v}}).v AS {n} FROM (SELECT {mapping.table}__{key} AS k, "
                     f"{mapping.table}__{n} AS v, count(*) AS n FROM {sound} WHERE {mapping.table}__{n} IS NOT NULL GROUP BY 1, 2) "
                     f"GROUP BY 1) AS {n} ON {n}.k = base.{key}" for n in rest)
    return (f"SELECT base.{key}{', ' + parts if parts else ''}, base.source_file, base.source_row FROM (SELECT {mapping.table}__{key} "
            f"AS {key}, {source} FROM {sound} GROUP BY 1) AS base {joins}")


def plain(mapping: Mapping, view: str) -> str:
    """Give the SELECT of a table with one row per sound source row."""
    parts = ", ".join(f"{mapping.table}__{name} AS {name}" for name in mapping.columns)
    return f"SELECT {parts}, source_file, source_row FROM {view} WHERE broken IS NULL"


def completed(dataset: Dataset, table: str, select: str, extra: dict[str, str]) -> str:
    """Add the columns of the canonical table that were not mapped, typed and in canonical order."""
    mapped = dataset.tables[table].columns if table in dataset.tables else {}
    cells = []
    for column in schema.table(table).columns:
        sql = extra.get(column.name) or (column.name if column.name in mapped else "NULL")
        cells.append(f"CAST({sql} AS {TYPES[column.type]}) AS {column.name}")
    return f"SELECT {', '.join(cells)}, {literal(dataset.name)} AS source_system, source_file, source_row FROM ({select})"
