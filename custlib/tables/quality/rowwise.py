"""Checks of one row by itself: blanks, days that cannot be, placeholders, fields of a row that contradict each other."""

from datetime import date

from custlib.tables import schema
from custlib.tables.quality.places import Place, Result, Tables, count, quoted

# what old programs write where a day is unknown: their day zero, and "never ends"
DAY_ZERO = ("0001-01-01", "1899-12-30", "1899-12-31", "1900-01-01")
EPOCH = ("1969-12-31", "1970-01-01")
NEVER = ("2099-12-31", "2999-12-31", "9999-01-01", "9999-12-30", "9999-12-31")
SPIKES = ("1999-09-09", "2000-01-01")  # real days as well: counted only where they stand out
STANDS_OUT, LEAST = 10, 5  # times the mean of the column's other days; rows
ENDS = ("valid_to", "until_ts", "until", "end", "fielded_to")  # may lie ahead, and "never" is an answer there
AHEAD = (*ENDS, "valid_from", "from_ts", "start", "fielded_from", "launch_date", "date")
OLDEST = date(1900, 1, 1)
NEW_YEAR_SHARE = 0.02  # of birth dates; one in 365 would be chance

BUSINESS = {"orders": ("net_amount", "channel", "store_id"), "order_lines": ("product_id", "quantity", "unit_price"),
            "events": ("type",), "survey_responses": ("value_num",), "reviews": ("rating",)}
IDENTITY = {"customers": ("display_name", "birth_date", "phone", "e_mail", "address", "company_name", "tax_id"),
            "identities": ("name", "phone", "e_mail", "birth_date", "address", "device_id", "openid")}
SAME_DIGIT = "|".join(f"{digit}{{5,}}" for digit in range(10))
NO_NAME = (r"(测试|test|demo)[\s\d_-]*(用户|客户|账号|user|customer)?|"
           r"未知|不详|匿名|无名氏?|无|空|unknown|anonymous|n/?a|null|none|nil|x{2,}|\*{2,}|[-_.?？]+")
PLACEHOLDERS = {
    "phone": rf"((\+?86)?({SAME_DIGIT}|0?1234567\d*|1[3-9]\d0{{8}}|13800138000)|{NO_NAME})",
    "e_mail": rf"((test\d*|none|null|noemail|unknown|nobody|x{{2,}}|123)@.*|.*@(test|none|null|noemail)\..*|{NO_NAME})",
    "device_id": rf"(0[0-]{{4,}}|{NO_NAME})",
    "tax_id": rf"({SAME_DIGIT}|{NO_NAME})",
    **dict.fromkeys(("name", "display_name", "address", "company_name", "openid"), NO_NAME),
}
NO_ID = r"(0+|-+1?|9{5,}|unknown|guest|anonymous|walk-?in|n/?a|null|none|nil|未知|游客|散客|匿名|无)"
CENT = "0.0101"  # a cent, and nothing for the last bit of a float


def row_checks(tables: Tables, last: date | None) -> list[Result]:
    """Count every check of single rows; days ahead are those after `as_of`, births those after it or, undeclared, the `last` sale."""
    horizon = tables.dataset.as_of
    places = [*_blanks(tables), *_days(tables, horizon), *_births(tables, horizon or last), *_placeholders(tables), *_contradictions(tables)]
    return [*count(tables, places), *_unknown_future(tables, horizon), *_spikes(tables)]


def _blanks(tables: Tables) -> list[Place]:
    found = [Place("anonymous_order", "orders", "customer_id", "customer_id IS NULL")] if tables.has("orders", "customer_id") else []
    for table in tables.names():
        nullable = [column.name for column in schema.table(table).columns if column.null and column.name in tables.mapped(table)]
        found += [Place("blank_value", table, name, f'"{name}" IS NULL') for name in BUSINESS.get(table, ()) if name in nullable]
        own = [name for name in IDENTITY.get(table, ()) if name in nullable]
        found += [Place("blank_identity", table, name, f'"{name}" IS NULL') for name in own]
        if own:
            found.append(Place("no_identifying_field", table, ", ".join(own), " AND ".join(f'"{name}" IS NULL' for name in own)))
    who = [name for name in ("customer_id", "anonymous_id") if tables.has("events", name)]
    if who:
        found.append(Place("event_without_person", "events", ", ".join(who), " AND ".join(f"{name} IS NULL" for name in who)))
    return found


def _days(tables: Tables, horizon: date | None) -> list[Place]:
    found = []
    first = f"DATE {quoted(tables.settings.first_plausible_day)}"
    for table, name in _dates(tables):
        if name == "birth_date":
            continue
        day, filled = f'CAST("{name}" AS DATE)', f'"{name}" IS NOT NULL'
        known = _listed(day, DAY_ZERO + EPOCH + (() if name in ENDS else NEVER))
        found.append(Place("placeholder_date", table, name, known, filled))
        found.append(Place("early_date", table, name, f"{day} < {first} AND NOT {known}", filled))
        if horizon and name not in AHEAD:
            found.append(Place("future_date", table, name, f"{day} > DATE {quoted(horizon)} AND NOT {known}", filled))
    return found


def _births(tables: Tables, last: date | None) -> list[Place]:
    found = []
    for table, name in _dates(tables):
        if name == "birth_date":
            known = _listed(name, DAY_ZERO + NEVER)
            late = f" OR {name} > DATE {quoted(last)}" if last else ""
            filled = f"{name} IS NOT NULL"
            found += [Place("placeholder_date", table, name, known, filled),
                      Place("implausible_birth", table, name, f"({name} < DATE {quoted(OLDEST)}{late}) AND NOT {known}", filled)]
    if tables.has("customers", "birth_year"):
        late = f" OR birth_year > {last.year}" if last else ""
        found.append(Place("implausible_birth", "customers", "birth_year", f"birth_year < {OLDEST.year}{late}", "birth_year IS NOT NULL"))
    return found


def _listed(day: str, days: tuple[str, ...]) -> str:
    return f"{day} IN ({', '.join(f'DATE {quoted(one)}' for one in days)})"


def _dates(tables: Tables) -> list[tuple[str, str]]:
    return [(table, column.name) for table in tables.names() for column in schema.table(table).columns
            if column.type in ("date", "ts") and column.name in tables.mapped(table)]


def _unknown_future(tables: Tables, horizon: date | None) -> list[Result]:
    """Say that days ahead could not be looked for, where no `as_of` says what is ahead."""
    if horizon or not tables.settings.on("future_date"):
        return []
    return [Result("future_date", table, name, 0, 0, "no_as_of") for table, name in _dates(tables)
            if name not in AHEAD and name != "birth_date"]


def _spikes(tables: Tables) -> list[Result]:
    """Count real days that programs and people write for "unknown" (2000-01-01, births on 1 January), where they stand out."""
    found = []
    for table, name in _dates(tables):
        day, scan = f'CAST("{name}" AS DATE)', tables.scan(table)
        if name == "birth_date":
            if tables.settings.on("new_year_birth"):
                known = _listed(day, DAY_ZERO)
                rows, spiked = tables.rows(f"SELECT count({name}), count(*) FILTER (month({day}) = 1 AND day({day}) = 1 AND NOT {known}) "
                                           f"FROM {scan}")[0]
                out = spiked if spiked >= LEAST and spiked > NEW_YEAR_SHARE * rows else 0
                found.append(Result("new_year_birth", table, name, rows, out, "" if rows else "all_blank"))
        elif tables.settings.on("spike_date"):
            days = ", ".join(f"count(*) FILTER ({day} = DATE {quoted(one)})" for one in SPIKES)
            rows, *spiked = tables.rows(f'SELECT count("{name}"), {days} FROM {scan}')[0]
            out = 0
            if max(spiked) >= LEAST:
                others = tables.rows(f'SELECT count(DISTINCT {day}) FROM {scan}')[0][0] - sum(one > 0 for one in spiked)
                out = sum(one for one in spiked if one >= LEAST and others and one > STANDS_OUT * (rows - sum(spiked)) / others)
            found.append(Result("spike_date", table, name, rows, out, "" if rows else "all_blank"))
    return found


def _placeholders(tables: Tables) -> list[Place]:
    found = []
    for table in IDENTITY:
        for name in IDENTITY[table] if tables.has(table) else ():
            if name in PLACEHOLDERS and name in tables.mapped(table):
                plain = f"replace(replace(trim(\"{name}\"), ' ', ''), '-', '')" if name in ("phone", "tax_id") else f'trim("{name}")'
                test = f"regexp_full_match({plain}, {quoted(PLACEHOLDERS[name])}, 'i')"
                found.append(Place("placeholder_value", table, name, test, f'"{name}" IS NOT NULL'))
    for table in ("orders", "customers", "events"):
        if tables.has(table, "customer_id"):
            test = f"regexp_full_match(customer_id, {quoted(NO_ID)}, 'i')"
            found.append(Place("placeholder_id", table, "customer_id", test, "customer_id IS NOT NULL"))
    return found


def _contradictions(tables: Tables) -> list[Place]:
    found = []
    for table, start, end in (("identities", "valid_from", "valid_to"), ("consents", "from_ts", "until_ts"), ("campaigns", "start", "end"),
                              ("service_cases", "opened_at", "closed_at"), ("surveys", "fielded_from", "fielded_to"),
                              ("social_edges", "since", "until")):
        if tables.has(table, start, end):
            both = f'"{start}" IS NOT NULL AND "{end}" IS NOT NULL'
            found.append(Place("end_before_start", table, f"{start}, {end}", f'"{end}" < "{start}"', both))
    if tables.has("customers", "birth_date", "birth_year"):
        found.append(Place("birth_year_differs", "customers", "birth_date, birth_year", "year(birth_date) <> birth_year",
                           "birth_date IS NOT NULL AND birth_year IS NOT NULL"))
    return [*found, *_money_of_orders(tables), *_money_of_lines(tables)]


def _money_of_orders(tables: Tables) -> list[Place]:
    found = []
    less = [name for name in ("discount_amount", "coupon_amount") if tables.has("orders", name)]
    if less and tables.has("orders", "gross_amount"):
        taken = " + ".join(f"coalesce({name}, 0)" for name in less)
        where = ", ".join(["gross_amount", *less])
        found.append(Place("discount_above_gross", "orders", where, f"{taken} > gross_amount", "gross_amount > 0"))
        if tables.has("orders", "net_amount"):
            off = f"net_amount - (gross_amount - ({taken}))"
            found.append(Place("net_differs", "orders", f"net_amount, {where}", f"{_nearest(tables, off)} > {CENT}",
                               "net_amount IS NOT NULL AND gross_amount IS NOT NULL"))
    return found


def _nearest(tables: Tables, off: str) -> str:
    """Give the SQL of what stays unexplained of `off`, whether or not tax and shipping are part of the total."""
    extra = [name for name in ("tax", "shipping") if tables.has("orders", name)]
    sums = ["0", *extra, " + ".join(extra)] if len(extra) > 1 else ["0", *extra]
    return f"least({', '.join(f'abs({off} - coalesce({one}, 0))' for one in sums)}, 1e30)"


def _money_of_lines(tables: Tables) -> list[Place]:
    found = []
    if tables.has("order_lines", "unit_price"):
        found.append(Place("negative_price", "order_lines", "unit_price", "unit_price < 0", "unit_price IS NOT NULL"))
    if not tables.has("order_lines", "net_amount", "quantity"):
        return found  # the amount was computed from quantity and price, so it cannot contradict them
    found.append(Place("sign_differs", "order_lines", "quantity, net_amount", "(quantity > 0) <> (net_amount > 0)",
                       "quantity <> 0 AND net_amount <> 0"))
    if tables.has("order_lines", "unit_price"):
        product = "CAST(quantity AS DOUBLE) * unit_price"
        less = " - coalesce(discount_amount, 0)" if tables.has("order_lines", "discount_amount") else ""
        # a price is rounded to the cent, so a line of many items may differ by half a cent for each
        near = f"least(abs(net_amount - {product}), abs(net_amount - ({product}{less}))) > greatest({CENT}, 0.005 * abs(quantity) + 0.0001)"
        found.append(Place("line_amount_differs", "order_lines", "net_amount, quantity, unit_price", near,
                           "net_amount IS NOT NULL AND quantity IS NOT NULL AND unit_price IS NOT NULL"))
    return found
