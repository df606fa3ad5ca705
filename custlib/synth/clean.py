"""Typed frames and Parquet for the clean tables: the canonical columns, money exact."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

# Columns of the clean tables, as the canonical tables name and type them (a test compares); cents and ten-thousandths come as integers.
COLUMNS = {
    "orders": "order_id:str customer_id:str order_ts:ts channel:str store_id:str currency:str gross_amount:dec2 discount_amount:dec2 "
              "coupon_amount:dec2 shipping:dec2 tax:dec2 net_amount:dec2 payment:str ship_country:str ship_region:str invoice_type:str status:str "
              "returned_order_id:str",
    "order_lines": "order_id:str line_no:int product_id:str quantity:dec4 list_price:dec4 unit_price:dec4 discount_amount:dec2 unit_cost:dec4 "
                   "net_amount:dec2",
    "products": "product_id:str name:str category_l1:str category_l2:str category_l3:str brand:str private_label:bool price_tier:str "
                "attributes:str launch_date:date lead_time_days:int",
    "stores": "store_id:str name:str region_code:str lat:float lon:float opened:date",
    "calendar": "date:date country:str is_holiday:bool holiday_name_zh:str holiday_name_en:str is_makeup_workday:bool lunar_date:str "
                "promo_flag:bool",
    "campaigns": "campaign_id:str name:str type:str start:date end:date channel:str offer:str cost_per_contact:dec4 budget:dec2 design:str",
    "assignments": "campaign_id:str customer_id:str arm:str assigned_at:ts probability:float stratum:str eligible:bool",
    "responses": "campaign_id:str customer_id:str type:str ts:ts amount:dec2",
    "consents": "customer_id:str purpose:str from_ts:ts until_ts:ts basis:str channel:str evidence_ref:str opt_out_personalised:bool",
    "inventory": "product_id:str store_id:str date:date on_hand:dec4 on_order:dec4 stockout:bool",
    "points": "ledger_id:str customer_id:str ts:ts delta:int reason:str tier:str",
    "events": "event_id:str customer_id:str anonymous_id:str session_id:str ts:ts tz:str type:str product_id:str value:dec2 dwell_s:float "
              "channel:str device:str payload:str",
    "service_cases": "case_id:str customer_id:str order_id:str opened_at:ts closed_at:ts type:str topic:str severity:int text:str csat:float",
    "leads": "lead_id:str customer_id:str source_channel:str first_touch:ts registered_at:ts intent_score:float stage:str owner:str "
             "converted_order_id:str",
    "contacts": "contact_id:str customer_id:str role:str is_key:bool",
    "customers": "customer_id:str customer_kind:str display_name:str gender:str birth_date:date birth_year:int phone:str e_mail:str "
                 "address:str country:str region_code:str postcode:str lat:float lon:float occupation:str education:str income_band:str "
                 "household_size:int company_name:str tax_id:str registered_at:ts acq_channel:str acq_campaign_id:str",
    "identities": "record_id:str customer_id:str channel:str name:str phone:str e_mail:str birth_date:date address:str device_id:str "
                  "openid:str valid_from:ts valid_to:ts true_identity:str",
    "surveys": "survey_id:str name:str mode:str fielded_from:date fielded_to:date population_n:int sampling:str",
    "survey_items": "survey_id:str item_id:str text_zh:str text_en:str scale_id:str reverse:bool min:float max:float type:str "
                    "option_labels:str",
    "survey_responses": "survey_id:str respondent_id:str item_id:str customer_id:str value_num:float value_text:str answered_at:ts "
                        "duration_s:float wave:int weight:float",
    "observations": "subject_id:str rater_id:str code_id:str ts:ts code_value:str note_text:str",
    "reviews": "review_id:str customer_id:str product_id:str ts:ts rating:float text:str lang:str",
    "social_posts": "post_id:str author_id:str customer_id:str ts:ts platform:str text:str likes:int comments:int shares:int "
                    "impressions:int mentions_brand:bool",
    "social_edges": "src_id:str dst_id:str type:str since:ts weight:float until:ts",
}
TYPES = {table: dict(one.split(":") for one in columns.split()) for table, columns in COLUMNS.items()}


def decimals(values: np.ndarray, scale: int, missing: np.ndarray | None = None) -> pd.Series:
    """Turn whole numbers of the last place into exact decimals.

    Examples
    --------
    >>> decimals(np.array([1230, -5]), 2).tolist()
    [Decimal('12.30'), Decimal('-0.05')]
    """
    whole = np.asarray(values, np.int64)
    words = np.empty((len(whole), 2), np.int64)
    words[:, 0], words[:, 1] = whole, whole >> 63
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes())
    array = pa.Array.from_buffers(pa.decimal128(18, scale), len(whole), [valid, pa.py_buffer(words.tobytes())])
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def _column(kind: str, values: object) -> object:
    if kind in ("dec2", "dec4"):
        if isinstance(values, np.ma.MaskedArray):
            return decimals(values.filled(0), int(kind[-1]), np.ma.getmaskarray(values))
        return decimals(np.asarray(values), int(kind[-1]))
    if kind == "ts":
        return pd.Series(np.asarray(values, "datetime64[us]"))
    if kind == "date":
        return pd.Series(pd.array(list(values), dtype=pd.ArrowDtype(pa.date32())))
    if kind == "str":
        return pd.Series(np.asarray(values, dtype=object), dtype=object)
    return pd.Series(np.asarray(values, {"int": np.int64, "float": float, "bool": bool}[kind]))


def frame(table: str, columns: dict[str, object]) -> pd.DataFrame:
    """Make a frame of a clean table: every canonical column, in the canonical order and type.

    Money and quantities are given as integers of their last place (cents; ten-thousandths), blanks among them by a masked array.

    Examples
    --------
    >>> frame("contacts", {"contact_id": ["K1"], "customer_id": ["C1"], "role": ["buyer"], "is_key": [True]}).shape
    (1, 4)
    """
    return pd.DataFrame({name: _column(kind, columns[name]) for name, kind in TYPES[table].items()})


ARROW = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "ts": pa.timestamp("us"), "date": pa.date32(),
         "dec2": pa.decimal128(18, 2), "dec4": pa.decimal128(18, 4)}


def arrow(table: str, one: pd.DataFrame) -> pa.Table:
    """Give a clean frame as an Arrow table of exact types, without the marks of pandas."""
    fields = pa.schema([(name, ARROW[kind]) for name, kind in TYPES[table].items() if name in one.columns])
    return pa.Table.from_pandas(one, schema=fields, preserve_index=False).replace_schema_metadata(None)


class Sink:
    """Parquet files of a folder, one per table, to which frames are added as they come.

    Rows are written in groups of a fixed size, so that the bytes do not depend on how the frames were cut.
    """

    GROUP = 1 << 17

    def __init__(self, folder: Path) -> None:
        self.folder, self.open, self.waiting, self.rows = folder, {}, {}, {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Add rows of a table."""
        self.rows[table] = self.rows.get(table, 0) + rows.num_rows
        held = pa.concat_tables([self.waiting[table], rows]) if table in self.waiting else rows
        while held.num_rows >= self.GROUP:
            self._write(table, held.slice(0, self.GROUP))
            held = held.slice(self.GROUP)
        self.waiting[table] = held

    def _write(self, table: str, rows: pa.Table) -> None:
        if table not in self.open:
            self.open[table] = pq.ParquetWriter(self.folder / f"{table}.parquet", rows.schema, compression="zstd")
        self.open[table].write_table(rows.combine_chunks(), row_group_size=self.GROUP)

    def close(self) -> dict[str, int]:
        """Write what waits, close the files and give the rows per table."""
        for table, rows in self.waiting.items():
            if rows.num_rows or table not in self.open:
                self._write(table, rows)
        for writer in self.open.values():
            writer.close()
        self.open, self.waiting = {}, {}
        return self.rows


def save(parts: Iterable[tuple[str, pd.DataFrame]], folder: Path) -> dict[str, int]:
    """Write clean frames as one Parquet file per table, as they come, and give the rows per table."""
    sink = Sink(folder)
    for table, one in parts:
        sink.add(table, arrow(table, one))
    return sink.close()
