"""The truth file: every planted fact with its value, where it can be seen, and how."""

import json
from importlib import import_module
from pathlib import Path

from custlib.synth.world import AS_OF, World

MODULES = ("people", "calendar", "baskets", "spend", "campaigns", "inventory", "points", "consents", "events", "service", "leads",
           "identities", "surveys", "reviews", "social", "raw")


def facts(world: World) -> list[dict]:
    """Give every planted fact of a world: name, value, table, how.

    Examples
    --------
    >>> [one["value"] for one in facts(World()) if one["name"] == "holiday_effect"]
    [1.18]
    """
    return [one for name in MODULES for one in import_module(f"custlib.synth.{name}").facts(world)]


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def write(world: World, folder: Path) -> Path:
    """Write ``truth.toml`` and ``truth.json`` into a folder that no data set maps, and give the first."""
    folder.mkdir(parents=True, exist_ok=True)
    found = facts(world)
    about = {"customers": world.customers, "seed": world.seed, "plain": world.plain, "as_of": AS_OF.isoformat(), "simulated": True}
    (folder / "truth.json").write_text(json.dumps({"world": about, "facts": found}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    text = ["# What is planted in this simulated world. For trainers only.", "", "[world]"]
    text += [f"{name} = {_toml(value)}" for name, value in about.items()]
    for one in found:
        text += ["", "[[fact]]", *(f"{name} = {_toml(value)}" for name, value in one.items())]
    place = folder / "truth.toml"
    place.write_text("\n".join(text) + "\n", encoding="utf-8")
    return place
