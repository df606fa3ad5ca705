"""What a writer tells while it works: the file's name for the user, and sentences in the user's language."""

from collections.abc import Callable
from dataclasses import dataclass

from custlib.i18n import text


@dataclass(frozen=True)
class Notice:
    """The name under which the user knows the file, and where sentences go."""

    file: str
    lang: str
    say: Callable[[str], None]

    def tell(self, key: str, **values: object) -> None:
        """Say a sentence of the catalogues' section ``export``."""
        self.say(text(f"export.{key}", self.lang, file=self.file, **values))
