"""The command line: exit codes, one sentence a fault, results on standard output and the rest on standard error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT
from helpers import HEADER, shop, tolerant


def custlib(*words: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "custlib", *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


def report(folder: Path, *words: str) -> subprocess.CompletedProcess:
    return custlib("report", "--dataset", folder / "dataset.toml", "--out", folder / "out", "--lang", "en", "--as-of", "2024-06-01", *words)


FAULTS = {
    "missing file": (None, {}, [], "sales.csv does not exist"),
    "empty": ("", {}, [], "sales.csv is empty"),
    "header only": (f"{HEADER}\n", {}, [], "sales.csv, row 1: there is a header"),
    "undecodable": (f"{HEADER}\no1,a,2024-01-05,10\no2,张三,2024-01-06,10\n".encode("gb18030"), {"source": 'encoding = "utf-8"'}, [],
                    "sales.csv, row 3, column customer"),
    "twin columns": ("order,customer,day,day,amount\no1,a,2024-01-05,2024-01-05,1\n", {}, [], "sales.csv, row 1: column day"),
    "unknown key": (f"{HEADER}\no1,a,2024-01-05,10\n", {"head": 'curency = "CNY"'}, [], "the key curency is not known; did you mean currency?"),
    "unknown parameter": (f"{HEADER}\no1,a,2024-01-05,10\n", {}, ["--set", "bin=5"], "no parameter bin; did you mean bins?"),
    "out of range": (f"{HEADER}\no1,a,2024-01-05,10\n", {}, ["--set", "bins=11"], "bins must be 2 to 10, got 11"),
    "unreadable day": (f"{HEADER}\no1,a,2024-01-05,10\n", {}, ["--as-of", "1 June"], "as_of must be a day such as 2025-01-31, got '1 June'"),
    "day before the data": (f"{HEADER}\no1,a,2024-01-05,10\n", {}, ["--as-of", "2024-01-01"], "as_of 2024-01-01 is not after the first day"),
    "nobody known": (f"{HEADER}\no1,,2024-01-05,10\n", {}, [], "no sale of an identified customer before 2024-06-01"),
    "bad map": (f"{HEADER}\no1,a,2024-01-05,10\n", {}, ["--set", "segment_map=nowhere.toml"], "nowhere.toml does not exist"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_with_2_and_one_sentence_and_writes_nothing(fault, tmp_path):
    content, parts, words, told = FAULTS[fault]
    try:
        shop(tmp_path, content, **parts)
    except ValueError:
        pass  # the maker loads what it wrote; here the command has to find the fault
    ended = report(tmp_path, *words)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()[-1].split(". ")) <= 3
    assert not (tmp_path / "out").exists()


def test_half_a_parquet_file_is_refused(tmp_path):
    pd.DataFrame({"order": ["o1"] * 500, "customer": "a", "day": "2024-01-05", "amount": 1.0}).to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    shop(tmp_path, whole[: len(whole) // 2], file="sales.parquet")
    ended = report(tmp_path)
    told = "build: reading sales.parquet\nsales.parquet is no whole Parquet file; copy or export it again."
    assert (ended.returncode, ended.stderr.strip()) == (2, told)


def test_no_day_at_all_names_the_last_day_in_the_data(tmp_path):
    shop(tmp_path, f"{HEADER}\no1,a,2024-01-05,10\no2,a,2024-02-09,10\n")
    ended = custlib("report", "--dataset", tmp_path / "dataset.toml", "--out", tmp_path / "out")
    assert ended.returncode == 2
    assert "2024-02-09" in ended.stderr
    assert "2024-02-10" in ended.stderr


def test_messages_come_in_the_language_of_the_report(tmp_path):
    ended = custlib("report", "--dataset", "onlin_retail", "--lang", "zh", "--out", tmp_path / "out")
    assert ended.returncode == 2
    assert ended.stderr.strip() == ("没有数据集 onlin_retail；是否指 online_retail？请给出 data/ 下的名称或 dataset.toml 的路径。")


def test_too_many_rejected_rows_end_with_3(tmp_path):
    shop(tmp_path, f"{HEADER}\no1,a,2024-01-05,10\no2,a,when?,10\n")
    ended = report(tmp_path)
    assert ended.returncode == 3
    assert "1 of 2 rows (50.0%)" in ended.stderr
    kept = pd.read_parquet(tmp_path / "refused" / "rejects.parquet")
    assert kept[["file", "row", "rule", "column", "value"]].to_numpy().tolist() == [["sales.csv", 3, "unreadable_date", "day", "when?"]]


def test_few_rejected_rows_are_told_and_the_table_is_made(tmp_path):
    shop(tmp_path, f"{HEADER}\no1,a,2024-01-05,10\no2,a,2024-01-06,\"12,05\"\n", head=tolerant())
    ended = custlib("customers", "--dataset", tmp_path / "dataset.toml", "--as-of", "2024-06-01", "--out", tmp_path / "out")
    assert ended.returncode == 0, ended.stderr
    assert pd.read_parquet(tmp_path / "out/customers.parquet")["net_amount"].tolist() == [10.0]


def test_the_customer_command_writes_what_the_functions_give(tmp_path):
    shop(tmp_path, f"{HEADER}\n" + "".join(f"o{i},c{i % 7},2024-0{1 + i % 5}-11,{i}.25\n" for i in range(1, 40)))
    ended = custlib("customers", "--dataset", tmp_path / "dataset.toml", "--as-of", "2024-06-01", "--out", tmp_path / "out", "--set", "bins=3")
    assert (ended.returncode, ended.stdout.strip()) == (0, str(tmp_path / "out")), ended.stderr
    edges = json.loads((tmp_path / "out/edges.json").read_text())
    assert edges["rfm"]["orders"]["edges"] == {"1": 5.0}
    assert edges["rfm"]["orders"]["top"] == 3
    labels = pd.read_parquet(tmp_path / "out/labels.parquet")
    assert labels.groupby("scheme").size().to_dict() == dict.fromkeys(["rfm.cell", "rfm.cn8", "rfm.named", "value.abc", "value.tier3"], 7)


def test_tables_check_tells_and_writes_nothing(tmp_path):
    shop(tmp_path, f"{HEADER}\no1,a,2024-01-05,10\no2,a,2024-01-06,ten\n", head=tolerant())
    before = sorted(path.name for path in tmp_path.iterdir())
    ended = custlib("tables", "check", "--dataset", tmp_path / "dataset.toml")
    assert (ended.returncode, ended.stdout) == (0, "ok\n"), ended.stderr
    assert "sales: 2 rows in = 1 kept + 1 rejected" in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_tables_build_prints_the_folder_last(tmp_path):
    shop(tmp_path)
    ended = custlib("tables", "build", "--dataset", tmp_path)
    assert (ended.returncode, ended.stdout.strip()) == (0, str(tmp_path / "build"))
    again = custlib("tables", "build", "--dataset", tmp_path)
    assert "unchanged" in again.stderr


@pytest.mark.parametrize(("words", "code"), [(["report", "--nonsense"], 2), (["nonsense"], 2), (["report", "--workers", "0"], 2), (["--help"], 0)])
def test_bad_use_ends_with_2_and_help_with_0(words, code):
    assert custlib(*words).returncode == code


def test_a_sound_map_passes_and_a_broken_one_is_refused_with_its_cells(tmp_path):
    shipped = ROOT / "custlib/value/maps/named.toml"
    assert custlib("maps", "check", shipped).stdout == "named.toml: 125 cells, each in one segment\n"
    broken = tmp_path / "broken.toml"
    broken.write_text(shipped.read_text().replace("{ r = [3, 3], fm = [3, 3] }", "{ r = [3, 3], fm = [4, 4] }"))
    ended = custlib("maps", "check", broken)
    assert ended.returncode == 2
    assert "loyal and need_attention both cover" in ended.stderr
    assert "no segment covers 314, 315, 323" in ended.stderr


def test_importing_the_package_is_quick_and_reads_nothing():
    code = "import sys, custlib; print(sorted(name for name in ('pandas', 'duckdb', 'matplotlib', 'numpy') if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout == "[]\n"
