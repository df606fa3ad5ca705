"""Build the canonical tables of a data set from its sources, and account for every row."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb

from custlib.checks import column_names, nearest
from custlib.engine import connect
from custlib.i18n import GateRefused, Problem, Trouble
from custlib.tables import adopt, given, inputs, plan, quality, rates, schema, write
from custlib.tables.dataset import SCHEMA, Dataset
from custlib.tables.declared import Mapping
from custlib.tables.inputs import Inputs
from custlib.tables.readers import Staged
from custlib.tables.store import Say, fresh_folder, held, quiet, read_json, write_json
from custlib.tables.typed_rows import Broken, typed_view
from custlib.tables.typing import literal

WAITING = "build: waiting for another run on this data set"
MEMORY = "1GB"
AMOUNT = re.compile(r"[1-9]\d{0,5}(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)


@dataclass(frozen=True)
class Built:
    """The build of a data set: its folder and the facts of ``build.json``."""

    folder: Path
    facts: dict


def build(dataset: Dataset, *, say: Say = quiet, memory: str = MEMORY) -> Built:
    """Build the canonical tables, or give those that stand when the inputs' hashes are unchanged.

    Returns
    -------
    Built
        A folder with ``<table>.parquet`` for each mapped table, ``identity_map.parquet``, ``rejects.parquet`` (file, row,
        table, rule, column, value, personal) and ``build.json`` (hashes, rows in, kept and rejected, policies, span, inputs,
        quality).

    Raises
    ------
    Problem
        A file or the mapping is wrong, or no row is left.
    GateRefused
        More rows are rejected than ``max_reject_share`` allows, or the quality gate refuses; the rejects are kept for reading.
    """
    _checked(dataset, memory)
    with inputs.gathered(dataset, say=say, memory=memory) as came:
        key = hashlib.sha256(repr((came.hashes, dataset.fingerprint, SCHEMA, code_hash())).encode()).hexdigest()
        standing = _standing(dataset, key)
        if standing:
            say(f"build: unchanged ({standing.facts['rows_in']:,} rows)")
            return standing
        with held(dataset, alone=True, say=say, waiting=WAITING):
            standing = _standing(dataset, key)  # another run may have built it while this one waited
            if not standing:
                with fresh_folder(dataset.build) as work, _within(memory):
                    facts = _build(dataset, came, work, memory, say, keep=dataset.folder / "refused")
                    write_json(work / "build.json", {"key": key, "schema": SCHEMA, "code": code_hash(), **facts})
            return standing or Built(dataset.build, read_json(dataset.build / "build.json"))


def check(dataset: Dataset, *, say: Say = quiet, memory: str = MEMORY) -> dict:
    """Do all that `build` does, keep nothing, and give the facts; a gate refuses as it would refuse the build."""
    _checked(dataset, memory)
    with inputs.gathered(dataset, say=say, memory=memory) as came, tempfile.TemporaryDirectory() as folder, _within(memory):
        return _build(dataset, came, Path(folder), memory, say, keep=None)


def _checked(dataset: Dataset, memory: str = MEMORY) -> None:
    """Refuse a mapping that cannot work, or memory that is no amount, before anything is read."""
    if not AMOUNT.fullmatch(memory):
        raise Problem("bad_parameter", name="memory", want="@want.memory", got=repr(memory))
    with given.told_of(dataset.path):
        plan.check_columns(dataset)
        quality.check_settings(dataset)


@contextmanager
def _within(memory: str) -> Iterator[None]:
    """Say in one sentence that the memory was too little."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise Trouble("engine_memory", memory=memory) from error


def code_hash() -> str:
    """Give a short hash of the code that builds, so that a changed rule rebuilds."""
    root = Path(str(files("custlib.tables")))
    aside = {root / "draft", root / "export"}
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".toml") and not aside & set(path.parents))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _standing(dataset: Dataset, key: str) -> Built | None:
    facts = read_json(dataset.build / "build.json")
    whole = all((dataset.build / f"{name}.parquet").is_file() for name in (*dataset.tables, "identity_map", "rejects"))
    return Built(dataset.build, facts) if whole and facts and facts.get("key") == key else None


def _build(dataset: Dataset, came: Inputs, work: Path, memory: str, say: Say, *, keep: Path | None) -> dict:
    with connect(memory=memory, spill=work / "spill", ordered=False) as db:
        rejects, rows_in, staged = [], {}, {}
        for group in plan.groups(dataset):
            readings = came.staged(dataset, group, say=say)
            rows_in[group] = sum(db.execute(f"SELECT count(*) FROM {one.scan}").fetchall()[0][0] for _, one in readings)
            _expected(db, dataset, readings)
            rejects += _typed(db, dataset, group, readings, came, say)
            staged[group] = readings
        _orphans(db, dataset, rejects)
        facts = _tally(db, dataset, rejects, rows_in)
        _write_rejects(db, facts["sources"], rejects, work)
        _gate(dataset, facts, work, keep)
        write.tables(db, dataset, work, {group: len(readings) == 1 for group, readings in staged.items()})
        facts["span"] = write.span(db, dataset, work)
        facts["policies"] = write.policies(db, dataset)
        facts["inputs"] = inputs.described(dataset, came, [one for readings in staged.values() for one in readings])
        facts["assumptions"] = adopt.assumptions(dataset.folder, dataset.fingerprint)
        facts["quality"] = quality.assess(db, dataset, work, facts)
    try:
        quality.gate(dataset, facts["quality"])
    except GateRefused:
        if keep:
            keep.mkdir(exist_ok=True)
            write_json(keep / "quality.json", facts["quality"])
        raise
    if keep:
        shutil.rmtree(keep, ignore_errors=True)  # what an earlier refusal kept is settled now
    return facts


def _expected(db: duckdb.DuckDBPyConnection, dataset: Dataset, readings: list[tuple[str, Staged]]) -> None:
    """Compare public files with the figures their publisher gave."""
    for name in dict.fromkeys(source for source, _ in readings):
        expect, staged = dataset.sources[name].get("expect") or {}, [one for source, one in readings if source == name]
        if "rows" in expect:
            rows = sum(db.execute(f"SELECT count(*) FROM {one.scan}").fetchall()[0][0] for one in staged)
            if rows != expect["rows"]:
                raise Problem("not_as_published", file=staged[0].file, what="rows", got=f"{rows:,}", want=f"{expect['rows']:,}")
        for column, want in expect.get("totals", {}).items():
            for one in staged:
                if column not in one.columns:
                    raise Problem("no_column", file=one.file, column=column, near=nearest(column, column_names(one.columns)))
            parts = " UNION ALL ".join(f"SELECT {one.columns[column]} AS v FROM {one.scan}" for one in staged)
            got = db.execute(f"SELECT sum(TRY_CAST(v AS DECIMAL(28,3))) FROM ({parts})").fetchall()[0][0]
            if got != Decimal(str(want)):
                raise Problem("not_as_published", file=staged[0].file, what=f"sum({column})", got=got, want=want)


def _typed(db: duckdb.DuckDBPyConnection, dataset: Dataset, group: str, readings: list[tuple[str, Staged]], came: Inputs,
           say: Say) -> list[tuple[str, int, Broken]]:
    """Make the view ``src_<group>`` whose column ``broken`` numbers into the list that is given back."""
    select, broken = typed_view(dataset, group, readings)
    if dataset.rates:
        select = rates.converted(db, dataset, group, select, broken, came, say)
    # typed once, spilled where memory is short: everything after reads columns instead of reading text again
    db.execute(f"CREATE TEMP TABLE typed_{group} AS {select}")
    final = f"SELECT * FROM typed_{group}"
    for mapping in plan.mappings(dataset, group):
        found = _key_conflicts(db, mapping, group)
        for rule in found:
            broken.append(Broken(mapping.table, schema.table(mapping.table).key[0], "–", rule, False))
            same = " AND ".join(f"c.k_{key} = {mapping.table}__{key}" for key in schema.table(mapping.table).key)
            final = (f"SELECT * REPLACE (CASE WHEN {plan.sound(mapping)} AND EXISTS (SELECT 1 FROM conflict_{mapping.table} AS c "
                     f"WHERE c.rule = {literal(rule)} AND {same} AND NOT (c.keep_file IS NOT DISTINCT FROM source_file "
                     f"AND c.keep_row IS NOT DISTINCT FROM source_row)) THEN {len(broken)} ELSE broken END AS broken) FROM ({final})")
    db.execute(f"CREATE VIEW src_{group} AS {final}")
    return [(group, number, one) for number, one in enumerate(broken, 1)]


def _key_conflicts(db: duckdb.DuckDBPyConnection, mapping: Mapping, group: str) -> list[str]:
    """Find keys that name two different things; of exact repeats one is kept. Gives the rules that are broken."""
    keys = schema.table(mapping.table).key
    if mapping.table == "order_lines" or not set(keys) <= set(mapping.columns):
        return []
    if mapping.collapse:
        if mapping.table != "orders" or "customer_id" not in mapping.columns:
            return []
        having = "min(orders__customer_id) <> max(orders__customer_id)"
        select = "'two_customers_in_one_order' AS rule, NULL AS keep_file, NULL AS keep_row"
    else:
        content = ", ".join(f"{mapping.table}__{column}" for column in mapping.columns)
        having = "count(*) > 1"
        select = (f"CASE WHEN count(DISTINCT ({content})) = 1 THEN 'repeated_row' ELSE 'one_key_two_rows' END AS rule, "
                  f"CASE WHEN count(DISTINCT ({content})) = 1 THEN min(source_file) END AS keep_file, "
                  f"CASE WHEN count(DISTINCT ({content})) = 1 THEN arg_min(source_row, (source_file, source_row)) END AS keep_row")
    named = [f"{mapping.table}__{key}" for key in keys]
    db.execute(f"CREATE TEMP TABLE conflict_{mapping.table} AS SELECT {', '.join(f'{mapping.table}__{key} AS k_{key}' for key in keys)}, "
               f"{select} FROM typed_{group} "
               f"WHERE {plan.sound(mapping)} AND {' AND '.join(f'{key} IS NOT NULL' for key in named)} GROUP BY {', '.join(named)} HAVING {having}")
    return [rule for (rule,) in db.execute(f"SELECT DISTINCT rule FROM conflict_{mapping.table} ORDER BY 1").fetchall()]


def _orphans(db: duckdb.DuckDBPyConnection, dataset: Dataset, rejects: list) -> None:
    """Reject lines whose order is not there, where orders come from a file of their own."""
    lines, orders = dataset.tables.get("order_lines"), dataset.tables.get("orders")
    if not lines or lines.source == orders.source:
        return
    number = 1 + max((number for name, number, _ in rejects if name == lines.source), default=0)
    rejects.append((lines.source, number, Broken("order_lines", "order_id", "–", "order_not_there", False)))
    db.execute(f"ALTER VIEW src_{lines.source} RENAME TO own_{lines.source}")
    db.execute(f"CREATE VIEW src_{lines.source} AS SELECT * REPLACE (CASE WHEN {plan.sound(lines)} AND NOT EXISTS (SELECT 1 FROM "
               f"src_{orders.source} AS o WHERE o.broken IS NULL AND o.orders__order_id = order_lines__order_id) THEN {number} "
               f"ELSE broken END AS broken) FROM own_{lines.source}")


def _tally(db: duckdb.DuckDBPyConnection, dataset: Dataset, rejects: list, rows_in: dict[str, int]) -> dict:
    """Count what came, what was rejected and by which rule, per source."""
    names = {(name, number): one for name, number, one in rejects}
    by_source, rules = {}, []
    for name, came in rows_in.items():
        counts = db.execute(f"SELECT broken, count(*) FROM src_{name} WHERE broken IS NOT NULL GROUP BY 1 ORDER BY 1").fetchall()
        rejected = sum(n for _, n in counts)
        by_source[name] = {"rows_in": came, "kept": came - rejected, "rejected": rejected}
        rules += [{"source": name, "table": names[name, number].table, "column": names[name, number].source_column,
                   "rule": names[name, number].rule, "rows": n} for number, n in counts]
    sale = plan.sale_table(dataset)
    rows, rejected = (sum(one[part] for one in by_source.values()) for part in ("rows_in", "rejected"))
    if sale:  # the account is that of the sales: of the rows of their own sources
        fed = f"source IN ({', '.join(map(literal, dataset.tables[sale].sources))})"
        rows, rejected = db.execute(f"SELECT count(*), count(broken) FROM src_{dataset.tables[sale].source} WHERE {fed}").fetchall()[0]
    return {"sale_table": sale, "sources": by_source, "rules": rules, "rows_in": rows, "rejected": rejected, "kept": rows - rejected}


def _write_rejects(db: duckdb.DuckDBPyConnection, facts_of: dict[str, dict], rejects: list, work: Path) -> None:
    db.execute("CREATE TEMP TABLE why (source VARCHAR, number INT, tab VARCHAR, rule VARCHAR, col VARCHAR, personal BOOLEAN)")
    if rejects:
        db.executemany("INSERT INTO why VALUES (?, ?, ?, ?, ?, ?)",
                       [(name, number, one.table, one.rule, one.source_column, one.personal) for name, number, one in rejects])
    parts = " UNION ALL ".join(
        f"SELECT s.source_file AS file, s.source_row AS row, w.tab AS \"table\", w.rule, w.col AS \"column\", s.came AS value, "
        f"w.personal FROM src_{name} AS s JOIN why AS w ON w.source = {literal(name)} AND w.number = s.broken"
        for name in facts_of)
    db.execute(f"COPY ({parts} ORDER BY 1, 2) TO {literal(work / 'rejects.parquet')} (FORMAT parquet)")


def _gate(dataset: Dataset, facts: dict, work: Path, keep: Path | None) -> None:
    """Refuse to go on where too much was rejected or nothing is left; the rejects stay readable in `keep`."""
    name, worst = max(facts["sources"].items(), key=lambda one: one[1]["rejected"] / max(one[1]["rows_in"], 1))
    share = worst["rejected"] / max(worst["rows_in"], 1)
    if share > dataset.max_reject_share:
        if keep:
            keep.mkdir(exist_ok=True)
            (work / "rejects.parquet").replace(keep / "rejects.parquet")
        top = max((one for one in facts["rules"] if one["source"] == name), key=lambda one: one["rows"])
        raise GateRefused("too_many_rejects", rows=f"{worst['rejected']:,}", of=f"{worst['rows_in']:,}", share=f"{share:.1%}",
                          limit=f"{dataset.max_reject_share:.1%}", rule=top["rule"], column=top["column"],
                          file=f"{dataset.folder.name}/refused/rejects.parquet")
    if facts["sale_table"] and not facts["kept"]:  # `only` may have left nothing
        raise Problem("nothing_kept", name=dataset.name, table=facts["sale_table"])
