"""Build the canonical tables of a data set from its sources, and account for every row."""

import hashlib
import os
import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb

from custlib.checks import nearest
from custlib.engine import connect
from custlib.i18n import GateRefused, Problem
from custlib.tables import plan, schema
from custlib.tables.dataset import SCHEMA, Dataset
from custlib.tables.locate import locate, sha256
from custlib.tables.readers import Staged, stage
from custlib.tables.store import Say, fresh_folder, held, quiet, read_json, write_json
from custlib.tables.typing import literal

WAITING = "build: waiting for another run on this data set"


@dataclass(frozen=True)
class Built:
    """The build of a data set: its folder and the facts of ``build.json``."""

    folder: Path
    facts: dict


def build(dataset: Dataset, *, say: Say = quiet, memory: str = "1GB") -> Built:
    """Build the canonical tables, or give those that stand when the inputs' hashes are unchanged.

    Returns
    -------
    Built
        A folder with ``<table>.parquet`` for each mapped table, ``identity_map.parquet``, ``rejects.parquet`` (file, row,
        table, rule, column, value, personal) and ``build.json`` (hashes, rows in, kept and rejected, policies, span).

    Raises
    ------
    Problem
        A file or the mapping is wrong, or no row is left.
    GateRefused
        More rows are rejected than ``max_reject_share`` allows; the rejects are kept for reading.
    """
    sources = _located(dataset, say)
    hashes = {name: [[path.name, sha256(path)] for path in paths] for name, paths in sources.items()}
    key = hashlib.sha256(repr((hashes, dataset.fingerprint, SCHEMA, code_hash())).encode()).hexdigest()
    standing = _standing(dataset, key)
    if standing:
        say(f"build: unchanged ({standing.facts['rows_in']:,} rows)")
        return standing
    with held(dataset, alone=True, say=say, waiting=WAITING):
        standing = _standing(dataset, key)  # another run may have built it while this one waited
        if not standing:
            with fresh_folder(dataset.build) as work:
                facts = _build(dataset, sources, work, memory, say)
                write_json(work / "build.json", {"key": key, "schema": SCHEMA, "code": code_hash(), "inputs": hashes, **facts})
        return standing or Built(dataset.build, read_json(dataset.build / "build.json"))


def check(dataset: Dataset, folder: Path, *, say: Say = quiet) -> dict:
    """Do all that `build` does in `folder`, keep nothing of the data set's own build, and give the facts."""
    return _build(dataset, _located(dataset, say), folder, "1GB", say)


def _located(dataset: Dataset, say: Say) -> dict[str, list[Path]]:
    """Find the files of every source that a table is mapped from."""
    plan.check_columns(dataset)
    used = {mapping.source for mapping in dataset.tables.values()}
    return {name: locate(dataset, source, say=say) for name, source in dataset.sources.items() if name in used}


def code_hash() -> str:
    """Give a short hash of the code that builds, so that a changed rule rebuilds."""
    texts = [entry.read_bytes() for entry in sorted(files("custlib.tables").iterdir(), key=lambda one: one.name)
             if entry.name.endswith((".py", ".toml"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def _standing(dataset: Dataset, key: str) -> Built | None:
    facts = read_json(dataset.build / "build.json")
    whole = all((dataset.build / f"{name}.parquet").is_file() for name in (*dataset.tables, "identity_map", "rejects"))
    return Built(dataset.build, facts) if whole and facts and facts.get("key") == key else None


def _build(dataset: Dataset, sources: dict[str, list[Path]], work: Path, memory: str, say: Say) -> dict:
    stages = work / "stage"
    stages.mkdir()
    with connect(memory=memory, spill=work / "spill", ordered=False) as db:
        rejects, rows_in = [], {}
        for name, paths in sources.items():
            say(f"build: reading {', '.join(path.name for path in paths)}")
            staged = _told_apart(paths, [stage(path, dataset.sources[name], stages) for path in paths])
            rows_in[name] = _rows(db, staged)
            _expected(db, dataset, name, staged, rows_in[name])
            rejects += _typed(db, dataset, name, staged)
        _orphans(db, dataset, rejects)
        facts = _tally(db, dataset, rejects, rows_in)
        _write_rejects(db, facts["sources"], rejects, work)
        _gate(dataset, facts, work)
        _write_tables(db, dataset, work, sources)
        facts["span"] = _span(db, dataset, work)
        facts["policies"] = _policies(db, dataset)
    for path in sorted(stages.iterdir()):
        path.unlink()
    stages.rmdir()
    return facts


def _told_apart(paths: list[Path], staged: list[Staged]) -> list[Staged]:
    """Name files of one name by their folders too: a row is known by its file and its number."""
    if len({one.file for one in staged}) == len(staged):
        return staged
    root = os.path.commonpath([path.parent for path in paths])
    return [replace(one, file=str(path.relative_to(root))) for path, one in zip(paths, staged, strict=True)]


def _rows(db: duckdb.DuckDBPyConnection, staged: list[Staged]) -> int:
    return sum(db.execute(f"SELECT count(*) FROM {one.scan}").fetchall()[0][0] for one in staged)


def _expected(db: duckdb.DuckDBPyConnection, dataset: Dataset, name: str, staged: list[Staged], rows: int) -> None:
    """Compare a public file with the figures its publisher gave."""
    expect = dataset.sources[name].get("expect") or {}
    if "rows" in expect and rows != expect["rows"]:
        raise Problem("not_as_published", file=staged[0].file, what="rows", got=f"{rows:,}", want=f"{expect['rows']:,}")
    for column, want in expect.get("totals", {}).items():
        for one in staged:
            if column not in one.columns:
                raise Problem("no_column", file=one.file, column=column, near=nearest(column, one.columns))
        parts = " UNION ALL ".join(f"SELECT {one.columns[column]} AS v FROM {one.scan}" for one in staged)
        got = db.execute(f"SELECT sum(TRY_CAST(v AS DECIMAL(28,3))) FROM ({parts})").fetchall()[0][0]
        if got != Decimal(str(want)):
            raise Problem("not_as_published", file=staged[0].file, what=f"sum({column})", got=got, want=want)


def _typed(db: duckdb.DuckDBPyConnection, dataset: Dataset, name: str, staged: list[Staged]) -> list[plan.Broken]:
    """Make the view ``src_<name>`` whose column ``broken`` numbers into the list that is given back."""
    select, broken = plan.typed_view(dataset, name, staged)
    # typed once, spilled where memory is short: everything after reads columns instead of reading text again
    db.execute(f"CREATE TEMP TABLE typed_{name} AS {select}")
    final = f"SELECT * FROM typed_{name}"
    for mapping in plan.mappings(dataset, name):
        found = _key_conflicts(db, mapping, name)
        for rule in found:
            broken.append(plan.Broken(mapping.table, schema.table(mapping.table).key[0], "–", rule, False))
            key = f"{mapping.table}__{schema.table(mapping.table).key[0]}"
            final = (f"SELECT * REPLACE (CASE WHEN broken IS NULL AND EXISTS (SELECT 1 FROM conflict_{mapping.table} AS c "
                     f"WHERE c.rule = {literal(rule)} AND c.k = {key} AND NOT (c.keep_file IS NOT DISTINCT FROM source_file "
                     f"AND c.keep_row IS NOT DISTINCT FROM source_row)) THEN {len(broken)} ELSE broken END AS broken) FROM ({final})")
    db.execute(f"CREATE VIEW src_{name} AS {final}")
    return [(name, number, one) for number, one in enumerate(broken, 1)]


def _key_conflicts(db: duckdb.DuckDBPyConnection, mapping: plan.Mapping, name: str) -> list[str]:
    """Find keys that name two different things; of exact repeats one is kept. Gives the rules that are broken."""
    table = schema.table(mapping.table)
    keys = [key for key in table.key if key in mapping.columns]
    if mapping.table == "order_lines" or len(keys) != len(table.key) or "row_number" in mapping.columns[keys[0]]:
        return []
    key = f"{mapping.table}__{keys[0]}"
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
    db.execute(f"CREATE TEMP TABLE conflict_{mapping.table} AS SELECT {key} AS k, {select} FROM typed_{name} "
               f"WHERE broken IS NULL AND {key} IS NOT NULL GROUP BY 1 HAVING {having}")
    return [rule for (rule,) in db.execute(f"SELECT DISTINCT rule FROM conflict_{mapping.table} ORDER BY 1").fetchall()]


def _orphans(db: duckdb.DuckDBPyConnection, dataset: Dataset, rejects: list) -> None:
    """Reject lines whose order is not there, where orders come from a file of their own."""
    lines, orders = dataset.tables.get("order_lines"), dataset.tables["orders"]
    if not lines or lines.source == orders.source:
        return
    number = 1 + max((number for name, number, _ in rejects if name == lines.source), default=0)
    rejects.append((lines.source, number, plan.Broken("order_lines", "order_id", "–", "order_not_there", False)))
    db.execute(f"ALTER VIEW src_{lines.source} RENAME TO own_{lines.source}")
    db.execute(f"CREATE VIEW src_{lines.source} AS SELECT * REPLACE (CASE WHEN broken IS NULL AND NOT EXISTS (SELECT 1 FROM "
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
    source = by_source[dataset.tables[sale].source]
    return {"sale_table": sale, "sources": by_source, "rules": rules, "rows_in": source["rows_in"],
            "rejected": source["rejected"], "kept": source["kept"]}


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


def _gate(dataset: Dataset, facts: dict, work: Path) -> None:
    """Refuse to go on where too much was rejected or nothing is left; the rejects stay readable."""
    name, worst = max(facts["sources"].items(), key=lambda one: one[1]["rejected"] / one[1]["rows_in"])
    share = worst["rejected"] / worst["rows_in"]
    if share > dataset.max_reject_share:
        kept = dataset.folder / "refused" / "rejects.parquet"
        kept.parent.mkdir(exist_ok=True)
        (work / "rejects.parquet").replace(kept)
        top = max((one for one in facts["rules"] if one["source"] == name), key=lambda one: one["rows"])
        raise GateRefused("too_many_rejects", rows=f"{worst['rejected']:,}", of=f"{worst['rows_in']:,}", share=f"{share:.1%}",
                          limit=f"{dataset.max_reject_share:.1%}", rule=top["rule"], column=top["column"],
                          file=f"{dataset.folder.name}/refused/{kept.name}")
    shutil.rmtree(dataset.folder / "refused", ignore_errors=True)  # what an earlier refusal kept is settled now


def _write_tables(db: duckdb.DuckDBPyConnection, dataset: Dataset, work: Path, files_of: dict[str, list[Path]]) -> None:
    for name in ("order_lines", *(one for one in dataset.tables if one != "order_lines")):
        if name in dataset.tables:
            db.execute(f"COPY ({_table(dataset, name, work, files_of)}) TO {literal(work / f'{name}.parquet')} (FORMAT parquet)")
    people = [f"SELECT customer_id FROM {literal(work / f'{name}.parquet')}" for name in ("orders", "customers") if name in dataset.tables]
    db.execute(f"""COPY (
        SELECT 'customer' AS id_type, customer_id AS id_value, customer_id AS identity_id, CAST(1 AS DOUBLE) AS match_prob,
               'trivial' AS rule, CAST(NULL AS TIMESTAMP) AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to,
               CAST(NULL AS VARCHAR) AS reviewed_by, 'build' AS run_id
        FROM (SELECT DISTINCT customer_id FROM ({' UNION ALL '.join(people)})) WHERE customer_id IS NOT NULL ORDER BY 2
    ) TO {literal(work / 'identity_map.parquet')} (FORMAT parquet)""")


def _table(dataset: Dataset, name: str, work: Path, files_of: dict[str, list[Path]]) -> str:
    mapping, sale, extra = dataset.tables[name], plan.sale_table(dataset), {}
    view = f"src_{mapping.source}"
    select = plan.collapsed(mapping, view) if mapping.collapse else plan.plain(mapping, view)
    if name == "order_lines":
        # one file's row numbers are unique already; counting the rows of several keeps one core busy alone
        alone = len(files_of[mapping.source]) == 1
        select = (f"SELECT {', '.join(f'{name}__{column} AS {column}' for column in mapping.columns)}, source_file, source_row, "
                  f"{plan.amount(dataset)} AS amount, {plan.is_zero(dataset)} AS nothing, {plan.excluded_by(dataset, name)} AS left_out, "
                  f"{'source_row' if alone else 'row_number() OVER ()'} AS place FROM {_with_twins(dataset, mapping, view)} WHERE broken IS NULL")
        less = "coalesce(quantity < 0, false) OR amount < 0" if "quantity" in mapping.columns else "amount < 0"
        extra = {"net_amount": "amount", "is_return": less, "is_zero": "nothing", "excluded_by": "left_out"}
        if "line_no" not in mapping.columns:
            extra["line_no"] = "place"
    if name == "orders":
        returned = "returned_order_id IS NOT NULL" if "returned_order_id" in mapping.columns else "false"
        extra = {"order_day": "CAST(order_ts AS DATE)", "is_return": returned, "is_zero": "false", "excluded_by": "NULL"}
        if any(policy["table"] == "orders" and policy["action"] == "exclude" for policy in dataset.policies):
            own = f"SELECT order_id, min(left_out) AS left_out FROM (SELECT orders__order_id AS order_id, " \
                  f"{plan.excluded_by(dataset, name)} AS left_out FROM {_with_twins(dataset, mapping, view)} " \
                  f"WHERE broken IS NULL) GROUP BY 1"
            select = f"SELECT s.*, e.left_out FROM ({select}) AS s JOIN ({own}) AS e USING (order_id)"
            extra["excluded_by"] = "left_out"
        if sale == "orders":
            extra |= {"is_return": f"{returned} OR net_amount < 0", "is_zero": "net_amount = 0"}
        elif "net_amount" not in mapping.columns:
            select = (f"SELECT s.*, x.amount FROM ({select}) AS s LEFT JOIN (SELECT order_id, sum(net_amount) AS amount FROM "
                      f"{literal(work / 'order_lines.parquet')} GROUP BY 1) AS x USING (order_id)")
            extra["net_amount"] = "amount"
    return plan.completed(dataset, name, select, extra)


def _with_twins(dataset: Dataset, mapping: plan.Mapping, view: str) -> str:
    """Number exact repeats of a source row where a policy leaves them out."""
    if not any(p["table"] == mapping.table and "duplicate" in p and p["action"] == "exclude" for p in dataset.policies):
        return view
    same = ", ".join(plan.identity_columns(dataset, mapping.source))
    return f"(SELECT *, row_number() OVER (PARTITION BY {same} ORDER BY source_file, source_row) AS twin FROM {view})"


def _span(db: duckdb.DuckDBPyConnection, dataset: Dataset, work: Path) -> dict:
    first, last = db.execute(f"SELECT min(order_day), max(order_day) FROM {literal(work / 'orders.parquet')}").fetchall()[0]
    return {"first_day": first.isoformat(), "last_day": last.isoformat()}


def _policies(db: duckdb.DuckDBPyConnection, dataset: Dataset) -> dict:
    """Count the rows each declared policy speaks of, whatever it does with them."""
    rows = {}
    for source in {mapping.source for mapping in dataset.tables.values()}:
        asked = [policy for policy in dataset.policies if dataset.tables[policy["table"]].source == source]
        plain = [policy for policy in asked if "duplicate" not in policy]
        if plain:
            counts = ", ".join(f"count(*) FILTER ({plan.policy_test(policy)})" for policy in plain)
            found = db.execute(f"SELECT {counts} FROM src_{source} WHERE broken IS NULL").fetchall()[0]
            rows |= {policy["name"]: count for policy, count in zip(plain, found, strict=True)}
        rows |= {policy["name"]: _repeats(db, f"src_{source}", plan.identity_columns(dataset, source))
                 for policy in asked if "duplicate" in policy}
    return {policy["name"]: {"zh": policy["zh"], "en": policy["en"], "action": policy["action"], "rows": rows[policy["name"]]}
            for policy in dataset.policies}


def _repeats(db: duckdb.DuckDBPyConnection, view: str, columns: list[str]) -> int:
    """Count exact repeats: by hash first, then exactly among the few whose hash repeats."""
    same = ", ".join(columns)
    db.execute(f"CREATE OR REPLACE TEMP TABLE likely AS SELECT h FROM (SELECT hash({same}) AS h FROM {view} WHERE broken IS NULL) "
               f"GROUP BY h HAVING count(*) > 1")
    return db.execute(f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {view} WHERE broken IS NULL AND "
                      f"hash({same}) IN (SELECT h FROM likely) GROUP BY {same})").fetchall()[0][0]
