"""Say which notebook the drafted tables open, and what the others lack."""

from custlib.i18n import text
from custlib.tables.draft.parts import Findings
from custlib.tables.draft.spans import span

IDENTIFYING = ("name", "display_name", "phone", "e_mail", "birth_date", "address", "device_id", "openid")


def needs(found: Findings) -> list[str]:
    """Give one line for each notebook whose opening hangs on the data, in both languages."""
    rows = [
        ("02", _fields(found) >= 3),
        ("03", "customers" in found.tables),
        ("04", _sales(found)),
        ("05", _sales(found) and _months(found) >= 6),
        (
            "07",
            _has(found, "customers", "country", "address", "region_code") or _has(found, "orders", "ship_country") or "order_lines" in found.tables,
        ),
        ("08", "survey_responses" in found.tables),
        ("09", "reviews" in found.tables or "survey_responses" in found.tables or "service_cases" in found.tables),
        ("10", "social_posts" in found.tables or "social_edges" in found.tables),
        ("12", "order_lines" in found.tables and _goods(found) >= 20),
        ("13", "assignments" in found.tables),
    ]
    lines = [" · ".join(text("draft.needs_head", lang) for lang in ("zh", "en"))]
    for number, is_open in rows:
        state = "open" if is_open else "closed"
        lines.append(
            "  " + " · ".join(text(f"draft.need_{state}", lang, notebook=number, what=text(f"draft.need_{number}", lang)) for lang in ("zh", "en"))
        )
    return lines


def _has(found: Findings, table: str, *columns: str) -> bool:
    return table in found.tables and any(name in found.tables[table].columns for name in columns)


def _fields(found: Findings) -> int:
    return max(
        (sum(name in found.tables[table].columns for name in IDENTIFYING) for table in ("identities", "customers") if table in found.tables),
        default=0,
    )


def _sales(found: Findings) -> bool:
    return _has(found, "orders", "customer_id")


def _months(found: Findings) -> float:
    orders = found.tables["orders"]
    pick = orders.columns.get("order_ts")
    days = span(orders.units[0], pick) if pick and pick.spec != "?" else None
    return (days[1] - days[0]).days / 30.4 if days else 0.0


def _goods(found: Findings) -> int:
    lines = found.tables["order_lines"]
    pick = lines.columns.get("product_id")
    return lines.units[0].rows.key(pick.column)[1] if pick and pick.column else 0
