"""Say which canonical table a group of files is, from what its columns mean, how its rows repeat and what it is called."""

from custlib.tables import schema
from custlib.tables.draft import names
from custlib.tables.draft.assign import Pick, assign
from custlib.tables.draft.unit import Unit

PERSON = (
    "person_name",
    "phone",
    "e_mail",
    "address",
    "birth_date",
    "gender",
    "birth_year",
    "registered_at",
    "tier",
    "age",
    "occupation",
    "education",
    "income_band",
    "household_size",
    "company_name",
    "tax_id",
    "id_card",
    "postcode",
    "openid",
    "device_id",
    "acq_channel",
    "customer_kind",
    "city",
    "region",
    "country",
)
IDENTIFYING = ("person_name", "phone", "e_mail", "birth_date", "address", "device_id", "openid", "id_card")
MONEY = ("net_amount", "amount", "line_amount")
OTHERS = (
    "products",
    "events",
    "survey_responses",
    "campaigns",
    "assignments",
    "responses",
    "consents",
    "stores",
    "service_cases",
    "contacts",
    "reviews",
    "points",
    "inventory",
    "leads",
    "calendar",
    "surveys",
    "survey_items",
    "observations",
    "social_posts",
    "social_edges",
)
ENOUGH = 0.5


def classify(unit: Unit) -> None:
    """Set what the unit is: ``orders`` (sales), ``heads`` (orders without money), ``lines`` (without a day), ``returns``, ``payments`` or a table."""
    scores = {
        "orders": _sales(unit),
        "heads": _heads(unit),
        "lines": _lines(unit),
        "returns": _returns(unit),
        "payments": _payments(unit),
        "customers": _customers(unit),
        "identities": _identities(unit),
        "rates": _rates(unit),
    }
    scores |= {table: _other(unit, table) for table in OTHERS}
    words = {"lines": "order_lines", "heads": "orders"}
    said = {kind: names.says(unit.title, words.get(kind, kind)) for kind in scores if words.get(kind, kind) in names.raw()["files"]}
    for kind in scores:
        scores[kind] = round(scores[kind] * (0.82 + 0.18 * said.get(kind, 0.0)), 3)
    unit.scores = scores
    unit.kind = max(scores, key=lambda one: (scores[one], one == "orders", one))
    unit.sure = scores[unit.kind]
    if unit.sure < ENOUGH:
        unit.kind, unit.sure = "", unit.sure


def _sales(unit: Unit) -> float:
    day = (
        unit.best("order_ts", "created_ts", "ts", "paid_ts")
        if unit.best("order_ts", "created_ts", "ts", "paid_ts")
        else unit.best("done_ts", "shipped_ts") * 0.7
    )
    money = max(unit.best(*MONEY), unit.best("gross_amount") * 0.9, min(unit.best("quantity"), unit.best("unit_price", "list_price")))
    if unit.best(*MONEY, "gross_amount") >= 0.3:  # amounts with vague names, where all else is plain
        money = max(money, 0.7 * min(unit.best("order_id"), unit.best("customer_id")))
    who = max(unit.best("order_id"), unit.best("customer_id"), unit.best("product_id", "product_name") * 0.9)
    event = min(unit.best("event_type"), max(unit.best("session_id"), unit.best("anonymous_id"), unit.best("page")))
    survey = min(unit.best("respondent_id"), unit.best("item_id"))
    other = max(
        event,
        survey,
        unit.best("event_id") * 0.8,
        unit.best("points_delta") * 0.8,
        unit.best("campaign_id") * 0.7 if unit.best("order_id") < 0.8 else 0.0,
    )
    return day * money * (0.5 + 0.5 * who) * (1 - 0.6 * other)


def _heads(unit: Unit) -> float:
    """Score a list of orders that names no money: the money is in another file."""
    day, told = unit.best("order_ts", "created_ts", "ts", "paid_ts"), names.says(unit.title, "orders")
    order = unit.column("order_id", least=0.6) or (unit.column("own_id", least=0.6) if told else "")
    if (
        not order
        or unit.rows.unique(order) < 0.97
        or unit.best(*MONEY, "gross_amount") > 0.6
        or unit.best("event_type", "case_id", "return_id") > 0.7
    ):
        return 0.0
    vague = 0.6 if unit.best(*MONEY, "gross_amount") >= 0.3 else 0.9
    return vague * day * (0.55 + 0.45 * max(unit.best("customer_id"), unit.best("status") * 0.8))


def _lines(unit: Unit) -> float:
    if unit.best("order_ts", "paid_ts") >= 0.6 or unit.best("customer_id") >= 0.7:
        return 0.0
    money = max(
        unit.best("line_amount", "net_amount", "amount"),
        min(max(unit.best("quantity"), 0.85 if unit.best("product_id") > 0.8 else 0), unit.best("unit_price", "list_price")),
    )
    return unit.best("order_id") * money * (0.6 + 0.4 * unit.best("product_id", "product_name"))


def _returns(unit: Unit) -> float:
    about = max(
        names.says(unit.title, "returns"),
        unit.best("return_id"),
        unit.best("returned_order_id") * 0.85 if unit.best("return_ts", "refund_amount") > 0.7 else 0.0,
    )
    money = max(unit.best("refund_amount", *MONEY), min(unit.best("refund_qty", "quantity"), unit.best("unit_price")))
    day = unit.best("return_ts", "order_ts", "created_ts", "ts", "paid_ts")
    which = unit.best("returned_order_id", "order_id", "return_id")
    own = unit.best("return_id", "return_ts", "refund_amount") > 0.7 or names.says(unit.title, "returns") > 0.6
    return 1.12 * about * money * (0.5 + 0.5 * which) * (0.6 + 0.4 * day) if own and not _plainly_sold(unit) else 0.0


def _plainly_sold(unit: Unit) -> bool:
    """A list of orders with a refund column is still a list of orders."""
    share = unit.rows
    column = unit.column("returned_order_id", "refund_amount", "return_ts", least=0.7)
    return names.says(unit.title, "returns") < 0.6 and bool(column) and share.columns[column].filled < 0.5 * share.columns[column].rows


def _payments(unit: Unit) -> float:
    about = max(unit.best("payment_id"), names.says(unit.title, "payments") * 0.95)
    goods = unit.best("product_id", "quantity", "unit_price")
    money = unit.best(*MONEY) or 0.0
    order = unit.column("order_id", least=0.6)
    several = bool(order) and unit.rows.unique(order) < 0.98
    return 1.05 * about * money * unit.best("order_id") * (1 - 0.6 * goods) * (1.0 if several or names.says(unit.title, "payments") > 0.6 else 0.6)


def _customers(unit: Unit) -> float:
    told = names.says(unit.title, "customers")
    key = unit.column("customer_id", least=0.6) or (unit.column("own_id", "record_id", least=0.6) if told or unit.best("person_name") > 0.7 else "")
    if not key or unit.rows.unique(key) < 0.9:
        return 0.0
    about = sum(sorted((unit.best(one) for one in PERSON), reverse=True)[:3]) / 2
    sales = _sales(unit) if unit.best(*MONEY, "quantity") > 0.7 and unit.best("order_ts", "order_id") > 0.7 else 0.0
    return (
        min(1.0, 0.35 + 0.45 * min(1.3, about) + 0.25 * told)
        * (1 - 0.8 * sales)
        * (1 - 0.7 * max(unit.best("case_id"), unit.best("event_type"), unit.best("contact_id")))
    )


def _identities(unit: Unit) -> float:
    fields = sum(unit.best(one) >= 0.7 for one in IDENTIFYING)
    if fields < 3 and not (fields >= 2 and names.says(unit.title, "identities")):
        return 0.0
    sales = _sales(unit)
    told = max(names.says(unit.title, "identities"), unit.best("record_id"), unit.best("channel", "acq_channel") * 0.8)
    key = unit.column("customer_id", least=0.6)
    repeated = 1.0 if not key or unit.rows.unique(key) < 0.9 else 0.55
    return min(1.0, 0.6 + 0.1 * fields + 0.15 * told) * repeated * (1 - 0.8 * sales)


def _rates(unit: Unit) -> float:
    return unit.best("ts", "order_ts", "from_ts") * unit.best("currency") * unit.best("exchange_rate") * (1 - unit.best("order_id"))


def _other(unit: Unit, table: str) -> float:
    """Score a table by its own columns: those it cannot do without, unless a default stands in for them."""
    picks = assign(table, unit.found, boost=boost(unit, table))
    told = names.says(unit.title, table) if table in names.raw()["files"] else 0.0
    needs = [column.name for column in schema.table(table).columns if not (column.null or column.written or column.name in DEFAULTS.get(table, ()))]
    if not needs:
        return 0.0
    have = [picks[one].sure if one in picks else 0.0 for one in needs]
    key = TELLING.get(table, needs[:1])
    tell = min((picks[one].sure if one in picks else 0.0) for one in key)
    cover = sum(have) / len(needs)
    sales = _sales(unit)
    money = sales if sales > 0.6 and table not in ("events", "survey_responses", "points") else 0.0
    if table == "products" and "product_id" in picks and unit.rows.unique(picks["product_id"].column) < 0.9:
        tell *= 0.5
    tell *= unit.best("customer_id", "anonymous_id", "session_id", "device_id", "openid") if table == "events" else 1.0
    return (
        tell
        * (0.35 + 0.65 * cover)
        * (0.85 + 0.15 * told)
        * (1 - 0.8 * money)
        * (1.0 if told or table in ("products", "events", "survey_responses") else 0.9)
    )


def boost(unit: Unit, table: str) -> dict[str, float]:
    """A plain ``id`` or ``name`` is that of the table whose name the file has."""
    word = {"lines": "order_lines"}.get(table, table)
    told = names.says(unit.title, word) if word in names.raw()["files"] else 0.0
    return {"own_id": 1.0 + 0.12 * told if told else 0.7, "own_name": 1.0 + 0.03 * told if told else 0.8}


# what stands in where a file has no such column
DEFAULTS = {
    "events": ("event_id", "channel"),
    "identities": ("record_id", "channel"),
    "survey_responses": ("survey_id", "wave"),
    "points": ("ledger_id", "reason"),
    "reviews": ("review_id", "lang"),
}
# what a file must have to be that table at all
TELLING = {
    "events": ("ts", "type"),
    "survey_responses": ("respondent_id", "item_id"),
    "products": ("product_id",),
    "campaigns": ("campaign_id", "start"),
    "assignments": ("campaign_id", "customer_id", "arm"),
    "responses": ("campaign_id", "customer_id", "type"),
    "consents": ("customer_id", "purpose"),
    "stores": ("store_id", "region_code"),
    "service_cases": ("case_id", "customer_id", "opened_at"),
    "contacts": ("contact_id", "customer_id"),
    "reviews": ("text", "ts"),
    "points": ("customer_id", "delta", "ts"),
    "inventory": ("product_id", "date", "on_hand"),
    "leads": ("lead_id", "stage"),
    "calendar": ("date", "is_holiday"),
    "surveys": ("survey_id", "name", "mode"),
    "survey_items": ("item_id", "scale_id"),
    "observations": ("subject_id", "rater_id", "code_id"),
    "social_posts": ("post_id", "author_id", "text"),
    "social_edges": ("src_id", "dst_id", "type"),
}


def picks_of(unit: Unit, table: str, taken: set[str] = frozenset()) -> dict[str, Pick]:
    """Give the unit's columns for a table."""
    return assign(table, unit.found, taken=taken, boost=boost(unit, table))
