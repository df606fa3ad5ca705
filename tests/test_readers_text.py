"""Text files: the encoding and the mark are found out or asked for, never guessed wrong; row numbers are those of an editor."""

import random

import duckdb
import pytest

from custlib.i18n import Problem
from custlib.tables.declared import Source
from custlib.tables.readers import Staged, parts, stage, text

TOWNS = ["上海市", "北京市", "广州市", "深圳市", "成都市", "杭州市", "武汉市", "西安市", "重庆市", "南京市", "天津市", "苏州市"]
NAMES = ["张伟", "王芳", "李娜", "刘洋", "陈静", "杨军", "赵敏", "黄丽", "周强", "吴杰", "徐磊", "孙涛"]
CHINESE = "订单号,客户姓名,城市,金额\n" + "".join(f"o{i},{NAMES[i]},{TOWNS[i]},{i}.50\n" for i in range(12))
JAPANESE = "注文,お客様,都市,金額\n" + "".join(f"o{i},田中さん,とうきょう{i},{i}\n" for i in range(9))
TRADITIONAL = "訂單編號,客戶姓名,城市,實付金額\n" + "".join(f"o{i},陳小姐,臺北市大安區信義路,{i}\n" for i in range(9))
GERMAN = "Bestellung,Kunde,Stadt,Betrag\n" + "".join(f"o{i},Müller,Köln,{i}\n" for i in range(9))


def rows(staged: Staged, *columns: str) -> list[tuple]:
    """Give (row, broken, columns …) in the order of the file."""
    cells = "".join(f", {staged.columns[one]}" for one in columns or staged.columns)
    with duckdb.connect() as db:
        return db.execute(f"SELECT {staged.row}, {staged.broken}{cells} FROM {staged.scan} ORDER BY 1").fetchall()


def staged(tmp_path, content: str | bytes, *, name: str = "sales.csv", **options) -> Staged:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (tmp_path / "stage").mkdir(exist_ok=True)
    return stage(tmp_path / name, Source("sales", options), tmp_path / "stage")


def refused(tmp_path, content: str | bytes, **options) -> Problem:
    with pytest.raises(Problem) as caught:
        staged(tmp_path, content, **options)
    assert caught.value.said("zh") and caught.value.said("en")
    assert [one.name for one in (tmp_path / "stage").iterdir() if one.suffix != ".parquet"] == []
    return caught.value


@pytest.mark.parametrize(
    ("content", "coding", "found", "sure"),
    [
        (CHINESE, "utf-8", "utf-8", True),
        (CHINESE, "utf-8-sig", "utf-8", True),
        (CHINESE, "utf-16", "utf-16", True),
        (CHINESE, "utf-16-be", "utf-16-be", False),
        (CHINESE, "utf-32", "utf-32", True),
        (CHINESE, "gb18030", "gb18030", True),
        ("号,名\n1,张\n", "gb18030", "gb18030", False),
        (TRADITIONAL, "big5", "big5", False),
        (JAPANESE, "shift_jis", "shift_jis", False),
        (GERMAN, "cp1252", "cp1252", False),
        (GERMAN + "o9,“Öhm” – 5 €,Bonn,1\n", "cp1252", "cp1252", False),
        ("a,b\n1,2\n", "ascii", "utf-8", True),
    ],
)
def test_the_encoding_is_found_and_told(tmp_path, content, coding, found, sure):
    one = staged(tmp_path, content.encode(coding))
    assert (one.found["encoding"], one.found["encoding_sure"]) == (found, sure)
    lines = [tuple(line.split(",")) for line in content.splitlines()]
    assert tuple(one.columns) == lines[0]
    assert rows(one) == [(number, None, *line) for number, line in enumerate(lines[1:], 2)]


@pytest.mark.parametrize("damage", [b"\xff", b"\xe5\xbc", "王五".encode("gb18030")], ids=["one byte", "half a character", "another encoding"])
def test_a_damaged_utf_8_file_is_not_read_as_something_else(tmp_path, damage):
    found = refused(tmp_path, CHINESE.encode() + b"o12," + damage + b",x,1\n")
    assert (found.key, found.values["row"], found.values["column"], found.values["encoding"]) == ("undecodable", 14, "客户姓名", "utf-8")


def test_damage_deep_in_a_file_is_named_by_its_row(tmp_path):
    content = b"a,b\n" + b"1,2\n" * 700_000 + b"1,\xff\n"
    assert refused(tmp_path, content).values == {"file": "sales.csv", "row": 700_002, "column": "b", "encoding": "utf-8"}


def test_letters_of_no_known_kind_are_asked_for(tmp_path):
    content = ("заказ,клиент\n" + "".join(f"{i},Иванов Пётр\n" for i in range(9))).encode("cp1251")
    assert refused(tmp_path, content).key == "undecodable"
    assert rows(staged(tmp_path, content, encoding="cp1251"), "клиент")[0] == (2, None, "Иванов Пётр")


def test_a_declared_encoding_is_strict(tmp_path):
    assert refused(tmp_path, CHINESE.encode("gb18030"), encoding="utf-8").key == "undecodable"
    assert refused(tmp_path, CHINESE.encode("gb18030") + b"\xff\xff\n", encoding="gb18030").values["row"] == 14
    for name in ("utf-88", "hex", "zlib", "undefined", "a\0b"):
        assert refused(tmp_path, CHINESE, encoding=name).key == "unknown_encoding"


def test_bytes_of_no_text_are_refused(tmp_path):
    assert refused(tmp_path, bytes(range(256)) * 4 + bytes(5_000)).key == "not_text"
    assert refused(tmp_path, b"a,b\n1," + b"x" * (17 << 20)).key == "line_too_long"


@pytest.mark.parametrize(
    ("lines", "mark"),
    [
        (["a,b", "1,2"], ","),
        (["a;b", "1,5;2,5", "3,25;4"], ";"),
        (["a\tb", "x, y\tz, w", "x, y\tz, w"], "\t"),
        (["a|b", "1|2"], "|"),
        (["a^b", "1^2"], "^"),
        (['a,"b;c;d;e"', '1,"x;y;z;w"'], ","),
        (["a b", "1 2.5", "3 4"], "whitespace"),
        (["full name", "Anna Lee", "Bo Ek"], ","),
        (["only", "one"], ","),
        (["sep=|", "a|b,c", "1|2,3"], "|"),
    ],
)
def test_the_mark_is_found_in_the_records_not_only_in_the_header(tmp_path, lines, mark):
    assert staged(tmp_path, "\n".join(lines) + "\n").found["delimiter"] == mark


def test_a_title_above_the_header_does_not_hide_the_mark(tmp_path):
    content = "销售明细, 一月\n\n订单;金额\n甲1;1,50\n甲2;2,50\n"
    one = staged(tmp_path, content, header=3)
    assert (one.found["delimiter"], one.found["header_row"]) == (";", 3)
    assert rows(one) == [(4, None, "甲1", "1,50"), (5, None, "甲2", "2,50")]


def test_stacked_headers_are_joined(tmp_path):
    content = "report\n订单,,金额,\n编号,日期,应付,实付\n1,d,2,3\n"
    assert rows(staged(tmp_path, content, header=[2, 3]), "订单_编号", "订单_日期", "金额_应付", "金额_实付") == [(4, None, "1", "d", "2", "3")]


def test_a_header_that_is_not_there_is_named(tmp_path):
    assert refused(tmp_path, "a,b\n1,2\n", header=9).key == "header_beyond"
    assert refused(tmp_path, "a,b\n\n1,2\n", header=2).key == "header_blank"
    assert refused(tmp_path, "a,b\n1,2\n", header=2).values["row"] == 2  # nothing below


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", [0, 2])
def test_rows_are_numbered_by_the_lines_of_an_editor(tmp_path, ends, blank):
    content = ends.join([*[""] * blank, "a,b", "1,2", '3,"x', 'y"', "", "5,6,7", "8,9"])
    found = rows(staged(tmp_path, content), "a")
    assert found == [(blank + n, rule, a) for n, rule, a in [(2, None, "1"), (3, None, "3"), (6, "wrong_number_of_fields", None), (7, None, "8")]]


@pytest.mark.parametrize("last", ["5,6", "5,6,,", "5,6,7"], ids=["fast", "fast with marks", "line by line"])
def test_marks_at_the_end_of_a_line_hold_nothing(tmp_path, last):
    found = rows(staged(tmp_path, f"a,b\n1,2,\n3,4,,\n{last}\n"), "a", "b")
    assert found[:2] == [(2, None, "1", "2"), (3, None, "3", "4")]
    assert found[2][1] == ("wrong_number_of_fields" if last == "5,6,7" else None)


def test_a_header_with_a_newline_in_a_name_moves_the_rows(tmp_path):
    assert rows(staged(tmp_path, '"a\nb",c\n1,2\n'), "a b", "c") == [(3, None, "1", "2")]


def test_blanks_are_filled_from_above_where_that_is_declared(tmp_path):
    content = "order,item\no1,a\n,b\n x,\n,c,c\n ,d\n"
    found = rows(staged(tmp_path, content, fill_down=["order"]), "order", "item")
    assert found == [(2, None, "o1", "a"), (3, None, "o1", "b"), (4, None, " x", ""), (5, "wrong_number_of_fields", None, None), (6, None, " x", "d")]
    assert refused(tmp_path, content, fill_down=["ordr"]).values["near"] == "order"


@pytest.mark.parametrize("end", ["", "\n\n"], ids=["fast", "line by line"])
def test_only_the_rows_asked_for_are_kept(tmp_path, end):
    content = "kind,n\nsale,1\nfee,2\n sale ,3\n,4\n" + end
    one = staged(tmp_path, content, only={"column": "kind", "equals": ["sale", "it's"]})
    assert rows(one, "n") == [(2, None, "1"), (4, None, "3")]
    assert (one.found["rows"], one.found["left_aside"]) == (2, 2)
    assert rows(staged(tmp_path, content, only={"column": "kind", "equals": ""}), "n") == [(5, None, "4")]
    assert refused(tmp_path, content, only={"column": "kinds", "equals": "sale"}).values["near"] == "kind"


def test_a_broken_row_is_never_left_aside(tmp_path):
    found = rows(staged(tmp_path, "kind,n\nsale,1\nfee\nfee,2\n", only={"column": "kind", "equals": "sale"}), "n")
    assert found == [(2, None, "1"), (3, "wrong_number_of_fields", None)]


@pytest.mark.parametrize("coding", ["utf-8", "gb18030", "utf-16", "cp1252"])
def test_a_clean_file_takes_the_fast_way_and_leaves_no_copy(tmp_path, monkeypatch, coding):
    monkeypatch.setattr(text.csvfile, "records", None)  # the line-by-line reader must not be asked
    content = GERMAN if coding == "cp1252" else CHINESE
    assert len(rows(staged(tmp_path, content.encode(coding)))) == content.count("\n") - 1
    assert [one.suffix for one in (tmp_path / "stage").iterdir()] == [".parquet"]


TOKENS = ["a", "b", " ", '""', "1", "中", "'", "\\", '"x"', ' "y" ', '"p,q"', '"m\nn"', "#", "\t", "é", "NULL", "\u2028"]


def test_both_readers_agree_on_any_text(tmp_path, monkeypatch):
    chance, fast = random.Random(7), 0
    for trial in range(60):
        width = chance.choice([2, 3])
        lines = [",".join("abc"[:width])]
        for _ in range(chance.randint(1, 4)):
            lines.append(",".join(chance.choice(["", chance.choice(TOKENS)]) for _ in range(width)))
        content = "\n".join(lines) + "\n"
        one = staged(tmp_path, "k" + content + "z" + "," * (width - 1), name=f"{trial}.csv", delimiter=",")
        fast += "file_row_number" in one.row
        with monkeypatch.context() as patch:
            patch.setattr(text, "_clean", lambda *_: False)
            other = staged(tmp_path, "k" + content + "z" + "," * (width - 1), name=f"{trial}.csv", delimiter=",")
        trimmed = [[[(cell and str(cell).strip(" ")) or None for cell in row] for row in rows(each)] for each in (one, other)]
        assert trimmed[0] == trimmed[1], content
    assert 5 < fast < 60


def test_most_files_have_one_part(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert parts(tmp_path / "a.csv") == [{}]


def test_a_message_names_places_and_never_what_looks_like_a_person(tmp_path):
    mail = "zoe.quill@example.invalid"
    damaged = f'{{"customer": {{"id": 5, "mail": "{mail}"}}}}\n'.encode() * 3 + b'{"customer": {"id": 5, "mail": "\xff"}}\n'
    for name, content in {"s.jsonl": damaged, "s.csv": f"{mail},1,1,1\n{mail},2,2,2\n".encode() + b"\xc3\x28\xff,1,1,1\n" * 2,
                          "t.csv": f"{mail},{mail}\n1,2\n".encode(), "u.csv": f"{mail},a\n".encode()}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Problem) as caught:
            stage(tmp_path / name, Source("s", {"path": name, **({"encoding": "utf-8"} if name == "s.csv" else {})}), tmp_path)
        assert mail not in caught.value.said("bi") and "zoe" not in caught.value.said("bi")


def test_a_header_row_beyond_any_file_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Problem):
        stage(tmp_path / "s.csv", Source("s", {"path": "s.csv", "header": 10**30}), tmp_path)
