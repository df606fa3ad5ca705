"""Who the customers say they are: their profile, and one record per customer id and channel, each channel with its own spelling."""

import numpy as np
import pandas as pd

from custlib.synth import reserved
from custlib.synth.addresses import places
from custlib.synth.blocks import block_of
from custlib.synth.names import organisation_names, people_names
from custlib.synth.spelling import day_month_swapped, pinyin_form, swapped, with_country, with_dashes
from custlib.synth.wording import joined
from custlib.synth.world import LAST_DAY, World

CHANNELS = ("store", "web", "app", "wechat", "tmall", "call")
LETTER = {"store": "S", "web": "W", "app": "A", "wechat": "X", "tmall": "T", "call": "L"}
# share of records that hold a field, by channel: a shop assistant types little, an app asks for much
HELD = pd.DataFrame({"phone": [0.95, 0.80, 0.98, 0.62, 0.90, 1.00], "e_mail": [0.28, 0.94, 0.55, 0.06, 0.30, 0.40],
                     "birth_date": [0.62, 0.35, 0.55, 0.12, 0.10, 0.30], "address": [0.48, 0.70, 0.58, 0.08, 0.97, 0.55],
                     "device_id": [0.00, 0.55, 0.97, 0.00, 0.00, 0.00], "openid": [0.00, 0.00, 0.22, 1.00, 0.00, 0.00]}, index=CHANNELS)
# share of records that write the name in pinyin, and by nickname
FORMS = pd.DataFrame({"pinyin": [0.00, 0.34, 0.12, 0.10, 0.18, 0.00], "nickname": [0.02, 0.05, 0.14, 0.46, 0.10, 0.02]}, index=CHANNELS)
SLIP = pd.Series([0.040, 0.008, 0.005, 0.005, 0.010, 0.030], index=CHANNELS)  # of phones and of birth dates, written wrongly
SHARED_PHONE = 0.05  # of people: the phone of somebody they live with
SECOND_PHONE, SECOND_MAIL = 0.40, 0.40  # of records of a person's second id: another phone, another mailbox
TOLD = 0.72  # of people say their occupation, schooling and income


def true_people(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give what is true of the person or organisation behind each customer id of a block: the same for two ids of one.

    Returns
    -------
    DataFrame, one row per customer id, in the order of `people`
        name, pinyin, nickname, short, local, phone, e_mail, birth_date, city, address, short_address, postcode, lat, lon, tax_id,
        second (True for a later id of a person already seen), number (of the person).

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> true_people(world, people(world, 0))["name"].notna().all()
    np.True_
    """
    block = block_of(people)
    numbers, first, back = np.unique(people["person"].to_numpy(dtype=np.int64), return_index=True, return_inverse=True)
    own = people.iloc[first].reset_index(drop=True)
    kind, country = own["kind"].to_numpy(dtype=object), own["country"].to_numpy(dtype=object)
    named = people_names(world.rng("names", block), own["gender"].to_numpy(dtype=object), country)
    where = places(world.rng("places", block), _text(own["region_code"]), country)
    rng = world.rng("contact", block)
    draws, days = rng.random((4, len(own))), rng.random(len(own))
    home = country == "CN"
    salt = world.seed % 9_973_000
    phone = np.where(home, reserved.phones(numbers, salt), reserved.foreign_phones(numbers, salt))
    # whoever shares a phone takes that of the person before them in the block
    shares = (draws[0] < SHARED_PHONE) & (kind == "person") & (np.roll(kind, 1) == "person") & (np.roll(country, 1) == country)
    shares[0] = False
    phone = np.where(shares & (not world.plain), np.roll(phone, 1), phone)
    organisation = np.isin(kind, ["company", "government"])
    rows = np.flatnonzero(organisation)
    found = named.assign(short=named["nickname"])
    if len(rows):
        firm = organisation_names(world.rng("organisations", block), kind[rows], where["city"].to_numpy(dtype=object)[rows])
        found.loc[rows, ["name", "short", "local"]] = firm[["name", "short", "local"]].to_numpy()
    year = LAST_DAY.year - own["age"].fillna(40).to_numpy(dtype=int)
    length = np.where((year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0)), 366, 365)
    born = pd.to_datetime(pd.Series([f"{one}-01-01" for one in year])) + pd.to_timedelta((days * length).astype(int), unit="D")
    found = pd.concat([found, where.rename(columns={"short": "short_address"})], axis=1).assign(
        phone=phone, e_mail=reserved.e_mails(found["local"].to_numpy(dtype=object), numbers, draws[1]),
        birth_date=born.astype("datetime64[us]").where(~organisation), organisation=organisation, number=numbers,
        tax_id=np.where(organisation, reserved.tax_ids(_text(own["region_code"]), numbers), None))
    found = found.iloc[back].reset_index(drop=True)
    return found.assign(second=people["twin"].to_numpy())


def records(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give one record per customer id and channel as the channel's system holds it: canonical columns of ``identities``, and ``position``.

    A later id of a person has another phone or mailbox in four cases of ten, and slips of its own: that is what makes duplicates hard to find.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> records(world, people(world, 0))["record_id"].is_unique
    True
    """
    block = block_of(people)
    true = true_people(world, people)
    parts = []
    for channel in CHANNELS:
        rows = np.flatnonzero(_has(people, channel))
        draws = world.rng(f"record {channel}", block).random((17, len(people)))[:, rows]
        parts.append(_channel_records(world, people.iloc[rows].reset_index(drop=True), true.iloc[rows].reset_index(drop=True), channel, draws)
                     .assign(position=rows))
    return pd.concat([one for one in parts if len(one)], ignore_index=True)


def identities(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Give the identity records of a block with the columns of the canonical table, without the true identity.

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> len(identities(world, people(world, 0)).columns)
    12
    """
    return records(world, people).drop(columns="position")


def true_identity(people: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Give the planted answer to the identity records of a block: one row per record, the true identity is ``P`` and the person's number.

    Examples
    --------
    >>> who = pd.DataFrame({"customer_id": ["C0000001", "C0000002"], "person": [0, 0]})
    >>> held = pd.DataFrame({"record_id": ["S0000002"], "customer_id": ["C0000002"]})
    >>> true_identity(who, held)["true_identity"].tolist()
    ['P0000000']
    """
    number = people.set_index("customer_id")["person"].reindex(held["customer_id"]).tolist()
    return pd.DataFrame({"record_id": held["record_id"].to_numpy(dtype=object), "customer_id": held["customer_id"].to_numpy(dtype=object),
                         "true_identity": np.array([f"P{one:07d}" for one in number], dtype=object)})


def customers(world: World, people: pd.DataFrame, held: pd.DataFrame | None = None) -> pd.DataFrame:
    """Give the canonical table ``customers`` of a block: the profile that the home channel keeps (`held`: the `records`, where they are made).

    Examples
    --------
    >>> from custlib.synth.people import people
    >>> world = World(customers=100)
    >>> customers(world, people(world, 0))["customer_id"].tolist()[:2]
    ['C0000001', 'C0000002']
    """
    block = block_of(people)
    true, held = true_people(world, people), records(world, people) if held is None else held
    home = held.loc[held["channel"].to_numpy() == people["home_channel"].to_numpy(dtype=object)[held["position"]]]
    home = home.drop_duplicates("position").set_index("position").reindex(range(len(people)))
    draws = world.rng("profile", block).random((3, len(people)))
    person = ~true["organisation"].to_numpy()
    told = person & (draws[1] < TOLD)  # the rest never filled in the form
    birth = home["birth_date"].reset_index(drop=True).where(person)
    year = true["birth_date"].dt.year.astype("Int64").where((birth.isna() & (draws[0] < 0.5)) & person)
    columns = {
        "customer_id": people["customer_id"].to_numpy(dtype=object),
        "customer_kind": people["kind"].to_numpy(dtype=object),
        "display_name": home["name"].fillna(true["name"]).to_numpy(dtype=object),
        "gender": np.where(person, people["gender"].to_numpy(dtype=object), None),
        "birth_date": birth, "birth_year": year.astype("Int64"),
        "phone": home["phone"].to_numpy(dtype=object), "e_mail": home["e_mail"].to_numpy(dtype=object),
        "address": home["address"].to_numpy(dtype=object), "country": people["country"].to_numpy(dtype=object),
        "region_code": _blank(_text(people["region_code"])), "postcode": np.where(home["address"].notna(), true["postcode"], None),
        "lat": true["lat"].where(home["address"].notna().to_numpy()), "lon": true["lon"].where(home["address"].notna().to_numpy()),
        **{name: np.where(told, people[name].to_numpy(dtype=object), None) for name in ("occupation", "education", "income_band")},
        "household_size": pd.array(people["household_size"], dtype="Int64"),
        "company_name": np.where(person, None, true["name"]),
        "tax_id": np.where(person | (draws[2] < 0.12), None, true["tax_id"]),
        "registered_at": pd.to_datetime(people["registered_at"]).dt.floor("s").astype("datetime64[us]").to_numpy(),
        "acq_channel": people["acq_channel"].to_numpy(dtype=object),
        "acq_campaign_id": people["acq_campaign_id"].to_numpy(dtype=object),
    }
    found = pd.DataFrame(columns)
    found["household_size"] = found["household_size"].where(person)
    return found


def facts(world: World) -> list[dict]:
    """Give what is planted about identities."""
    return [
        {"name": "shared_phone_share", "value": 0.0 if world.plain else SHARED_PHONE, "table": "identities",
         "how": "share of persons who have the phone of the person registered before them, where both are persons of one country"},
        {"name": "phone_slip_store", "value": 0.0 if world.plain else float(SLIP["store"]), "table": "identities",
         "how": "share of phones in store records with two neighbouring digits swapped (two like digits do not show it)"},
    ]


def _channel_records(world: World, people: pd.DataFrame, true: pd.DataFrame, channel: str, draws: np.ndarray) -> pd.DataFrame:
    size = len(people)
    organisation = true["organisation"].to_numpy()
    home = (people["home_channel"] == channel).to_numpy()
    second = true["second"].to_numpy()
    number = true["number"].to_numpy(dtype=np.int64)

    def held(field: str, draw: np.ndarray) -> np.ndarray:
        return draw < HELD.at[channel, field]

    chinese = (people["country"] == "CN").to_numpy()
    nickname = draws[0] < FORMS.at[channel, "nickname"]
    pinyin = ~nickname & (draws[0] < FORMS.loc[channel].sum())
    name = true["name"].to_numpy(dtype=object)
    if not world.plain:
        name = np.where(nickname, true["short"], np.where(pinyin & ~organisation & chinese,
                                                            pinyin_form(true["pinyin"].to_numpy(dtype=object), draws[1]), name))
    salt = world.seed % 9_973_000
    second_phone = np.where(chinese, reserved.phones(number + 50_000_000, salt), true["phone"])
    phone = np.where(second & (draws[2] < SECOND_PHONE), second_phone, true["phone"])
    slips = 0.0 if world.plain else float(SLIP[channel])
    phone = np.where((draws[3] < slips) & chinese, swapped(phone, draws[4]), phone)
    mail = np.where(second & (draws[16] < SECOND_MAIL), reserved.e_mails(true["local"], number + 50_000_000, draws[4]), true["e_mail"])
    phone = with_dashes(phone) if channel == "store" else with_country(phone) if channel == "web" else phone
    born = true["birth_date"]
    wrong = pd.Series(draws[5] < slips) & born.notna()
    born = born.where(~wrong, day_month_swapped(born.fillna(pd.Timestamp("2000-01-02")))).where(held("birth_date", draws[6]))
    registered = pd.to_datetime(people["registered_at"]).dt.floor("s")
    last = pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=23, minutes=59)
    days = pd.to_timedelta(np.where(home, 0, np.floor(draws[7] * 300 * 86_400)), unit="s")
    since = (registered + days).clip(upper=last).astype("datetime64[us]")
    span = (last - since).dt.total_seconds().to_numpy()
    closed = (draws[8] < 0.03) & (span > 86_400 * 30) & ~home
    until = (since + pd.to_timedelta(np.floor(draws[9] * np.maximum(span, 0)), unit="s")).astype("datetime64[us]").where(pd.Series(closed))
    address = true["address"] if channel in ("web", "tmall") else true["short_address"]
    moved = number + np.where(second, 40_000_000, 0)  # a second id is kept on a device of its own half the time
    return pd.DataFrame({
        "record_id": joined(LETTER[channel], np.array([one[1:] for one in people["customer_id"]], dtype=object)) if size else [],
        "customer_id": people["customer_id"].to_numpy(dtype=object), "channel": np.full(size, channel, dtype=object),
        "name": np.where((draws[10] < 0.985) | home, name, None), "phone": np.where(held("phone", draws[11]), phone, None),
        "e_mail": np.where(held("e_mail", draws[12]), mail, None), "birth_date": born,
        "address": np.where(held("address", draws[13]), address, None),
        "device_id": np.where(held("device_id", draws[14]), reserved.devices(np.where(draws[10] < 0.5, number, moved), salt), None),
        "openid": np.where(held("openid", draws[15]), reserved.openids(number, salt), None),
        "valid_from": since, "valid_to": until})


def _has(people: pd.DataFrame, channel: str) -> np.ndarray:
    """Tell who has a record in a channel: by the bit set of channels, and always in the home channel."""
    home = (people["home_channel"] == channel).to_numpy()
    if channel not in CHANNELS[:5]:
        return home
    return home | ((people["channels"].to_numpy(dtype=int) >> CHANNELS.index(channel)) & 1).astype(bool)


def _text(values: pd.Series) -> np.ndarray:
    return values.astype(object).where(values.notna(), "").to_numpy(dtype=object)


def _blank(values: np.ndarray) -> np.ndarray:
    return np.where(values == "", None, values)
