"""The pieces a draft is put together from, before they are written down."""

from dataclasses import dataclass, field

from custlib.tables import schema
from custlib.tables.draft import names
from custlib.tables.draft.assign import Pick
from custlib.tables.draft.fit import currency
from custlib.tables.draft.profile import Profile
from custlib.tables.draft.unit import Unit

UNITS_OF = ("dec2", "dec4", "float", "int")


@dataclass(frozen=True)
class Said:
    """Something to tell: a key of the catalogues' section ``draft`` and what it names; ``sure`` 0 to 1 where it is a finding."""

    key: str
    values: dict = field(hash=False)
    sure: float | None = None


@dataclass(frozen=True)
class Asked:
    """A key of dataset.toml that a person decides, with what could stand there."""

    place: str
    said: Said
    choices: tuple[tuple[str, float], ...] = ()


@dataclass
class TableDraft:
    """One canonical table: the units it takes rows of (the first gives ``columns``, the others what differs)."""

    table: str
    units: list[Unit]
    columns: dict[str, Pick]
    collapse: bool = False
    by_unit: dict[int, dict[str, Pick]] = field(default_factory=dict)


@dataclass
class Findings:
    """All that was found: tables, policies, what to tell, what to ask, and options a unit's source needs."""

    tables: dict[str, TableDraft] = field(default_factory=dict)
    policies: list[dict] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    options: dict[int, dict] = field(default_factory=dict)  # unit's number → options of its source
    limit: float | str | None = None  # max_reject_share, where the usual one is too low

    def tell(self, key: str, sure: float | None = None, /, **values: object) -> None:
        """Keep a finding, with how sure it is where that can be said."""
        self.said.append(Said(key, values, sure))

    def ask(self, place: str, key: str, choices: tuple = (), /, **values: object) -> None:
        """Keep a question about the key at `place`."""
        self.asked.append(Asked(place, Said(key, values), tuple(choices)))

    def option(self, unit: Unit, **options: object) -> None:
        """Add options to the source of a unit."""
        self.options.setdefault(unit.rows.number, {}).update(options)


def spec_of(profile: Profile, table: str, column: str) -> object:
    """Give what dataset.toml must say for a column to be read: its name, or its name with how its values are written."""
    kind = schema.table(table).column(column).type
    options: dict = {}
    if kind in UNITS_OF and profile.number and not _native(profile):
        options = dict(profile.number.options)
    if kind in ("dec2", "dec4") and names.kind_is_money(table, column):
        factor = factor_of(profile)
        options |= {"unit": factor} if factor != 1 else {}
    if (table, column) == ("orders", "currency"):
        codes = {value: code for value in profile.levels if (code := currency(value)) and code != value}
        options = {"values": codes} if codes else {}
    if kind in ("date", "ts") and profile.date and not profile.native.startswith(("DATE", "TIMESTAMP")):
        options = dict(profile.date.options)
    return {"from": profile.name, **options} if options else profile.name


def factor_of(profile: Profile) -> float:
    """Give the factor that the unit behind an amount's name means: 金额(万元) is 10,000, price_cents is 0.01."""
    units = names.raw()["units"]
    unit = names.unit_of(profile.name)
    if unit in ("cents", "cent", "pence", "分", "角") and not profile.whole:
        return 1
    return units.get(unit, 1)


def _native(profile: Profile) -> bool:
    return profile.native != "VARCHAR"
