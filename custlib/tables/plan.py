"""What a build must do: which tables come from which sources, what an amount is, what each canonical table holds, as SQL."""

import duckdb

from custlib.checks import nearest
from custlib.engine import connect
from custlib.i18n import Problem
from custlib.tables import given, schema
from custlib.tables.dataset import Dataset
from custlib.tables.declared import Mapping
from custlib.tables.typing import EPOCHS, SERIALS, TYPES, literal

NUMBERS = ("int", "dec2", "dec4", "float")
SALES = ("order_lines", "orders")  # the finest table that is mapped carries the money


def sale_table(dataset: Dataset) -> str:
    """Give the table whose rows are the sales: order lines where they are mapped, else orders; "" where there are none."""
    return next((name for name in SALES if name in dataset.tables), "")


def mappings(dataset: Dataset, group: str) -> list[Mapping]:
    """Give the tables that come from a group of sources, in the order of the canonical schema."""
    return [dataset.tables[name] for name in schema.tables() if name in dataset.tables and dataset.tables[name].source == group]


def groups(dataset: Dataset) -> list[str]:
    """Give the groups of sources that a table is mapped from; the one with the orders first, for lines may need their currency."""
    used = dict.fromkeys(one.source for one in dataset.tables.values())
    first = [dataset.tables["orders"].source] if "orders" in dataset.tables else []
    return list(dict.fromkeys([*first, *used]))


def check_columns(dataset: Dataset) -> None:
    """Refuse a mapping that lacks what a table cannot do without.

    Raises
    ------
    Problem
        Names the table and the column.
    """
    if not dataset.tables:
        raise Problem("no_tables", file=dataset.path)
    if "order_lines" in dataset.tables and "orders" not in dataset.tables:
        raise Problem("column_unmapped", file=dataset.path, table="orders", column="order_id, order_ts")
    for name, mapping in dataset.tables.items():
        for source in mapping.sources:
            has = mapping.columns_of(source)
            for column in schema.table(name).columns:
                if not (column.null or column.written or column.name in has):
                    raise Problem("column_unmapped", file=dataset.path, table=name, column=column.name)
            if name == sale_table(dataset) and "net_amount" not in has and not {"quantity", "unit_price"} <= set(has):
                raise Problem("column_unmapped", file=dataset.path, table=name, column="net_amount")
    if "orders" in dataset.tables and dataset.tables["orders"].collapse and "order_lines" not in dataset.tables:
        raise Problem("column_unmapped", file=dataset.path, table="order_lines", column="order_id")  # rows could not be accounted for
    for policy in dataset.policies:
        _check_policy(dataset, policy)
    _check_forms(dataset)


def _check_forms(dataset: Dataset) -> None:
    """Refuse a date format that no date could have, and one mark for decimals and thousands: 1.5 would be read as 15."""
    specs = [(f"sources.{name}", one.options) for name, one in dataset.sources.items()]
    specs += [(f"tables.{name}.columns.{column}", {**{key: dataset.sources[source].get(key) for key in ("decimal", "thousands")
                                                     if key in dataset.sources[source].options}, **spec})
              for name, one in dataset.tables.items() for source in one.sources for column, spec in one.columns_of(source).items()]
    for where, spec in specs:
        if spec.get("thousands") == spec.get("decimal", "."):
            raise Problem("bad_parameter", name=f"{where}.thousands", want="@want.thousands_mark", got=repr(spec["thousands"]))
        form = spec.get("date_format", [])
        for one in form if isinstance(form, list) else [form]:
            if one not in (*SERIALS, *EPOCHS) and not _can_be_read(one):
                raise Problem("bad_parameter", name=f"{where}.date_format", want="@want.date_format", got=repr(one))


def _can_be_read(form: object) -> bool:
    if not isinstance(form, str) or "%" not in form:
        return False
    try:
        with connect() as db:
            db.execute(f"SELECT try_strptime('', {literal(form)})").fetchall()
    except duckdb.Error:
        return False
    return True


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
    if column.type in ("date", "ts") and not all(map(given.day, values)):
        raise Problem("bad_parameter", name=f"{where}.{key}", want="@want.day", got=repr(values))
    if column.type == "bool" and not all(isinstance(one, bool) for one in values):
        raise Problem("bad_parameter", name=f"{where}.{key}", want="@want.yes_no", got=repr(values))


def amount(dataset: Dataset, source: str) -> str:
    """Give the SQL of a sale row's amount: the mapped one, else quantity × unit price − discount, to the cent."""
    sale = sale_table(dataset)
    mapped = dataset.tables[sale].columns_of(source)

    def of(column: str) -> str:
        return f"v_c_{sale}__{column}"

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


def is_zero(dataset: Dataset, source: str) -> str:
    """Give the SQL that is true where a sale row is of exactly zero amount (0.001 rounds to zero and is none)."""
    sale = sale_table(dataset)
    mapped = dataset.tables[sale].columns_of(source)
    if "net_amount" in mapped or not {"quantity", "unit_price"} <= set(mapped):
        return f"{amount(dataset, source)} = 0"
    quantity, price = f"v_c_{sale}__quantity", f"v_c_{sale}__unit_price"
    if "discount_amount" in mapped:
        return f"CAST({quantity} AS DECIMAL(20,4)) * {price} = coalesce(v_c_{sale}__discount_amount, 0)"
    return f"({quantity} = 0 OR {price} = 0)"


def policy_test(policy: dict, *, prefix: str = "") -> str:
    """Give the SQL that is true for a row that `policy` speaks of."""
    column = f"{prefix}{policy['table']}__{policy['column']}"
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


def identity_columns(dataset: Dataset, group: str) -> list[str]:
    """Give the columns that make two rows of a group the same: all mapped ones but row numbers."""
    return [f"{mapping.table}__{name}" for mapping in mappings(dataset, group) for name, spec in mapping.columns.items()
            if "row_number" not in spec and "constant" not in spec]


def collapsed(mapping: Mapping, view: str) -> str:
    """Give the SELECT of a table of which each source row names one key, many rows the same: one row per key.

    Orders sum their money (but for a column that repeats the order's amount on each line) and take their first time;
    elsewhere a column's most frequent value stands for the key, and of two equally frequent ones the greater.
    """
    table = schema.table(mapping.table)
    key = table.key[0]
    rows = f"(SELECT * FROM {view} WHERE {sound(mapping)} AND {mapping.table}__{key} IS NOT NULL)"
    source = "min(source_file) AS source_file, min(source_row) AS source_row"
    rest = [name for name in mapping.columns if name != key]
    if mapping.table == "orders":
        how = {"order_ts": "min", "customer_id": "max"} | {n: "max" for n, spec in mapping.columns.items() if spec.get("repeated")}
        parts = [f"{how.get(n, 'sum' if table.column(n).type == 'dec2' else 'min')}(orders__{n}) AS {n}" for n in rest]
        return f"SELECT orders__{key} AS {key}, {', '.join([*parts, source])} FROM {rows} GROUP BY 1"
    parts = ", ".join(f'"{n}"."{n}"' for n in rest)
    joins = " ".join(f"LEFT JOIN (SELECT k, max({{'n': n, 'v': v}}).v AS \"{n}\" FROM (SELECT {mapping.table}__{key} AS k, "
                     f"{mapping.table}__{n} AS v, count(*) AS n FROM {rows} WHERE {mapping.table}__{n} IS NOT NULL GROUP BY 1, 2) "
                     f'GROUP BY 1) AS "{n}" ON "{n}".k = base.{key}' for n in rest)
    return (f"SELECT base.{key}{', ' + parts if parts else ''}, base.source_file, base.source_row FROM (SELECT {mapping.table}__{key} "
            f"AS {key}, {source} FROM {rows} GROUP BY 1) AS base {joins}")


def plain(mapping: Mapping, view: str) -> str:
    """Give the SELECT of a table with one row per sound source row."""
    parts = ", ".join(f'{mapping.table}__{name} AS "{name}"' for name in mapping.columns)
    return f"SELECT {parts}, source_file, source_row FROM {view} WHERE {sound(mapping)}"


def sound(mapping: Mapping) -> str:
    """Give the SQL that is true for the sound rows of the sources that a table takes rows of."""
    return f"broken IS NULL AND source IN ({', '.join(map(literal, mapping.sources))})"


def completed(dataset: Dataset, table: str, select: str, extra: dict[str, str]) -> str:
    """Add the columns of the canonical table that were not mapped, typed and in canonical order."""
    mapped = dataset.tables[table].columns if table in dataset.tables else {}
    cells = []
    for column in schema.table(table).columns:
        sql = extra.get(column.name) or (f'"{column.name}"' if column.name in mapped else "NULL")  # quoted: campaigns.end is a word of SQL
        cells.append(f'CAST({sql} AS {TYPES[column.type]}) AS "{column.name}"')
    return f"SELECT {', '.join(cells)}, {literal(dataset.name)} AS source_system, source_file, source_row FROM ({select})"
