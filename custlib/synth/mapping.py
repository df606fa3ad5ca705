"""Write the `dataset.toml` of a world: which file holds which table, and what its words and dates mean."""

from custlib.synth.wording import words

FIRST = "# 松果零食 Pinecone Snacks: a simulated brand with planted truth. Written by custlib.synth.mapping from words/raw.toml.\nschema = 1\n"
READ_ANYWAY = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "utc")  # dates that need no form


def dataset_toml(rows: dict[str, int] | None = None, *, generated: dict | None = None) -> str:
    """Give the text of a `dataset.toml` that reads what `raw.deliver` wrote.

    Parameters
    ----------
    rows : dict or None
        Rows by source, as `raw.deliver` gives them: a source without rows is left out, and with it a table that has no other
        (a plain world has no campaign groups). None: all of them.
    generated : dict or None
        Size and seed of the world, where the raw files are made on first use.

    Examples
    --------
    >>> "[tables.responses]" in dataset_toml(), "[tables.responses]" in dataset_toml({"orders": 5})
    (True, False)
    """
    files = [one for one in words("raw")["files"] if rows is None or rows.get(one["source"])]
    about = words("raw")["dataset"] | ({"generated": generated} if generated else {})
    parts = [FIRST + "".join(f"{name} = {_toml(value)}\n" for name, value in about.items())]
    parts += [_source(one) for one in files]
    tables: dict[str, list[dict]] = {}
    for one in files:
        tables.setdefault(one["table"], []).append(one)
    for table, held in tables.items():
        names = [one["source"] for one in held]
        first = held[0]
        parts.append(f"[tables.{table}]\nsource = {_toml(names[0] if len(names) == 1 else names)}\n")
        parts.append(f"[tables.{table}.columns]\n" + "".join(f"{name} = {_column(first, name)}\n" for name in first["columns"]))
        parts += [_other(table, first, one) for one in held[1:]]
    return "\n".join(parts)


def _source(one: dict) -> str:
    lines = [f"[sources.{one['source']}]" + (f"  # {one['note']}" if "note" in one else "")]
    if one["kind"] == "sqlite":
        lines += [f"database = {_toml('sqlite:///' + one['path'])}", f"table = {_toml(one['name'])}"]
    else:
        lines.append(f"path = {_toml(one['path'])}")
    if one["kind"] == "xlsx":
        lines += [f"sheet = {_toml(one['name'])}", "header = 3"]
    if one.get("encoding") == "gb18030":
        lines.append('encoding = "gb18030"')
    return "\n".join(lines) + "\n"


def _other(table: str, first: dict, one: dict) -> str:
    """Give what a second source of a table has otherwise than the first."""
    lines = [f"[tables.{table}.by_source.{one['source']}]"]
    lines += [f'{name} = ""' for name in first["columns"] if name not in one["columns"]]
    lines += [f"{name} = {_column(one, name)}" for name in one["columns"]
              if name not in first["columns"] or _column(one, name) != _column(first, name)]
    return "\n".join(lines) + "\n"


def _column(one: dict, name: str) -> str:
    spec: dict = {"from": one["columns"][name]}
    if codes := one.get("values", {}).get(name):
        spec["values"] = {own: canonical for canonical, own in codes.items()}
    if (form := one.get("dates", {}).get(name, "utc")) not in READ_ANYWAY:
        spec["date_format"] = form
    if name in one.get("money", []):
        spec |= {"strip": "￥", "thousands": ","}
    return _toml(spec if len(spec) > 1 else spec["from"])


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _toml(name)
