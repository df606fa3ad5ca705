"""`python -m custlib …`: thin commands. Results go to standard output, progress and messages to standard error."""

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from custlib.i18n import Problem, Trouble

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="顾客识别工作台 · Customer identification workbench.")
tables_app = typer.Typer(no_args_is_help=True, help="Build or check the canonical tables of a data set. 建立或检查规范表。")
maps_app = typer.Typer(no_args_is_help=True, help="Prove that a segment map is sound. 检查分群表。")
notebooks_app = typer.Typer(no_args_is_help=True, help="Rebuild the committed notebooks from notebooks/src, or compare them. 重建或核对笔记本。")
app.add_typer(tables_app, name="tables")
app.add_typer(notebooks_app, name="notebooks")
app.add_typer(maps_app, name="maps")
state_app = typer.Typer(no_args_is_help=True, help="Check, compact or erase from a state that grows by batches. 核对、压缩状态文件，或从中删除客户。")
app.add_typer(state_app, name="state")

DatasetOption = Annotated[str, typer.Option("--dataset", "-d", help="Name under data/, or path of a dataset.toml.")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Snapshot day, such as 2025-01-31; rows on or after it do not exist.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", "-p", metavar="NAME=VALUE", help="A parameter of the notebooks, such as bins=4.")]
MemoryOption = Annotated[str, typer.Option("--memory", help="Memory limit of the rows tier.")]
StateOption = Annotated[Path, typer.Option("--state", help="The state file: one per data set.")]
LangOption = Annotated[str, typer.Option("--lang", help="zh, en or bi: the language of labels and messages.")]
FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
INTERRUPTED = 130
_lang = "en"


def say(line: str) -> None:
    """Show a line of progress."""
    print(line, file=sys.stderr, flush=True)


@app.command()
def report(dataset: DatasetOption = "pinecone", as_of: AsOfOption = None,
           lang: Annotated[str, typer.Option("--lang", help="zh, en or bi.")] = "zh",
           out: Annotated[Path | None, typer.Option("--out", help="The run folder; default reports/runs/<dataset>_<as_of>.")] = None,
           workers: Annotated[int | None, typer.Option("--workers", min=1, help="Kernels at a time; changes no number.")] = None,
           timeout: Annotated[int, typer.Option("--timeout", min=1, help="Seconds that one cell may take.")] = 1800,
           set_: SetOption = None) -> None:
    """Run the notebooks on a data set and write the report; the last line is the path of the HTML. 运行笔记本并生成报告。"""
    from custlib.report.parameters import pairs
    from custlib.report.run import run

    _speak(lang)
    given = pairs(set_ or [])
    print(run(_adopted(dataset, as_of=as_of), as_of=as_of, lang=lang, out=out, parameters=given, workers=workers, timeout=timeout, say=say))


@app.command()
def customers(out: Annotated[Path, typer.Option("--out", help="Folder for the tables.")],
              dataset: Annotated[str | None, typer.Option("--dataset", "-d", help="Name under data/, or path of a dataset.toml.")] = None,
              orders: Annotated[Path | None, typer.Option("--orders", help="Parquet or CSV, file or folder: one row per order with order_id, "
                                                          "customer_id, order_ts, net_amount.")] = None,
              lines: Annotated[Path | None, typer.Option("--lines", help="With --orders: one row per order line with order_id, net_amount.")] = None,
              engine: Annotated[str, typer.Option("--engine", help="duckdb or spark.")] = "duckdb",
              full: Annotated[bool, typer.Option("--full", help="With --orders or --state: all columns of the customer table.")] = False,
              state: Annotated[Path | None, typer.Option("--state", help="A state made by `append`, instead of files.")] = None,
              frozen: Annotated[Path | None, typer.Option("--frozen", help="With --state: the edges.json of an earlier run, used instead of new "
                                                          "thresholds.")] = None,
              before: Annotated[Path | None, typer.Option("--before", help="With --state: the folder of an earlier run; moves.parquet and drift.json "
                                                          "are written too.")] = None,
              as_of: AsOfOption = None, set_: SetOption = None,
              memory: Annotated[str | None, typer.Option("--memory", help="Memory limit of the rows tier, such as 4GB.")] = None,
              lang: LangOption = "en") -> None:
    """Write customers.parquet, labels.parquet and edges.json only, without notebooks. 只写客户表与标签。"""
    _speak(lang)
    if sum(one is not None for one in (dataset, orders, state)) != 1:
        raise Problem("customers_source")
    if (orders is None and (lines is not None or engine != "duckdb")) or (full and dataset) or (state is None and (frozen or before)):
        raise Problem("customers_source")
    if state is not None:
        from custlib.report.state_tables import write_from_state

        print(write_from_state(state, out, as_of=as_of, frozen=frozen, before=before, set_=set_ or [], memory=memory or "2GB", full=full, say=say))
        return
    if orders is not None:
        from custlib.report.orders_tables import write_from_orders

        print(write_from_orders(orders, out, lines=lines, as_of=as_of, engine=engine, set_=set_ or [], memory=memory or "2GB", full=full, say=say))
        return
    from custlib.report.segment_tables import write_segment_tables

    print(write_segment_tables(_adopted(dataset, as_of=as_of), out, as_of=as_of, set_=set_ or [], memory=memory or "512MB", say=say))


@app.command()
def synth(out: Annotated[Path, typer.Option("--out", help="Folder: raw/ with the files, truth/ with what is planted, dataset.toml.")],
          customers: Annotated[int, typer.Option("--customers", help="Number of customer ids, 100 to 5,000,000.")] = 5_000,
          seed: Annotated[int, typer.Option("--seed", help="Another seed is another world.")] = 20250123,
          plain: Annotated[bool, typer.Option("--plain", help="Only the purchase and spend processes: no covariates, calendar, stock-outs, "
                                              "duplicates.")] = False,
          chunk: Annotated[int, typer.Option("--chunk", help="Thousands of customers held at a time; the files are the same.")] = 1) -> None:
    """Make the simulated brand 松果零食 Pinecone Snacks as raw files with planted truth. 生成模拟品牌的原始文件与答案。"""
    from custlib.synth.command import synth_command
    from custlib.synth.world import World

    rows = synth_command(World(customers=customers, seed=seed, plain=plain), out, say=say, chunk=chunk)
    say(", ".join(f"{table} {count:,}" for table, count in rows.items()))
    print(out / "dataset.toml")


@app.command()
def append(state: StateOption,
           orders: Annotated[Path, typer.Option("--orders", help="Parquet or CSV, file or folder: the batch, one row per order.")],
           lines: Annotated[Path | None, typer.Option("--lines", help="Its order lines, where the state has them.")] = None,
           late_days: Annotated[int, typer.Option("--late-days", help="How much older than the last day of the state an order may be.")] = 45,
           anyway: Annotated[bool, typer.Option("--anyway", help="Take the batch although its content was taken before.")] = False,
           memory: MemoryOption = "2GB", lang: LangOption = "en") -> None:
    """Append a batch of orders to a state; the first one makes it. 把一批订单加入状态文件。"""
    from custlib.report.state_tables import append_batch

    _speak(lang)
    print(append_batch(state, orders, lines=lines, late_days=late_days, anyway=anyway, memory=memory, lang=_lang, say=say))


@state_app.command("check")
def state_check(state: StateOption,
                orders: Annotated[Path | None, typer.Option("--orders", help="All orders as they stand today, to compare with.")] = None,
                lines: Annotated[Path | None, typer.Option("--lines", help="Their order lines.")] = None,
                one_in: Annotated[int, typer.Option("--one-in", min=1, help="Check only one in so many customers.")] = 1,
                memory: MemoryOption = "2GB", lang: LangOption = "en") -> None:
    """Prove that a state is what a rebuild gives. 证明状态与重建的结果相同。"""
    from custlib.report.state_tables import check_state

    _speak(lang)
    print(check_state(state, orders=orders, lines=lines, one_in=one_in, memory=memory, lang=_lang, say=say))


@state_app.command("compact")
def state_compact(state: StateOption, memory: MemoryOption = "2GB", lang: LangOption = "en") -> None:
    """Write a state anew, its sums from its orders. 重写状态文件并重算合计。"""
    from custlib.report.state_tables import compact_state

    _speak(lang)
    print(compact_state(state, memory=memory, lang=_lang))


@state_app.command("erase")
def state_erase(state: StateOption, customers: Annotated[Path, typer.Option("--customers", help="Text file: one customer id a line.")],
                receipt: Annotated[Path, typer.Option("--receipt", help="JSON file for the receipt; it names nobody.")],
                memory: MemoryOption = "2GB", lang: LangOption = "en") -> None:
    """Erase customers and all their orders from a state. 从状态文件中删除客户及其全部订单。"""
    from custlib.report.state_tables import erase_customers

    _speak(lang)
    print(erase_customers(state, customers, receipt, memory=memory, lang=_lang))


@tables_app.command("init")
def tables_init(files: Annotated[list[str], typer.Argument(help="Files, a folder, or the address of a database.")],
                out: Annotated[Path | None, typer.Option("--out", help="Folder of the data set; default data/<name of the first file>.")] = None,
                currency: Annotated[str | None, typer.Option("--currency", help="ISO code, such as CNY.")] = None,
                timezone: Annotated[str | None, typer.Option("--timezone", help="Such as Asia/Shanghai.")] = None, as_of: AsOfOption = None,
                force: Annotated[bool, typer.Option("--force", help="Write over a dataset.toml that stands there.")] = False,
                lang: LangOption = "bi") -> None:
    """Look at unknown files and draft a commented dataset.toml for a person to correct. 识别未知文件，起草 dataset.toml。"""
    from custlib.tables.adopt import adopt

    _speak(lang)
    print(adopt(list(files), out=out, force=force, currency=currency, timezone=timezone, as_of=as_of, lang=lang, say=say))


@tables_app.command("build")
def tables_build(dataset: DatasetOption, memory: MemoryOption = "512MB") -> None:
    """Build data/<name>/build from the sources; skipped when nothing changed. 建立规范表；输入未变则跳过。"""
    from custlib import tables

    data = tables.load(_adopted(dataset))
    built = tables.build(data, say=say, memory=memory)
    _account(built.facts)
    print(built.folder)


@tables_app.command("check")
def tables_check(dataset: DatasetOption, memory: MemoryOption = "512MB", lang: LangOption = "en") -> None:
    """Read everything, keep nothing: tell what a build would take, leave out, reject and open. 试读，不写入。"""
    from custlib import tables
    from custlib.tables.explain import explained

    _speak(lang)
    data = tables.load(_adopted(dataset))
    for line in explained(data, tables.check(data, say=say, memory=memory), lang=lang):
        say(line)
    print("ok")


@tables_app.command("export")
def tables_export(dataset: DatasetOption, table: Annotated[str, typer.Option("--table", help="A canonical table, such as orders.")],
                  out: Annotated[Path, typer.Option("--out", help="File to write: .csv .parquet .xlsx .sav .xpt.")],
                  bom: Annotated[bool, typer.Option("--bom", help="Mark a CSV as UTF-8 for Excel.")] = False,
                  personal: Annotated[bool, typer.Option("--personal", help="Write the personal columns too.")] = False,
                  force: Annotated[bool, typer.Option("--force", help="Write over a file that stands there.")] = False,
                  lang: LangOption = "en") -> None:
    """Write a canonical table for SPSS, SAS, Excel or others, labels kept. 导出规范表，保留标签。"""
    from custlib import tables
    from custlib.tables.export import export_table

    _speak(lang)
    built = tables.build(tables.load(dataset), say=say)
    for path in export_table(built, table, out, lang=lang, bom=bom, personal=personal, overwrite=force, say=say):
        print(path)


@maps_app.command("check")
def maps_check(files: Annotated[list[Path], typer.Argument(help="Segment maps as TOML files.")]) -> None:
    """Prove that maps cover every cell once, reach every name and never rank a better score lower. 检查分群表。"""
    from custlib.value import sound

    for file in files:
        print(f"{file.name}: {len(sound(file).grid())} cells, each in one segment")


@notebooks_app.command("build")
def notebooks_build() -> None:
    """Execute notebooks/src on the default data set and write notebooks/*.ipynb. 执行并写回。"""
    from custlib.report.rebuild import rebuild

    for path in rebuild(say=say):
        print(path.name)


@notebooks_app.command("check")
def notebooks_check() -> None:
    """Compare the cells of notebooks/*.ipynb and notebooks/src. 核对两份是否一致。"""
    from custlib.report.rebuild import differences

    found = differences()
    if found:
        raise Problem("notebooks_differ", cells="; ".join(found))
    print("ok")


def _adopted(dataset: str, **known: str | None) -> str | Path:
    """Give the data set that `dataset` means; for a bare file, that of its draft."""
    from custlib.tables.adopt import adopt, is_data

    return adopt([dataset], lang=_lang, say=say, **known) if is_data(dataset) else dataset


def _account(facts: dict) -> None:
    for name, one in facts["sources"].items():
        say(f"{name}: {one['rows_in']:,} rows in = {one['kept']:,} kept + {one['rejected']:,} rejected")
    for rule in facts["rules"]:
        say(f"  rejected {rule['rows']:,}: {rule['rule']} (column {rule['column']})")
    for name, policy in facts["policies"].items():
        say(f"  policy {name} ({policy['action']}): {policy['rows']:,} rows")
    if facts["span"]:
        say(f"days {facts['span']['first_day']} – {facts['span']['last_day']}")


def _speak(lang: str) -> None:
    """Let messages come in the report's language, once it is known to be one."""
    global _lang
    _lang = lang if lang in ("zh", "en", "bi") else "en"


def _message(error: BaseException) -> tuple[str, int]:
    """Give the sentence and the exit code of whatever ended the command."""
    if isinstance(error, Problem):
        return error.said(_lang), error.exit_code
    if (isinstance(error, OSError) and error.errno in FULL) or (type(error).__module__ == "_duckdb" and "IOException" in type(error).__name__):
        detail = os.strerror(error.errno) if isinstance(error, OSError) else "I/O"
        name = Path(str(error.filename)).name if isinstance(error, OSError) and error.filename else "–"
        return Trouble("out_unwritable", folder=name, detail=detail).said(_lang), 1
    return Trouble("unexpected", cause=f"{type(error).__name__}: {error}".splitlines()[0][:300]).said(_lang), 1


def main() -> None:
    """Run a command and end with its exit code: 0 done, 2 bad use or file, 3 a gate refused, 130 interrupted, 1 anything else."""
    try:
        code = app(standalone_mode=False) or 0
    except SystemExit:
        raise
    except BaseException as error:  # the one place where everything is caught: it ends in a sentence and a code
        if os.environ.get("CUSTLIB_DEBUG"):
            traceback.print_exc()
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # typer's own: bad use of the command line
            sentence, code = error.format_message(), error.exit_code
        else:
            sentence, code = _message(error)
        say(sentence)
    if code == INTERRUPTED:  # typer turns Ctrl-C into this code and says nothing
        say(Trouble("interrupted").said(_lang))
    raise SystemExit(code)
