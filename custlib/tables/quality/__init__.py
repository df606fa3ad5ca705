"""Data quality: rules with a severity, a score of 0 to 100 with its weights, the gate, and the tables of the intake report."""

from custlib.tables.quality.assess import assess, gate
from custlib.tables.quality.intake import Intake, days, intake, parts, rules, sources
from custlib.tables.quality.settings import PARTS, RULES, Settings, check_settings

__all__ = ["PARTS", "RULES", "Intake", "Settings", "assess", "check_settings", "days", "gate", "intake", "parts", "rules", "sources"]
