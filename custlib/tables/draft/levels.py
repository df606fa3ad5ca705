"""What the values of closed lists say: a gender, a channel, that a row is a return or was cancelled."""

import re
import unicodedata

from custlib.tables.draft.names import EAST, raw


def meant(group: str, value: str) -> str:
    """Give the level that a value of a closed list means, "" where the dictionary does not know it.

    Examples
    --------
    >>> meant("gender", "女"), meant("gender", "3")
    ('f', '')
    """
    said = unicodedata.normalize("NFKC", value).strip().casefold()
    return next((level for level, listed in raw()["levels"].get(group, {}).items() if said in listed or said == level), "")


def marker(value: str) -> str:
    """Give what a value says of a row: ``returns``, ``cancelled``, ``unpaid``, ``plain``, ``totals`` or "".

    Examples
    --------
    >>> marker("退款"), marker("Cancelled"), marker("blue")
    ('returns', 'cancelled', '')
    """
    said = unicodedata.normalize("NFKC", value).strip().strip(":：").casefold()
    for sort in ("returns", "cancelled", "unpaid", "plain", "totals"):
        if said in raw()["markers"][sort]:
            return sort
    for sort in ("returns", "cancelled", "unpaid"):  # inside a longer text; a credit card is no credit
        for one in raw()["markers"][sort]:
            if EAST.search(one):
                if len(one) > 1 and one in said:
                    return sort
            elif len(one) > 5 and one != "credit" and re.search(rf"(^|[^a-z]){re.escape(one)}($|[^a-z])", said):
                return sort
    return ""
