"""Files of a source: a file, a folder, a pattern, a full path; never what the build itself made."""

import re

import pytest
from helpers import shop

from custlib.i18n import Problem
from custlib.tables.locate import locate

FILES = ["sales-02.csv", "sales-01.csv", "sales-10.CSV", ".sales-03.csv", "~$sales-04.csv", ".DS_Store", "notes.md", "Thumbs.db"]


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv("CUSTLIB_DATA", raising=False)


def fill(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("a\n1\n")
    return folder


def found(tmp_path, path: str) -> list[str]:
    data = shop(tmp_path / "shop", None, source=f"path = {path}")
    return [str(one.relative_to(tmp_path)) for one in locate(data, data.sources["sales"])]


def refused(tmp_path, path: str) -> Problem:
    with pytest.raises(Problem) as caught:
        found(tmp_path, path)
    return caught.value


@pytest.mark.parametrize("path", ['"may"', '"may/"', '"./may"'])
def test_a_folder_is_its_files_of_a_known_kind_in_name_order(tmp_path, path):
    folder = fill(tmp_path / "shop" / "may", FILES)
    fill(folder / "older.csv", [])
    fill(folder / "older", ["sales-00.csv"])
    assert found(tmp_path, path) == ["shop/may/sales-01.csv", "shop/may/sales-02.csv", "shop/may/sales-10.CSV"]


def test_a_folder_is_found_where_files_are(tmp_path, monkeypatch):
    fill(tmp_path / "shop" / "raw" / "may", ["a.xlsx"])
    fill(tmp_path / "else" / "june", ["b.xlsx"])
    monkeypatch.setenv("CUSTLIB_DATA", str(tmp_path / "else"))
    assert found(tmp_path, '["may", "june"]') == ["shop/raw/may/a.xlsx", "else/june/b.xlsx"]


def test_an_empty_folder_here_does_not_hide_the_full_one(tmp_path):
    fill(tmp_path / "shop" / "may", ["notes.md"])
    fill(tmp_path / "shop" / "raw" / "may", ["a.csv"])
    assert found(tmp_path, '"may"') == ["shop/raw/may/a.csv"]


def test_a_folder_without_files_to_read_is_refused_with_the_kinds(tmp_path):
    fill(tmp_path / "shop" / "may", ["notes.md", ".a.csv", "~$b.xlsx"])
    error = refused(tmp_path, '"may"')
    assert (error.key, error.values["folder"], ".csv" in error.values["kinds"]) == ("folder_empty", "may", True)


def test_a_folder_of_several_kinds_is_refused_and_a_pattern_takes_one(tmp_path):
    fill(tmp_path / "shop" / "may", ["a.csv", "b.csv", "c.xlsx", "notes.md"])
    assert refused(tmp_path, '"may"').values == {"folder": "may", "kinds": ".csv, .xlsx", "example": "may/*.csv"}
    assert found(tmp_path, '"may/*.csv"') == ["shop/may/a.csv", "shop/may/b.csv"]


def test_packed_files_are_of_the_kind_that_is_packed(tmp_path):
    fill(tmp_path / "shop" / "may", ["a.csv.gz", "B.CSV.GZ"])
    assert found(tmp_path, '"may"') == ["shop/may/B.CSV.GZ", "shop/may/a.csv.gz"]
    fill(tmp_path / "shop" / "may", ["c.json.gz", "d.csv"])
    assert refused(tmp_path, '"may"').values == {"folder": "may", "kinds": ".csv, .csv.gz, .json.gz", "example": "may/*.csv.gz"}


def test_a_pattern_leaves_hidden_and_lock_files_unless_it_asks_for_them(tmp_path):
    fill(tmp_path / "shop", FILES)
    fill(tmp_path / "shop" / ".stage-1", ["sales-05.csv"])
    assert found(tmp_path, '"sales-*.csv"') == ["shop/sales-01.csv", "shop/sales-02.csv"]
    assert found(tmp_path, '"*.csv"') == ["shop/sales-01.csv", "shop/sales-02.csv"]
    assert found(tmp_path, '"**/sales-0*.csv"') == ["shop/sales-01.csv", "shop/sales-02.csv"]
    assert found(tmp_path, '".sales-*.csv"') == ["shop/.sales-03.csv"]
    assert found(tmp_path, '".stage-*/*.csv"') == ["shop/.stage-1/sales-05.csv"]


def test_a_full_path_may_be_a_file_a_folder_or_a_pattern(tmp_path, monkeypatch):
    far = fill(tmp_path / "far [2024]", ["sales-02.csv", "sales-01.csv", "~$sales-03.csv"])
    both = ["far [2024]/sales-01.csv", "far [2024]/sales-02.csv"]
    assert found(tmp_path, f'"{far}/sales-02.csv"') == both[1:]
    assert found(tmp_path, f'"{far}"') == both
    assert found(tmp_path, f'"{far}/sales-*.csv"') == both
    assert found(tmp_path, f'"{tmp_path}/far*/sales-*.csv"') == both
    assert found(tmp_path, '"../far [2024]/*.csv"') == [f"shop/../{one}" for one in both]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert found(tmp_path, '"~/far [2024]"') == both
    assert found(tmp_path, '"~/far [2024]/sales-*.csv"') == both


def test_a_name_that_looks_like_a_pattern_is_itself(tmp_path):
    fill(tmp_path / "shop", ["sales[1].csv", "sales1.csv"])
    assert found(tmp_path, '"sales[1].csv"') == ["shop/sales[1].csv"]


def test_a_file_that_two_names_mean_comes_once(tmp_path):
    fill(tmp_path / "shop", ["a.csv", "b.csv"])
    (tmp_path / "shop" / "link.csv").symlink_to("a.csv")
    assert found(tmp_path, '["b.csv", "*.csv", "./a.csv"]') == ["shop/b.csv", "shop/a.csv"]


@pytest.mark.parametrize("path", ['""', '"none"', '"none/*.csv"', '"/none-there/*.csv"', '"a**.csv"', '["a.csv", "none.csv"]'])
def test_what_is_nowhere_is_said_to_be_missing(tmp_path, path):
    fill(tmp_path / "shop", ["a.csv"])
    assert refused(tmp_path, path).key == "missing_file"


@pytest.mark.parametrize("path", ['"build"', '"build/orders.parquet"', '"**/*.parquet"', '"build/*.parquet"', '"refused/rejects.parquet"',
                                  '"../shop/build"', '"link"'])
def test_what_the_build_made_is_no_source(tmp_path, path):
    fill(tmp_path / "shop" / "build", ["orders.parquet"])
    fill(tmp_path / "shop" / "refused", ["rejects.parquet"])
    (tmp_path / "shop" / "link").symlink_to("build")
    error = refused(tmp_path, path)
    assert error.key == "path_in_build"
    assert re.search("build|refused", str(error))


def test_a_folder_of_the_name_of_a_download_is_not_taken_for_it(tmp_path, monkeypatch):
    fill(tmp_path / "shop" / "sales.csv", ["a.csv"])
    data = shop(tmp_path / "shop", None, source='url = "http://127.0.0.1:9/sales.csv"')
    with pytest.raises(Problem) as caught:
        locate(data, data.sources["sales"])
    assert caught.value.key == "download_failed"
