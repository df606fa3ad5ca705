"""The canonical schema: complete, consistent with itself, personal data marked; the glossary: every inventory row."""

import re
import tomllib
from collections import Counter
from dataclasses import FrozenInstanceError
from importlib.resources import files

import pytest

from custlib.tables import schema

TYPES = {"str", "int", "dec2", "dec4", "float", "bool", "date", "ts", "cat", "json"}
NUMERIC = {"int", "dec2", "dec4", "float"}

TABLES = [
    "customers", "identities", "identity_map", "profile_history", "orders", "order_lines", "products", "events",
    "sessions", "leads", "contacts", "surveys", "survey_items", "survey_responses", "observations", "service_cases",
    "reviews", "social_posts", "social_edges", "campaigns", "assignments", "responses", "consents", "stores",
    "inventory", "calendar", "points", "labels", "decisions",
]  # fmt: skip

# table -> every marked column, by hand from DATA_MODEL; a table that is not here has none
PII = {
    "customers": {
        "display_name": "yes", "birth_date": "yes", "phone": "yes", "e_mail": "yes", "address": "yes",
        "postcode": "possible", "lat": "yes", "lon": "yes", "company_name": "yes", "tax_id": "yes",
    },
    "identities": {
        "name": "yes", "phone": "yes", "e_mail": "yes", "birth_date": "yes", "address": "yes", "device_id": "yes",
        "openid": "yes",
    },
    "events": {"payload": "possible"},
    "survey_responses": {"value_text": "possible"},
    "observations": {"note_text": "possible"},
    "service_cases": {"text": "possible"},
    "reviews": {"text": "possible"},
    "social_posts": {"text": "possible"},
}  # fmt: skip

COLUMNS = {
    "customers": [
        "customer_id", "customer_kind", "display_name", "gender", "birth_date", "birth_year", "phone", "e_mail",
        "address", "country", "region_code", "postcode", "lat", "lon", "occupation", "education", "income_band",
        "household_size", "company_name", "tax_id", "registered_at", "acq_channel", "acq_campaign_id",
    ],
    "orders": [
        "order_id", "customer_id", "order_ts", "order_day", "channel", "store_id", "currency", "gross_amount",
        "discount_amount", "coupon_amount", "shipping", "tax", "net_amount", "payment", "ship_country", "ship_region",
        "invoice_type", "status", "returned_order_id", "is_return", "is_zero", "excluded_by",
    ],
    "order_lines": [
        "order_id", "line_no", "product_id", "quantity", "list_price", "unit_price", "discount_amount", "unit_cost",
        "net_amount", "is_return", "is_zero", "excluded_by",
    ],
}  # fmt: skip

KEYS = {
    "customers": ("customer_id",),
    "identities": ("record_id",),
    "identity_map": ("id_type", "id_value"),
    "profile_history": ("identity_id", "field", "valid_from"),
    "orders": ("order_id",),
    "order_lines": ("order_id", "line_no"),
    "products": ("product_id",),
    "events": ("event_id",),
    "sessions": ("session_id",),
    "leads": ("lead_id",),
    "contacts": ("contact_id",),
    "surveys": ("survey_id",),
    "survey_items": ("survey_id", "item_id"),
    "survey_responses": ("survey_id", "respondent_id", "item_id"),
    "observations": ("subject_id", "rater_id", "code_id", "ts"),
    "service_cases": ("case_id",),
    "reviews": ("review_id",),
    "social_posts": ("post_id",),
    "social_edges": ("src_id", "dst_id", "type", "since"),
    "campaigns": ("campaign_id",),
    "assignments": ("campaign_id", "customer_id"),
    "responses": ("campaign_id", "customer_id", "type", "ts"),
    "consents": ("customer_id", "purpose", "from_ts"),
    "stores": ("store_id",),
    "inventory": ("product_id", "store_id", "date"),
    "calendar": ("date",),
    "points": ("ledger_id",),
    "labels": ("identity_id", "as_of", "scheme"),
    "decisions": ("decision_id",),
}

EVERY_TABLE = list(schema.tables().values())
EVERY_COLUMN = [(f"{table.name}.{column.name}", column) for table in EVERY_TABLE for column in table.columns]
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def raw_schema():
    return tomllib.loads((files("custlib.tables") / "schema.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def glossary():
    return tomllib.loads((files("custlib.i18n") / "glossary.toml").read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_data_model():
    assert list(schema.tables()) == TABLES


def test_keys_are_those_of_the_data_model():
    assert {name: table.key for name, table in schema.tables().items()} == KEYS


def test_a_table_says_in_both_languages_what_it_and_its_rows_are():
    texts = {table.name: (table.zh, table.en, table.grain_zh, table.grain_en) for table in EVERY_TABLE}
    assert [name for name, four in texts.items() if not all(text.strip() for text in four)] == []
    assert [name for name, (zh, _, grain, _) in texts.items() if not (CHINESE.search(zh) and CHINESE.search(grain))] == []


def test_only_what_the_program_makes_is_not_input():
    kinds = {name: table.kind for name, table in schema.tables().items() if table.kind != "input"}
    assert kinds == {
        "identity_map": "derived", "profile_history": "derived", "sessions": "derived",
        "labels": "output", "decisions": "output",
    }  # fmt: skip


def test_key_columns_exist_once_and_are_filled():
    for table in EVERY_TABLE:
        assert set(table.key) <= {column.name for column in table.columns}, f"{table.name}: a key column is not there"
        assert len(set(table.key)) == len(table.key), f"{table.name}: a key column stands twice in the key"
    blank = {(table.name, key) for table in EVERY_TABLE for key in table.key if table.column(key).null}
    assert blank <= {("order_lines", "line_no"), ("social_edges", "since")}


def test_no_column_stands_twice_or_takes_a_provenance_name():
    for table in EVERY_TABLE:
        names = Counter(column.name for column in table.columns)
        assert [column for column, times in names.items() if times > 1] == [], f"{table.name}: a column stands twice"
        assert names.keys().isdisjoint(schema.provenance()), f"{table.name}: a column is named like a provenance column"


def test_a_column_has_a_known_type_and_both_names():
    assert len(EVERY_COLUMN) > 200
    for name, column in EVERY_COLUMN:
        assert column.type in TYPES, f"{name}: type {column.type}"
        assert re.fullmatch("[a-z][a-z0-9_]*", column.name), f"{name}: not snake_case"
        assert column.zh.strip() and column.en.strip(), f"{name}: a display name is empty"
        assert CHINESE.search(column.zh), f"{name}: {column.zh!r} is not Chinese"
        assert not CHINESE.search(column.en), f"{name}: {column.en!r} is not English"
        assert bool(column.note_zh) == bool(column.note_en), f"{name}: a note in one language only"


def test_levels_stand_with_cat_and_only_with_cat():
    for name, column in EVERY_COLUMN:
        assert (column.type == "cat") == (len(column.levels) > 0), f"{name}: type {column.type} with {len(column.levels)} levels"
        assert len(set(column.levels)) == len(column.levels), f"{name}: a level stands twice"
        assert column.type == "cat" or not column.open, f"{name}: open without levels"


def test_a_range_is_numeric_and_not_empty():
    for name, column in EVERY_COLUMN:
        given = [limit for limit in (column.min, column.max) if limit is not None]
        assert not given or column.type in NUMERIC, f"{name}: a range on type {column.type}"
        assert len(given) < 2 or column.min < column.max, f"{name}: the range {given} is empty"


def test_a_reference_points_to_a_column_of_the_same_type():
    pointing = [(name, column) for name, column in EVERY_COLUMN if column.refers]
    assert len(pointing) > 20
    for name, column in pointing:
        target_table, target_column = column.refers.split(".")
        assert target_table in TABLES, f"{name}: there is no table {target_table}"
        assert schema.table(target_table).column(target_column).type == column.type, f"{name}: {column.refers} is of another type"


def test_every_customer_id_and_identity_id_is_a_reference():
    home = {"customer_id": "customers", "identity_id": "identity_map"}
    for table in EVERY_TABLE:
        found = {c.name: c.refers for c in table.columns if c.name in home and home[c.name] != table.name}
        assert found == {column: f"{home[column]}.{column}" for column in found}, f"{table.name}: an id refers to nothing"


def test_personal_data_is_marked_as_the_data_model_says():
    marked = {table.name: {c.name: c.pii for c in table.columns if c.pii is not None} for table in EVERY_TABLE}
    assert {name: columns for name, columns in marked.items() if columns} == PII
    assert {name: schema.pii_columns(name) for name in TABLES} == {name: tuple(PII.get(name, {})) for name in TABLES}


def test_columns_are_those_of_the_data_model():
    assert {name: [column.name for column in schema.table(name).columns] for name in COLUMNS} == COLUMNS


def test_a_product_may_be_without_a_name():
    assert schema.table("products").column("name").null and not schema.table("products").column("product_id").null


@pytest.mark.parametrize(
    "name, filled",
    [
        ("customers", ["customer_id"]),
        ("orders", ["order_id", "order_ts"]),
        ("order_lines", ["order_id"]),
    ],
)
def test_what_a_user_must_map(name, filled):
    columns = schema.table(name).columns
    assert [column.name for column in columns if not (column.null or column.written)] == filled


def test_written_columns_are_those_the_build_computes():
    written = {
        name: [column.name for column in table.columns if column.written]
        for name, table in schema.tables().items()
        if any(column.written for column in table.columns)
    }
    assert written == {
        "orders": ["order_day", "is_return", "is_zero", "excluded_by"],
        "order_lines": ["is_return", "is_zero", "excluded_by"],
    }


@pytest.mark.parametrize(
    "name, column, expected",
    [
        ("orders", "net_amount", "dec2"),
        ("orders", "order_ts", "ts"),
        ("orders", "order_day", "date"),
        ("order_lines", "unit_price", "dec4"),
        ("order_lines", "unit_cost", "dec4"),
        ("order_lines", "net_amount", "dec2"),
        ("customers", "birth_year", "int"),
        ("events", "payload", "json"),
    ],
)
def test_type_of(name, column, expected):
    assert schema.table(name).column(column).type == expected


@pytest.mark.parametrize(
    "name, column, low, high",
    [
        ("orders", "discount_amount", 0, None),
        ("orders", "coupon_amount", 0, None),
        ("orders", "net_amount", None, None),
        ("order_lines", "quantity", None, None),
        ("leads", "intent_score", 0, 10),
        ("service_cases", "severity", 1, 5),
        ("reviews", "rating", 1, 5),
        ("profile_history", "confidence", 0, 1),
    ],
)
def test_range_of(name, column, low, high):
    found = schema.table(name).column(column)
    assert (found.min, found.max) == (low, high)


def test_a_chance_of_assignment_of_zero_is_out_of_range():
    probability = schema.table("assignments").column("probability")
    assert 0 < probability.min <= 1e-6 and probability.max == 1


@pytest.mark.parametrize(
    "name, column, levels",
    [
        ("customers", "customer_kind", "person household company government unknown"),
        ("customers", "gender", "f m other unknown"),
        ("identities", "channel", "store web app wechat tmall call survey other"),
        ("identity_map", "id_type", "record customer anonymous contact openid device"),
        ("orders", "invoice_type", "none personal company special_vat"),
        ("contacts", "role", "user influencer buyer decider gatekeeper"),
        ("surveys", "mode", "online paper phone interview"),
        ("survey_items", "type", "likert nps csat open choice juster"),
        ("service_cases", "type", "complaint enquiry return repair"),
        ("social_edges", "type", "follow friend mention reply group_co referral"),
        ("campaigns", "design", "rct targeted open"),
        ("responses", "type", "delivered bounced opened clicked visited converted unsubscribed complained"),
        ("consents", "basis", "consent contract legal legitimate_interest"),
        (
            "labels",
            "scheme",
            (
                "value.tier3 value.abc value.core lifecycle.four lifecycle.behaviour freq.hlz freq.hml spend.hml "
                "squirrel.tier need.kind region.intl region.local price.sensitive loyalty.2x2 loyal.simple "
                "persona.social persona.decision persona.communication persona.value persona.sales4 "
                "segment.kmeans rfm.cell rfm.named rfm.cn8"
            ),
        ),
    ],
)
def test_closed_lists_are_those_of_the_data_model(name, column, levels):
    found = schema.table(name).column(column)
    assert (found.levels, found.open) == (tuple(levels.split()), False)


def test_event_types_are_an_open_list():
    found = schema.table("events").column("type")
    assert found.open and {"visit", "cart", "unsubscribe", "iot_signal"} <= set(found.levels)


def test_provenance_is_declared_once_with_type_and_both_names(raw_schema):
    assert schema.provenance() == ("source_system", "source_file", "source_row")
    assert [column["type"] for column in raw_schema["provenance"]] == ["str", "str", "int"]
    assert all(column["written"] and column["zh"] and column["en"] for column in raw_schema["provenance"])


def test_the_file_says_its_schema_version(raw_schema):
    assert raw_schema["schema"] == 1


def test_a_caller_cannot_change_the_schema():
    schema.tables().pop("orders")
    assert "orders" in schema.tables()
    with pytest.raises(FrozenInstanceError):
        schema.table("orders").column("order_id").type = "int"


@pytest.mark.parametrize("call", [schema.table, schema.pii_columns], ids=["table", "pii_columns"])
def test_a_wrong_table_name_gets_the_nearest_right_one(call):
    with pytest.raises(ValueError, match="there is no table 'order_line'; did you mean 'order_lines'"):
        call("order_line")


def test_a_table_name_like_no_other_gets_the_whole_list():
    with pytest.raises(ValueError, match="there is no table 'zzzz'; choose one of customers, .*, decisions$"):
        schema.table("zzzz")


def test_a_wrong_column_name_gets_the_nearest_right_one():
    with pytest.raises(ValueError, match="no column 'netamount' in table 'orders'; did you mean 'net_amount'"):
        schema.table("orders").column("netamount")


@pytest.mark.parametrize("top_level", ["schema", "provenance"])
def test_a_top_level_entry_of_the_file_is_not_a_table(top_level):
    with pytest.raises(ValueError, match=f"there is no table '{top_level}'"):
        schema.table(top_level)


def test_the_glossary_has_every_inventory_row_in_order(glossary):
    rows = dict(zip("ABCDEFGHIJKLMNOPQRST", [8, 11, 9, 12, 13, 15, 8, 13, 12, 6, 9, 3, 2, 9, 13, 6, 15, 5, 5, 7], strict=True))
    assert sum(rows.values()) == 181
    assert list(glossary) == [f"{letter}{number:02}" for letter, n in rows.items() for number in range(1, n + 1)]


def test_every_term_has_both_languages_seeds_and_notebooks(glossary):
    fields = {"zh", "en", "seeds", "notebooks"}
    assert [term for term, row in glossary.items() if set(row) != fields] == []
    assert [term for term, row in glossary.items() if not all(row[f].strip() for f in ("zh", "en", "seeds"))] == []
    assert [term for term, row in glossary.items() if not row["notebooks"]] == []
    known = {"all"} | {f"{number:02}" for number in range(16)}
    assert [term for term, row in glossary.items() if not set(row["notebooks"]) <= known] == []


def test_chinese_terms_are_chinese_but_for_names_of_methods_and_programs(glossary):
    latin = [term for term, row in glossary.items() if not re.search("[\u4e00-\u9fff]", row["zh"])]
    assert latin == ["S02"]


@pytest.mark.parametrize(
    "term, zh, en",
    [
        ("F01", "潜在客户", "Potential customer / prospect"),
        ("E05", "核心/潜力/一般客户", "Core / potential / general (value tiers)"),
        ("P03", "销售额增加20%", "“+20 % sales” claim"),
    ],
)
def test_seed_terms_are_quoted_exactly(glossary, term, zh, en):
    assert (glossary[term]["zh"], glossary[term]["en"]) == (zh, en)


def test_several_notebooks_of_a_term_are_a_list(glossary):
    assert glossary["A02"]["notebooks"] == ["all", "00"]
    assert glossary["A08"]["notebooks"] == ["05", "06", "13"]
