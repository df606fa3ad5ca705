"""Twelve made-up company exports, each with its truth: what the columns mean and what the totals are.

Every maker writes its files into a folder and gives an `Export`. All people are simulated; nothing is read from the product: the
facts are counted from the simulated sales. The same maker gives the same data every time.
"""

import csv
import io
import json
import random
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

CENT = Decimal("0.01")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰"
WARES = [("A1001", "挂耳咖啡", "Drip coffee", "39.90"), ("A1002", "冷萃液", "Cold brew", "59.00"), ("A1003", "燕麦奶", "Oat drink", "12.80"),
         ("B2001", "马克杯", "Mug", "45.00"), ("B2002", "手冲壶", "Kettle", "189.00"), ("B2003", "滤纸", "Filter paper", "9.95"),
         ("C3001", "坚果礼盒", "Nut box", "128.00"), ("C3002", "曲奇", "Biscuits", "26.50"), ("D4001", "磨豆机", "Grinder", "1280.00"),
         ("D4002", "电子秤", "Scale", "219.00"), ("E5001", "礼品袋", "Gift bag", "3.33"), ("E5002", "清洁刷", "Brush", "7.77")]


@dataclass(frozen=True)
class Export:
    """What one company hands over, and the truth about it.

    ``tables``: canonical table → canonical column → the source column that is right; a set: any of these; a tuple: these joined.
    Only what a right draft must have. ``also``: the same for columns that are welcome. ``by_file``: file name → what differs there.
    ``facts``: totals of a right build (see `truth`). ``unsure``: keys to ask about. ``hints``: key → what a person would answer.
    """

    name: str
    files: list[Path | str]
    tables: dict[str, dict[str, str | set | tuple]]
    facts: dict
    unsure: frozenset[str] = frozenset()
    hints: dict = field(default_factory=dict)
    also: dict[str, dict[str, str | set | tuple]] = field(default_factory=dict)
    by_file: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One article of an order; money in the currency of the shop."""

    sku: str
    name: str
    english: str
    quantity: Decimal
    price: Decimal
    discount: Decimal

    @property
    def amount(self) -> Decimal:
        return cents(self.quantity * self.price - self.discount)


@dataclass(frozen=True)
class Sale:
    """One simulated order; ``person`` is None where the buyer is not known."""

    number: int
    person: int | None
    when: datetime
    lines: tuple[Line, ...]

    @property
    def gross(self) -> Decimal:
        return sum((cents(line.quantity * line.price) for line in self.lines), Decimal(0))

    @property
    def discount(self) -> Decimal:
        return sum((line.discount for line in self.lines), Decimal(0))

    @property
    def amount(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def cents(value: Decimal) -> Decimal:
    """Round to the cent, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def simulate(seed: int, *, people: int, orders: int, first: date, days: int, anonymous: float = 0.08, most_lines: int = 4,
             discounts: bool = True) -> list[Sale]:
    """Give orders in the order of their times, shop hours only; a few people buy often, most once or twice."""
    draw = random.Random(seed)
    weights = [1 / (1 + place) ** 0.6 for place in range(people)]
    moments = sorted(datetime(first.year, first.month, first.day) + timedelta(
        days=draw.randrange(days), hours=draw.randrange(9, 21), minutes=draw.randrange(60), seconds=draw.randrange(60)) for _ in range(orders))
    sales = []
    for number, when in enumerate(moments, 1):
        person = None if draw.random() < anonymous else draw.choices(range(1, people + 1), weights)[0]
        lines = []
        for sku, name, english, price in draw.sample(WARES, draw.randint(1, most_lines)):
            quantity, each = Decimal(draw.choice([1, 1, 1, 2, 2, 3, 6])), Decimal(price)
            less = cents(quantity * each * draw.randint(1, 3) / 20) if discounts and draw.random() < 0.2 else Decimal("0.00")
            lines.append(Line(sku, name, english, quantity, each, less))
        sales.append(Sale(number, person, when, tuple(lines)))
    return sales


def truth(rows: Iterable[tuple[str, str | None, date, Decimal]], *, currency: str, lines: bool = False, **more: object) -> dict:
    """Count what a right build holds.

    `rows`: (order, customer, day, amount), one per row that carries money. ``orders`` counts every document, returns too;
    ``customers`` those that are known; ``anonymous`` the orders of nobody known; ``net`` the money with returns taken off;
    ``lines`` the rows of order_lines (0 where orders carry the money); ``broken`` rows cannot be read and are in none of these.
    """
    rows = list(rows)
    known = {order: who for order, who, _, _ in rows}
    return {"orders": len(known), "customers": len({who for who in known.values() if who}),
            "anonymous": sum(not who for who in known.values()), "net": sum((amount for *_, amount in rows), Decimal(0)),
            "lines": len(rows) if lines else 0, "returns_rows": sum(amount < 0 for *_, amount in rows),
            "first_day": min(row[2] for row in rows), "last_day": max(row[2] for row in rows), "currency": currency,
            "broken": 0, "repeats": 0, **more}


def phone(person: int) -> str:
    """Give a number that nobody can have."""
    return f"100-0000-{person:04d}"


def mail(person: int) -> str:
    return f"member{person}@example.com"


def chinese_name(person: int) -> str:
    return SURNAMES[person % len(SURNAMES)] + GIVEN[person * 7 % len(GIVEN)] + GIVEN[person * 11 % len(GIVEN)]


def full_width(text: str) -> str:
    """Write ASCII as an input method in full-width mode does."""
    return "".join(chr(ord(one) + 0xFEE0) if 0x21 <= ord(one) <= 0x7E else one for one in text)


def write_text(path: Path, rows: list[list], *, encoding: str, delimiter: str = ",", end: str = "\r\n") -> Path:
    """Write rows as delimited text; None is blank."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows([["" if one is None else one for one in row] for row in rows])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def repeated(rows: list[list], places: list[int]) -> list[list]:
    """Give `rows` with some of them a second time, right behind the first."""
    return [one for place, row in enumerate(rows) for one in ([row, list(row)] if place in places else [row])]


def blank(draw: random.Random, value: object, share: float) -> object:
    return None if draw.random() < share else value


def workbook(path: Path) -> object:
    """Open a workbook whose bytes do not depend on the day it is made."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": datetime(2025, 1, 1)})
    return book


def erp_gb18030(folder: Path) -> Export:
    """GB18030, semicolons, one row per order; digits typed in full width here and there; "-" for a walk-in customer."""
    draw = random.Random(101)
    sales = simulate(1, people=220, orders=900, first=date(2024, 1, 2), days=330)
    rows, kept = [], []
    for sale in sales:
        code = f"C{sale.person:05d}" if sale.person else None
        order, paid = f"XS{sale.when:%Y%m}-{sale.number:05d}", f"{sale.amount}"
        shown = [order, f"{sale.when:%Y-%m-%d}", code or "-", chinese_name(sale.person) if code else "零售散客",
                 draw.choice(["王经理", "小陈", "小刘"]),
                 blank(draw, phone(sale.person), 0.3) if code else None, f"{sale.gross}", f"{sale.discount}", paid,
                 draw.choice(["微信", "支付宝", "现金", "对公转账"]), f"{sale.when + timedelta(days=draw.randint(0, 3)):%Y-%m-%d}",
                 draw.choice([None, None, None, "急单；请先发货", "客户要求开票", "改过地址, 已确认"])]
        if draw.random() < 0.12:
            shown[6:9] = map(full_width, shown[6:9])
        if code and draw.random() < 0.05:
            shown[2] = full_width(code)
        rows.append(shown)
        kept.append((order, code, sale.when.date(), sale.amount))
    rows = repeated(rows, [40, 300, 777])
    rows.insert(500, ["XS202407-作废01", "2024-07-01", "C00007", chinese_name(7), "小陈", None, "100.00", "0.00", "作废", "现金", "2024-07-01", None])
    head = ["序号", "单据编号", "单据日期", "往来单位编码", "往来单位名称", "业务员", "联系电话", "应收金额(元)", "优惠金额(元)", "实收金额(元)",
            "结算方式", "审核日期", "备注"]
    numbered = [[place, *row] for place, row in enumerate(rows, 1)]
    numbered.insert(200, [201, "XS202403-断行", "2024-03-"])  # a record cut short
    path = write_text(folder / "销售订单导出.csv", [head, *numbered], encoding="gb18030", delimiter=";")
    return Export("erp_gb18030", [path],
                  {"orders": {"order_id": "单据编号", "customer_id": "往来单位编码", "order_ts": "单据日期", "net_amount": "实收金额(元)"}},
                  truth(kept, currency="CNY", broken=2, repeats=3), hints={"currency": "CNY", "timezone": "Asia/Shanghai"},
                  also={"orders": {"gross_amount": "应收金额(元)", "discount_amount": "优惠金额(元)", "payment": "结算方式"},
                        "customers": {"customer_id": "往来单位编码", "display_name": "往来单位名称", "phone": "联系电话"}})


def excel_merged(folder: Path) -> Export:
    """Excel under two title rows; the order's cells are merged over its lines; a total below; real dates."""
    draw = random.Random(102)
    sales = simulate(2, people=160, orders=420, first=date(2024, 3, 1), days=270, discounts=False)
    path = folder / "2024年销售明细.xlsx"
    book = workbook(path)
    sheet, stamp = book.add_worksheet("销售明细"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    head = ["订单号", "会员编号", "下单时间", "收货人", "商品编码", "商品名称", "数量", "单价", "金额(元)", "支付方式", "备注"]
    sheet.merge_range(0, 0, 0, len(head) - 1, "示例食品有限公司销售明细表")
    sheet.merge_range(1, 0, 1, len(head) - 1, "制表日期：2024-12-31    制表人：系统    单位：元")
    sheet.write_row(2, 0, head)
    row, kept, total = 3, [], Decimal(0)
    for sale in sales:
        order, code = f"DD{sale.when:%y%m%d}{sale.number:04d}", f"HY{sale.person:04d}" if sale.person else None
        shared = {0: order, 1: code, 2: sale.when, 3: chinese_name(sale.person) if code else None, 9: draw.choice(["微信", "支付宝", "银行卡"])}
        last = row + len(sale.lines) - 1
        for column, value in shared.items():
            form = stamp if column == 2 else None
            if last > row:
                sheet.merge_range(row, column, last, column, "", form)
            if column == 2:
                sheet.write_datetime(row, column, value, form)
            elif value is not None:
                sheet.write_string(row, column, value)
        for line in sale.lines:
            sheet.write_row(row, 4, [line.sku, line.name, float(line.quantity), float(line.price), float(line.amount)])
            if draw.random() < 0.1:
                sheet.write_string(row, 10, draw.choice(["赠小样", "易碎", "已开票"]))
            kept.append((order, code, sale.when.date(), line.amount))
            total, row = total + line.amount, row + 1
    sheet.merge_range(row, 0, row, 7, "合计")
    sheet.write_number(row, 8, float(total))
    book.close()
    return Export("excel_merged", [path],
                  {"orders": {"order_id": "订单号", "customer_id": "会员编号", "order_ts": "下单时间"},
                   "order_lines": {"order_id": "订单号", "product_id": "商品编码", "quantity": "数量", "net_amount": "金额(元)"}},
                  truth(kept, currency="CNY", lines=True, broken=1), hints={"currency": "CNY", "timezone": "Asia/Shanghai"},
                  also={"orders": {"payment": "支付方式"}, "order_lines": {"unit_price": "单价"},
                        "products": {"product_id": "商品编码", "name": "商品名称"},
                        "customers": {"customer_id": "会员编号", "display_name": "收货人"}})


def order_lines_csv(folder: Path) -> Export:
    """Order lines with quantity and price apart and no line amount; credit notes have negative quantities."""
    draw = random.Random(103)
    sales = simulate(3, people=300, orders=1000, first=date(2023, 11, 6), days=300)
    rows, kept = [], []
    for sale in sales:
        code = f"D-{10000 + sale.person}" if sale.person else None
        credit = sale.number % 60 == 0
        order, sign = f"{'CM' if credit else 'SO'}-{sale.number:06d}", -1 if credit else 1
        for number, line in enumerate(sale.lines, 1):
            rows.append([f"{240000 + sale.number}", order, number * 10, f"{sale.when:%Y-%m-%d}",
                         f"{sale.when + timedelta(days=draw.randint(1, 9)):%Y-%m-%d}",
                         code, f"Sample Customer {sale.person}" if code else "Cash sale", line.sku, line.english, sign * line.quantity, line.price,
                         sign * line.discount, "EUR", draw.choice(["AB", "CD", "EF"]), blank(draw, "pls call first, then deliver", 0.9)])
            kept.append((order, code, sale.when.date(), sign * line.amount))
    rows = repeated(rows, [100, 1500])
    rows.insert(700, ["240999", "SO-ERR", 10, "0000-00-00", "", "D-10005", "Sample Customer 5", "A1001", "Drip coffee", 1, "39.90", 0, "EUR", "AB",
                      ""])
    head = ["Entry No", "Document No", "Line No", "Posting Date", "Ship Date", "Customer No", "Customer Name", "Item No", "Description", "Qty",
            "Unit Price", "Line Discount Amt", "Currency Code", "Salesperson", "Comment"]
    path = write_text(folder / "posted_sales_lines.csv", [head, *rows], encoding="utf-8", end="\n")
    return Export("order_lines_csv", [path],
                  {"orders": {"order_id": "Document No", "customer_id": "Customer No", "order_ts": "Posting Date"},
                   "order_lines": {"order_id": "Document No", "product_id": "Item No", "quantity": "Qty", "unit_price": "Unit Price",
                                   "discount_amount": "Line Discount Amt"}},
                  truth(kept, currency="EUR", lines=True, broken=1, repeats=2), hints={"currency": "EUR", "timezone": "Europe/Berlin"},
                  also={"orders": {"currency": "Currency Code"}, "order_lines": {"line_no": "Line No"},
                        "products": {"product_id": "Item No", "name": "Description"},
                        "customers": {"customer_id": "Customer No", "display_name": "Customer Name"}})


def shop_orders(folder: Path) -> Export:
    """A web shop's list, one row per order: three amounts, three times, four numbers that look like ids."""
    draw = random.Random(104)
    sales = simulate(4, people=500, orders=1600, first=date(2024, 1, 1), days=360)
    rows, kept = [], []
    for sale in sales:
        order, code = f"E{20240000000 + sale.number * 37}", f"{800000 + sale.person}" if sale.person else None
        freight = Decimal(draw.choice(["0.00", "0.00", "8.00", "12.00"]))
        gross, less = (Decimal("99.00"), Decimal("99.00")) if sale.number % 150 == 0 else (sale.gross, sale.discount)
        freight = Decimal("0.00") if gross == less else freight
        paid = gross - less + freight
        made = sale.when
        rows.append([f"{9000000 + sale.number}", order, f"JD{draw.randrange(10**8):08d}", f"t_{sale.person}**" if code else "游客", code,
                     blank(draw, phone(sale.person), 0.05) if code else None, draw.choice(["已完成", "已完成", "已发货"]),
                     f"{made.year}/{made.month}/{made.day} {made:%H:%M}", f"{made + timedelta(minutes=2):%Y/%m/%d %H:%M}",
                     blank(draw, f"{made + timedelta(days=2):%Y/%m/%d %H:%M}", 0.1), int(sum(line.quantity for line in sale.lines)), gross, less,
                     freight, paid, blank(draw, "NEW2024", 0.85), draw.choice(["APP", "小程序", "PC"]),
                     draw.choice([None, None, "请尽快发货", "放门卫, 谢谢", "含\"易碎\"标"])])
        kept.append((order, code, made.date(), paid))
    rows = repeated(rows, [10, 11, 1234])
    rows.insert(64, ["9999999", "E2024BAD", "JD00000000", "t_9**", "800009", None, "已完成", "2024/13/45 10:00", "", "", 1, "10.00", "0.00", "0.00",
                     "10.00",
                     "", "APP", ""])
    head = ["流水号", "订单编号", "外部单号", "买家昵称", "会员ID", "手机号", "订单状态", "创建时间", "付款时间", "发货时间", "商品件数", "应收金额",
            "优惠金额",
            "运费", "实收金额", "优惠券码", "渠道", "客服备注"]
    path = write_text(folder / "orders_export.csv", [head, *rows], encoding="utf-8-sig")
    return Export("shop_orders", [path],
                  {"orders": {"order_id": "订单编号", "customer_id": "会员ID", "order_ts": "创建时间", "net_amount": "实收金额"}},
                  truth(kept, currency="CNY", broken=1, repeats=3), hints={"currency": "CNY", "timezone": "Asia/Shanghai"},
                  also={"orders": {"gross_amount": "应收金额", "discount_amount": "优惠金额", "shipping": "运费", "channel": "渠道"},
                        "customers": {"customer_id": "会员ID", "phone": "手机号", "display_name": "买家昵称"}})


def payments(folder: Path) -> Export:
    """One row per payment: many orders are paid in parts, some amounts go back; no word of the currency."""
    draw = random.Random(105)
    sales = simulate(5, people=260, orders=700, first=date(2024, 2, 5), days=300, anonymous=0.04)
    rows, kept = [], []

    def pay(sale: Sale, amount: Decimal, days: int, status: str) -> None:
        order, code = f"ORD{sale.number:05d}", f"u{sale.person:04d}" if sale.person else None
        when, fee = sale.when + timedelta(days=days, seconds=len(rows) % 50), cents(abs(amount) * Decimal("0.014"))
        rows.append([f"py_{len(rows) + 100001}", order, code, f"INV-{70000 + sale.number}", f"{sale.when:%d/%m/%Y}", f"{when:%d/%m/%Y %H:%M:%S}",
                     draw.choice(["card", "card", "wallet", "bank"]), amount, fee, amount - fee, status, draw.choice(["IE", "NL", "PT", None])])
        kept.append((order, code, sale.when.date(), amount))

    for sale in sales:
        parts = draw.choice([1, 1, 1, 2, 3]) if sale.amount > 30 else 1
        share = cents(sale.amount / parts)
        for part in range(parts):
            pay(sale, sale.amount - share * (parts - 1) if part == parts - 1 else share, part * 30, "captured")
        if sale.number % 45 == 0:
            pay(sale, -cents(sale.amount / 2), 12, "refunded")
    rows.insert(400, ["py_err", "ORD99999", "u0003", "INV-x", "12/05/2024", "12/05/2024 10:00:00", "card", "n/a", "n/a", "n/a", "captured", "NL"])
    head = ["payment_id", "order_ref", "customer_ref", "invoice_no", "order_date", "captured_at", "method", "amount_captured", "fee",
            "net_settlement",
            "status", "card_country"]
    path = write_text(folder / "payments_2024.csv", [head, *rows], encoding="utf-8", end="\n")
    return Export("payments", [path],
                  {"orders": {"order_id": "order_ref", "customer_id": "customer_ref", "order_ts": "order_date"},
                   "order_lines": {"order_id": "order_ref", "net_amount": "amount_captured"}},
                  truth(kept, currency="EUR", lines=True, broken=1), frozenset({"currency"}),
                  {"currency": "EUR", "timezone": "Europe/Dublin"}, also={"orders": {"payment": "method"}})


def survey_spss(folder: Path) -> Export:
    """Long SPSS: one row per respondent and question, value labels, 99 declared as a user-missing code."""
    import pandas as pd
    import pyreadstat

    draw = random.Random(106)
    rows = []
    for person in range(1, 361):
        day, seconds, weight = date(2024, 5, 6) + timedelta(days=draw.randrange(40)), draw.randrange(90, 900), round(draw.uniform(0.5, 1.8), 4)
        liking, wave = draw.randint(2, 6), 1 if person <= 200 else 2
        customer = f"C{person * 3:05d}" if draw.random() < 0.8 else ""
        for item in range(1, 9):
            answer = 99 if draw.random() < 0.04 else min(7, max(1, liking + draw.randint(-2, 2)))
            rows.append((5000 + person, customer, wave, f"Q{item}", answer, day, seconds, weight, draw.choice([1, 2])))
    frame = pd.DataFrame(rows, columns=["RESPID", "CUSTNO", "WAVE", "ITEM", "ANSWER", "INTDATE", "DUR", "WGT", "SEX"])
    path = folder / "satisfaction_long.sav"
    scale = {1: "非常不满意", 2: "不满意", 3: "较不满意", 4: "一般", 5: "较满意", 6: "满意", 7: "非常满意", 99: "拒答"}
    pyreadstat.write_sav(frame, str(path), column_labels=["受访者编号", "客户编号", "调查期次", "题号", "评分", "访问日期", "作答时长（秒）",
                                                          "加权系数", "性别"],
                         variable_value_labels={"ANSWER": scale, "SEX": {1: "男", 2: "女"}}, missing_ranges={"ANSWER": [99]},
                         variable_measure={"ANSWER": "ordinal"})
    answers = [row[4] for row in rows if row[4] != 99]
    facts = {"responses": len(rows), "respondents": 360, "items": 8, "blank": len(rows) - len(answers), "value_sum": sum(answers),
             "customers": len({row[1] for row in rows if row[1]}), "first_day": min(row[5] for row in rows), "last_day": max(row[5] for row in rows)}
    return Export("survey_spss", [path],
                  {"survey_responses": {"respondent_id": "RESPID", "item_id": "ITEM", "value_num": "ANSWER", "customer_id": "CUSTNO", "wave": "WAVE",
                                        "answered_at": "INTDATE"}},
                  facts, hints={"currency": "CNY", "timezone": "Asia/Shanghai", "survey_id": "satisfaction_2024"},
                  also={"survey_responses": {"duration_s": "DUR", "weight": "WGT"}})


def crm_sqlite(folder: Path) -> Export:
    """A CRM in SQLite: customers, orders, contacts, tickets and a log that belongs to nobody."""
    draw = random.Random(107)
    sales = simulate(7, people=400, orders=1300, first=date(2023, 9, 1), days=420, anonymous=0.05)
    path = folder / "crm.db"
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE t_customer (id INTEGER PRIMARY KEY, cust_no TEXT, cust_name TEXT, sex TEXT, mobile TEXT, email TEXT, birthday TEXT,
                                 reg_time TEXT, src_cd TEXT, city TEXT, upd_time TEXT);
        CREATE TABLE t_order (id INTEGER PRIMARY KEY, order_no TEXT, cust_no TEXT, create_time TEXT, pay_time TEXT, status_cd TEXT,
                              total_amt NUMERIC, disc_amt NUMERIC, pay_amt NUMERIC, shop_no TEXT, memo TEXT);
        CREATE TABLE t_contact (contact_no TEXT, cust_no TEXT, role TEXT, is_key INTEGER);
        CREATE TABLE t_ticket (ticket_no TEXT, cust_no TEXT, order_no TEXT, open_time TEXT, close_time TEXT, ticket_type TEXT,
                               level INTEGER, content TEXT);
        CREATE TABLE sys_log (log_id INTEGER PRIMARY KEY, op_time TEXT, operator TEXT, action TEXT);
    """)
    for person in range(1, 421):  # twenty have not bought yet
        db.execute("INSERT INTO t_customer VALUES (?,?,?,?,?,?,?,?,?,?,?)", (
            person, f"K{person:06d}", chinese_name(person), draw.choice(["男", "女", None]), blank(draw, phone(person), 0.1),
            blank(draw, mail(person), 0.5),
            blank(draw, f"{draw.randint(1955, 2004)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}", 0.4),
            f"2023-{draw.randint(1, 8):02d}-{draw.randint(1, 28):02d} 10:00:00", draw.choice(["WX", "TM", "MD", "QT"]),
            draw.choice(["杭州", "成都", "沈阳", None]), "2024-11-01 02:00:00"))
    kept = []
    for sale in sales:
        order, code = f"SO{sale.when:%Y%m%d}{sale.number:05d}", f"K{sale.person:06d}" if sale.person else None
        db.execute("INSERT INTO t_order VALUES (?,?,?,?,?,?,?,?,?,?,?)", (
            sale.number, order, code, f"{sale.when:%Y-%m-%d %H:%M:%S}", f"{sale.when + timedelta(minutes=4):%Y-%m-%d %H:%M:%S}",
            draw.choice(["20", "30"]),
            float(sale.gross), float(sale.discount), float(sale.amount), draw.choice(["S01", "S02", "S07"]), blank(draw, "电话确认过", 0.9)))
        kept.append((order, code, sale.when.date(), sale.amount))
        if code and sale.number % 9 == 0:
            opened = sale.when + timedelta(days=3)
            db.execute("INSERT INTO t_ticket VALUES (?,?,?,?,?,?,?,?)", (
                f"TK{sale.number:05d}", code, order, f"{opened:%Y-%m-%d %H:%M:%S}",
                blank(draw, f"{opened + timedelta(days=1):%Y-%m-%d %H:%M:%S}", 0.1),
                draw.choice(["投诉", "咨询", "退货", "维修"]), draw.randint(1, 5), "模拟工单内容"))
    for person in range(1, 421, 6):
        db.execute("INSERT INTO t_contact VALUES (?,?,?,?)",
                   (f"LX{person:05d}", f"K{person:06d}", draw.choice(["buyer", "decider", "user"]), person % 2))
    db.executemany("INSERT INTO sys_log VALUES (?,?,?,?)", [(n, "2024-10-01 08:00:00", "admin", "login") for n in range(50)])
    db.execute("INSERT INTO t_order VALUES (99999,'SO-TEST','K000001','测试','测试','20',1,0,'测试','S01','测试单')")
    db.commit()
    db.close()
    return Export("crm_sqlite", [f"sqlite:///{path.resolve()}"],
                  {"orders": {"order_id": "order_no", "customer_id": "cust_no", "order_ts": "create_time", "net_amount": "pay_amt"},
                   "customers": {"customer_id": "cust_no", "display_name": "cust_name", "registered_at": "reg_time"}},
                  truth(kept, currency="CNY", broken=1, customer_rows=420), hints={"currency": "CNY", "timezone": "Asia/Shanghai"},
                  also={"orders": {"gross_amount": "total_amt", "discount_amount": "disc_amt", "store_id": "shop_no"},
                        "customers": {"gender": "sex", "phone": "mobile", "e_mail": "email", "birth_date": "birthday", "acq_channel": "src_cd",
                                      "address": "city",
                                      "region_code": "city"},
                        "contacts": {"contact_id": "contact_no", "customer_id": "cust_no", "role": "role", "is_key": "is_key"},
                        "service_cases": {"case_id": "ticket_no", "customer_id": "cust_no", "order_id": "order_no", "opened_at": "open_time",
                                          "closed_at": "close_time", "type": "ticket_type", "severity": "level", "text": "content"}})


def events_jsonl(folder: Path) -> Export:
    """A tracker's nested events; purchases carry an order number and an amount; times are milliseconds since 1970."""
    draw = random.Random(108)
    sales = simulate(8, people=180, orders=450, first=date(2024, 4, 1), days=250, anonymous=0.1, discounts=False)
    lines, kept, count = [], [], 0

    def event(kind: str, when: datetime, sale: Sale, known: bool, **props: object) -> None:
        nonlocal count
        count += 1
        milliseconds = int((when - datetime(1970, 1, 1)).total_seconds() * 1000) - 8 * 3_600_000  # the shop's clock is eight hours ahead
        user = {"id": f"m{sale.person:05d}" if known and sale.person else None,
                "anon": f"dev-{(sale.person or 900 + sale.number) * 7919 % 10**6:06d}"}
        lines.append(json.dumps({"event_id": f"ev{count:07d}", "ts": milliseconds, "event": kind, "user": user, "session": f"s{sale.number:06d}",
                                 "ctx": {"platform": ["web", "app", "wechat"][sale.number % 3], "device": ["ios", "android", "pc"][sale.number % 3],
                                         "ab": ["x1", "y2"]}, "props": props}, ensure_ascii=False))

    for sale in sales:
        for step, line in enumerate(sale.lines):
            event("page_view", sale.when - timedelta(minutes=20 - step), sale, draw.random() < 0.5, sku=line.sku)
        event("cart", sale.when - timedelta(minutes=5), sale, True, sku=sale.lines[0].sku, qty=int(sale.lines[0].quantity))
        event("checkout", sale.when - timedelta(minutes=2), sale, True)
        event("purchase", sale.when, sale, True, order_no=f"W{sale.number:06d}", amount=float(sale.amount), currency="CNY", coupon=None)
        kept.append((f"W{sale.number:06d}", f"m{sale.person:05d}" if sale.person else None, sale.when.date(), sale.amount))
    facts = truth(kept, currency="CNY", broken=1, repeats=3, events=len(lines))
    text = [one for place, line in enumerate(lines) for one in ([line] * 2 if place in (5, 700, 1500) else [line])]
    text.insert(900, lines[3][:60])  # the writer was stopped in the middle of a line
    path = folder / "events.jsonl"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return Export("events_jsonl", [path],
                  {"events": {"event_id": "event_id", "customer_id": "user.id", "anonymous_id": "user.anon", "session_id": "session", "ts": "ts",
                              "type": "event"},
                   "orders": {"order_id": "props.order_no", "customer_id": "user.id", "order_ts": "ts", "net_amount": "props.amount"}},
                  facts, hints={"currency": "CNY", "timezone": "Asia/Shanghai"},
                  also={"events": {"product_id": "props.sku", "value": "props.amount", "channel": "ctx.platform", "device": "ctx.device"},
                        "orders": {"currency": "props.currency", "channel": "ctx.platform"}})


def till_utf16(folder: Path) -> Export:
    """A till's UTF-16 table: tabs, days as 20240131, thousands marks, card numbers with leading zeros, Hong Kong dollars."""
    draw = random.Random(109)
    sales = simulate(9, people=240, orders=1100, first=date(2024, 1, 5), days=340, anonymous=0.35)
    rows, kept = [], []
    for sale in sales:
        order, card = f"T{sale.number + 410000}", f"{sale.person * 13:08d}" if sale.person else None
        rows.append([order, f"{sale.when:%Y%m%d}", f"{sale.when + timedelta(days=1):%Y%m%d}", draw.choice(["HK01", "HK02", "HK05"]), card,
                     blank(draw, phone(sale.person), 0.5) if card else None, len(sale.lines), f"{sale.gross:,}", f"{sale.discount:,}",
                     f"{sale.amount:,}",
                     draw.choice(["OCT", "VISA", "CASH"]), blank(draw, "員工價", 0.95)])
        kept.append((order, card, sale.when.date(), sale.amount))
    rows = repeated(rows, [900])
    rows.insert(333, ["T000000", "20240230", "20240301", "HK01", "00000013", None, 1, "1.00", "0.00", "1.00", "CASH", None])  # 30 February
    head = ["TRX_NO", "TRX_DT", "POST_DT", "STORE", "CARD_NO", "TEL", "ITEM_CNT", "GROSS_HKD", "DISC_HKD", "NET_HKD", "TENDER", "REMARK"]
    path = write_text(folder / "till_export.txt", [head, *rows], encoding="utf-16", delimiter="\t")
    return Export("till_utf16", [path],
                  {"orders": {"order_id": "TRX_NO", "customer_id": "CARD_NO", "order_ts": "TRX_DT", "net_amount": "NET_HKD"}},
                  truth(kept, currency="HKD", broken=1, repeats=1), hints={"currency": "HKD", "timezone": "Asia/Hong_Kong", "date_format": "%Y%m%d"},
                  also={"orders": {"gross_amount": "GROSS_HKD", "discount_amount": "DISC_HKD", "store_id": "STORE", "payment": "TENDER"},
                        "customers": {"customer_id": "CARD_NO", "phone": "TEL"}})


def german_lines(folder: Path) -> Export:
    """A German merchandise system: Latin-1, semicolons, 1.234,50 and 31.01.2024; the discount is a percentage."""
    draw = random.Random(110)
    sales = simulate(10, people=180, orders=600, first=date(2024, 1, 8), days=330, discounts=False)
    rows, kept = [], []

    def written(number: Decimal) -> str:
        return f"{number:,}".translate(str.maketrans(",.", ".,"))

    for sale in sales:
        order, code = f"AU{240000 + sale.number}", f"{10000 + sale.person}" if sale.person else None
        for place, line in enumerate(sale.lines, 1):
            percent = draw.choice([0, 0, 0, 5, 10])
            quantity = Decimal("0.5") if line.sku == "C3002" else line.quantity
            amount = cents(quantity * line.price * (100 - percent) / 100)
            rows.append([order, place, f"{sale.when:%d.%m.%Y}", f"{sale.when + timedelta(days=3):%d.%m.%Y}", code,
                         f"Muster Käufer {sale.person} GmbH" if code else "Laufkundschaft", line.sku,
                         line.english + draw.choice(["", " groß", " für Büro"]),
                         written(quantity), written(line.price), f"{percent},00", written(amount), draw.choice(["Mü", "Sc"]),
                         blank(draw, "Rückfrage nötig", 0.9)])
            kept.append((order, code, sale.when.date(), amount))
    rows.insert(250,
                ["AU249999", 1, "31.02.2024", "", "10002", "Muster Käufer 2 GmbH", "A1001", "Drip coffee", "1", "39,90", "0,00", "39,90", "Sc", ""])
    head = ["Auftragsnr", "Pos", "Auftragsdatum", "Lieferdatum", "Kundennr", "Kundenname", "Artikelnr", "Bezeichnung", "Menge", "Einzelpreis EUR",
            "Rabatt %",
            "Gesamtpreis EUR", "Bearbeiter", "Bemerkung"]
    path = write_text(folder / "Auftragspositionen.csv", [head, *rows], encoding="latin-1", delimiter=";")
    return Export("german_lines", [path],
                  {"orders": {"order_id": "Auftragsnr", "customer_id": "Kundennr", "order_ts": "Auftragsdatum"},
                   "order_lines": {"order_id": "Auftragsnr", "product_id": "Artikelnr", "quantity": "Menge", "net_amount": "Gesamtpreis EUR"}},
                  truth(kept, currency="EUR", lines=True, broken=1), hints={"currency": "EUR", "timezone": "Europe/Berlin"},
                  also={"order_lines": {"line_no": "Pos", "unit_price": "Einzelpreis EUR"},
                        "products": {"product_id": "Artikelnr", "name": "Bezeichnung"},
                        "customers": {"customer_id": "Kundennr", "display_name": "Kundenname", "company_name": "Kundenname"}})


def excel_returns(folder: Path) -> Export:
    """Excel with days as plain serial numbers; a return is a row of its own with negative quantity and amount; notes on a second sheet."""
    draw = random.Random(111)
    sales = simulate(11, people=200, orders=650, first=date(2024, 2, 1), days=300)
    path = folder / "开单记录.xlsx"
    book = workbook(path)
    sheet = book.add_worksheet("开单记录")
    head = ["单号", "原单号", "客户代码", "客户名称", "开单日期", "记账日期", "类型", "数量合计", "成本", "金额（元）", "毛利", "备注"]
    rows, kept = [], []

    def note(order: str, first: str | None, sale: Sale, days: int, sign: int) -> None:
        code, serial = f"KH{sale.person:04d}" if sale.person else None, (sale.when.date() - date(1899, 12, 30)).days + days
        cost, amount = sign * cents(sale.amount * Decimal("0.6")), sign * sale.amount
        rows.append([order, first, code, chinese_name(sale.person) if code else None, serial, serial + draw.randint(0, 2),
                     "销售" if sign > 0 else "退货",
                     sign * int(sum(line.quantity for line in sale.lines)), float(cost), float(amount), float(amount - cost),
                     blank(draw, "月结", 0.8)])
        kept.append((order, code, sale.when.date() + timedelta(days=days), amount))

    for sale in sales:
        order = f"XSD{sale.number:06d}"
        note(order, None, sale, 0, 1)
        if sale.number % 30 == 0 and sale.person:
            note(f"THD{sale.number:06d}", order, sale, 7, -1)
    facts = truth(kept, currency="CNY", broken=1, repeats=2)
    rows = repeated(rows, [77, 400])
    rows.insert(120, ["XSD-坏行", None, "KH0003", None, "待定", None, "销售", 1, 1.0, 2.0, 1.0, None])
    sheet.write_row(0, 0, head)
    for place, row in enumerate(rows, 1):
        sheet.write_row(place, 0, row)
    notes = book.add_worksheet("说明")
    notes.write_column(0, 0, ["本表由开单系统导出", "退货以负数表示", "联系人：信息部"])
    book.close()
    return Export("excel_returns", [path],
                  {"orders": {"order_id": "单号", "customer_id": "客户代码", "order_ts": "开单日期", "net_amount": "金额（元）"}}, facts,
                  hints={"currency": "CNY", "timezone": "Asia/Shanghai", "date_format": "excel"},
                  also={"orders": {"returned_order_id": "原单号"}, "customers": {"customer_id": "客户代码", "display_name": "客户名称"}})


def returns_apart(folder: Path) -> Export:
    """Sales in one file, returns in another: there the amounts are positive and name the order that came back."""
    draw = random.Random(112)
    sales = simulate(12, people=350, orders=1200, first=date(2024, 1, 3), days=350, anonymous=0.03)
    rows, back, kept = [], [], []
    for sale in sales:
        order, code = f"{5000000 + sale.number}", f"ACC-{sale.person:05d}" if sale.person else None
        rows.append([order, code, mail(sale.person) if code else None, f"{sale.when:%Y-%m-%d %H:%M:%S}",
                     blank(draw, f"{sale.when + timedelta(days=2):%Y-%m-%d}", 0.1),
                     draw.choice(["Web", "Phone", "Store"]), sale.gross, sale.discount, sale.amount, blank(draw, "leave at door; ring twice", 0.9)])
        kept.append((order, code, sale.when.date(), sale.amount))
        if code and sale.number % 25 == 0:
            when, amount = sale.when + timedelta(days=draw.randint(3, 20)), sale.lines[0].amount
            back.append([f"RMA-{sale.number:05d}", order, code, f"{when:%Y-%m-%d %H:%M:%S}", draw.choice(["damaged", "wrong size", "changed mind"]),
                         int(sale.lines[0].quantity), amount])
            kept.append((f"RMA-{sale.number:05d}", code, when.date(), -amount))
    rows = repeated(rows, [600, 601])
    rows.insert(30, ["5999999", "ACC-00002", mail(2), "not yet", "", "Web", "10.00", "0.00", "10.00", ""])
    head = ["OrderID", "AccountID", "ContactEmail", "OrderDate", "ShipDate", "Channel", "Subtotal (USD)", "Discount (USD)", "Total (USD)", "Notes"]
    return_head = ["ReturnID", "OriginalOrderID", "AccountID", "ReturnDate", "Reason", "Units", "RefundTotal (USD)"]
    files = [write_text(folder / "sales_2024.csv", [head, *rows], encoding="utf-8"),
             write_text(folder / "returns_2024.csv", [return_head, *back], encoding="utf-8")]
    returned = {"order_id": "ReturnID", "customer_id": "AccountID", "order_ts": "ReturnDate", "net_amount": "RefundTotal (USD)",
                "returned_order_id": "OriginalOrderID"}
    return Export("returns_apart", files,
                  {"orders": {"order_id": "OrderID", "customer_id": "AccountID", "order_ts": "OrderDate", "net_amount": "Total (USD)"}},
                  truth(kept, currency="USD", broken=1, repeats=2), hints={"currency": "USD", "timezone": "America/New_York"},
                  also={"orders": {"gross_amount": "Subtotal (USD)", "discount_amount": "Discount (USD)", "channel": "Channel"},
                        "customers": {"customer_id": "AccountID", "e_mail": "ContactEmail"}},
                  by_file={"returns_2024.csv": {"orders": returned}})


MAKERS: dict[str, Callable[[Path], Export]] = {
    one.__name__: one for one in (erp_gb18030, excel_merged, order_lines_csv, shop_orders, payments, survey_spss, crm_sqlite, events_jsonl,
                                  till_utf16, german_lines, excel_returns, returns_apart)}
