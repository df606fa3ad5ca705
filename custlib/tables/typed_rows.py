"""Type every row of a group of sources and say which rows are broken, and by which rule, as one SELECT."""

from dataclasses import dataclass

from custlib.tables import plan, schema
from custlib.tables.dataset import Dataset
from custlib.tables.readers import Staged
from custlib.tables.typing import TYPES, literal, typed

FAULTS = ("wrong_number_of_fields", "unclosed_quote", "broken_json")


@dataclass(frozen=True)
class Broken:
    """One way a row of a source was found wrong; its place in the list is its number in SQL."""

    table: str
    column: str
    source_column: str
    rule: str
    personal: bool


Reading = tuple[str, Staged]  # a source's name and one of its files


def typed_view(dataset: Dataset, group: str, staged: list[Reading]) -> tuple[str, list[Broken]]:
    """Give the SELECT that types every row of a group of sources, and the ways a row can be wrong.

    Returns
    -------
    (str, list of Broken)
        One row per source row: ``table__column`` for each mapped column, ``source``, ``source_file``, ``source_row``,
        ``broken`` (1-based place in the list, NULL for a sound row), ``came`` (the text that broke the rule) and, where the
        group holds the sales, ``amount`` (DECIMAL(18,2)) and ``nothing`` (exactly zero).
    """
    parts, broken, starts = [], [], {}
    for source, one in staged:
        start = starts.setdefault(source, len(broken))
        select, found = _select(dataset, group, source, one, start)
        parts.append(select)
        broken += found if start == len(broken) else []  # files of one source share its rules
    return "\nUNION ALL\n".join(parts), broken


class _Levels:
    """The SELECT of one file in levels, each naming its columns once: what came, typed values, what is broken."""

    def __init__(self, start: int):
        self.came, self.values, self.tests, self.texts, self.listed, self.start = [], [], [], [], [], start

    def rule(self, test: str, text: str, found: Broken) -> None:
        self.listed.append(found)
        number = self.start + len(self.listed)
        self.tests.append(f"WHEN {test} THEN {number}")
        self.texts.append(f"WHEN {number} THEN {text}")


def _select(dataset: Dataset, group: str, source: str, staged: Staged, start: int) -> tuple[str, list[Broken]]:
    levels = _Levels(start)
    for rule in FAULTS:
        levels.rule(f"fault = {literal(rule)}", "NULL", Broken("", "", "", rule, False))
    for mapping in plan.mappings(dataset, group):
        table, has = schema.table(mapping.table), mapping.columns_of(source)
        # products gathered from invoice lines: a line without a name only has nothing to add
        required = not mapping.collapse or mapping.table == "orders"
        for name in mapping.columns:
            column, alias = table.column(name), f"{mapping.table}__{name}"
            if name not in has:
                levels.values.append(f"CAST(NULL AS {TYPES[column.type]}) AS v_c_{alias}")
                continue
            one = typed(column, has[name], staged, dataset.sources[source], dataset, alias=f"c_{alias}", required=required)
            levels.came.append(f"{one.came} AS c_{alias}")
            if one.mark:
                levels.came.append(f"{one.mark} AS c_{alias}_mark")
            levels.values.append(f"{one.value} AS v_c_{alias}")
            for rule in one.rules:
                levels.rule(rule.test, f"CAST(c_{alias} AS VARCHAR)",
                            Broken(mapping.table, name, one.source_column, rule.name, bool(column.pii)))
    names = [f"{mapping.table}__{name}" for mapping in plan.mappings(dataset, group) for name in mapping.columns]
    sale = _sale(dataset, group, source)
    _late_rules(dataset, source, levels, sale)
    came = "".join(f"{one}, " for one in levels.came)
    read = f"SELECT {came}CAST({staged.row} AS BIGINT) AS source_row, {staged.broken} AS fault FROM {staged.scan}"
    valued = f"SELECT *, {', '.join(levels.values)} FROM ({read})"
    summed = f"SELECT *, {sale} FROM ({valued})" if sale else valued
    judged = f"SELECT *, CASE {' '.join(levels.tests)} END AS broken FROM ({summed})"
    kept = ", ".join([f"v_c_{name} AS {name}" for name in names] + (["amount", "nothing"] if sale else []))
    return (f"SELECT {kept}, {literal(source)} AS source, {literal(staged.file)} AS source_file, source_row, broken, "
            f"CASE broken {' '.join(levels.texts)} END AS came FROM ({judged})"), levels.listed


def _sale(dataset: Dataset, group: str, source: str) -> str:
    """Give the SQL of a sale row's amount and whether it is exactly nothing; "" where the group holds no sales."""
    name = plan.sale_table(dataset)
    if not name or dataset.tables[name].source != group:
        return ""
    if source not in dataset.tables[name].sources:
        return "CAST(NULL AS DECIMAL(18,2)) AS amount, CAST(NULL AS BOOLEAN) AS nothing"
    return f"{plan.amount(dataset, source)} AS amount, {plan.is_zero(dataset, source)} AS nothing"


def _late_rules(dataset: Dataset, source: str, levels: _Levels, sale: str) -> None:
    """Add the rules that need typed values: an amount must be known, and policies that reject."""
    name = plan.sale_table(dataset)
    if sale and source in dataset.tables[name].sources:
        levels.rule("amount IS NULL", "NULL", Broken(name, "net_amount", "–", "no_amount", False))
    orders = dataset.tables.get("orders")
    if orders and not dataset.rates and "currency" in orders.columns_of(source):  # sums never mix
        column = orders.columns_of(source)["currency"].get("from", "–")
        levels.rule(f"upper(v_c_orders__currency) <> {literal(dataset.currency)}", "v_c_orders__currency",
                    Broken("orders", "currency", column, "other_currency", False))
    for policy in dataset.policies:
        if policy["action"] == "reject" and "duplicate" not in policy and source in dataset.tables[policy["table"]].sources \
                and policy["column"] in dataset.tables[policy["table"]].columns_of(source):
            levels.rule(plan.policy_test(policy, prefix="v_c_"), "NULL", Broken(policy["table"], policy["column"], "–", policy["name"], False))
