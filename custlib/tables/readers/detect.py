"""Find out what nobody declared: how a text is encoded and which mark stands between its fields."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 20
SAMPLE = 1 << 18  # bytes with characters beyond ASCII around them that are weighed
MARKS = (",", ";", "\t", "|", "^")
RECORDS = 200
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ASIAN = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")
TELLING, SURE = 8, 20  # characters: fewer cannot tell one Asian encoding from another; from so many different ones on it is no guess
MANY = 10_000  # damaged places that settle it
PLAIN = 0.9  # share of frequent characters from which an encoding is believed
USUAL = frozenset("€‚„…‘’“”–—\xa0¡£§«®°´·ºª»¿".encode("cp1252"))  # beside letters
SEP = re.compile(r'"?sep=(.)"?')  # what Excel writes into the first line of some CSV files
QUOTED = re.compile(r'(?:^|(?<=[,;\t|^]))[ ]*"(?:[^"]|"")*"', re.MULTILINE)  # a field in quotes: marks inside it cut nothing
NUMERIC = re.compile(r"[-+]?\d[\d.,:/-]*")


@dataclass(frozen=True)
class Coding:
    """The encoding of a text: its name, and whether it is certain."""

    name: str
    sure: bool


def encoding(path: Path) -> Coding | None:
    """Give the encoding that the first bytes tell, UTF-8 if they tell none; None where the bytes are no text.

    A byte order mark decides; else zeros in every second byte mean UTF-16; else the text is taken for UTF-8, which reading it
    proves or disproves.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for mark, name in BOMS:
        if head.startswith(mark):
            return Coding(name, True)
    wide = _wide(head)
    if wide:
        return Coding(wide, False)
    return Coding("utf-8", True) if head.count(0) <= len(head) // 50 else None


def other_encoding(path: Path) -> Coding:
    """Find out the encoding of a file of any size that strict UTF-8 could not read.

    It is UTF-8 still, if all but a few damaged bytes are (reading the file then names the first); else the Chinese, Japanese
    or Korean encoding under which nearly all characters are frequent ones; else cp1252 or Latin-1, where the letters look it;
    else UTF-8, whose strict reading names the first byte that does not fit.
    """
    sound, damaged, sample = _weighed(path)
    return Coding("utf-8", False) if _but_few(sound, damaged) else _foreign(sample)


def _wide(head: bytes) -> str | None:
    """Name the UTF-16 or UTF-32 that a text without a byte order mark is in: marks and digits have zeros on one side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(len(head) // 2, 1)
    if max(even, odd) < half // 20 + 1 or min(even, odd) > max(even, odd) // 10:
        quarter = len(head) // 4
        if quarter and head[3::4].count(0) == quarter == head[2::4].count(0):
            return "utf-32-le"
        return "utf-32-be" if quarter and head[0::4].count(0) == quarter == head[1::4].count(0) else None
    return "utf-16-le" if odd > even else "utf-16-be"


def _weighed(path: Path) -> tuple[int, int, bytes]:
    """Count whole UTF-8 characters beyond ASCII and damaged places, and keep a sample of lines with bytes beyond ASCII."""
    sound = damaged = 0
    sample, rest = bytearray(), b""
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            cut = _whole(rest + block)
            block, rest = (rest + block)[:cut], (rest + block)[cut:]
            if block.isascii():
                continue
            text = block.decode("utf-8", errors="replace")
            bad = text.count("\ufffd") - block.count(b"\xef\xbf\xbd")
            damaged += bad
            sound += len(text) - len(text.encode("ascii", errors="ignore")) - bad
            if len(sample) < SAMPLE:
                sample += b"\n".join(line for line in re.split(rb"[\r\n]", block) if not line.isascii())[:2 * SAMPLE] + b"\n"
            if damaged > MANY and not _but_few(sound, damaged):
                break
    return sound, damaged + bool(rest), bytes(sample)


def _but_few(sound: int, damaged: int) -> bool:
    """Tell a damaged UTF-8 text from a text in another encoding, whose bytes seldom make whole UTF-8 characters."""
    return sound >= 2 * damaged


def _whole(block: bytes) -> int:
    """Give where the last character begins that may go on in the next block."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) - back if length > back else len(block)
        if byte < 0x80:
            break
    return len(block)


def _foreign(sample: bytes) -> Coding:
    text = {name: sample.decode(name, errors="replace") for name in ASIAN}
    shares = {name: _frequent(text[name], name) for name in ASIAN}
    best = max(ASIAN, key=lambda name: (shares[name], -ASIAN.index(name)))
    count = sum(not one.isascii() for one in text[best])
    different = len({one for one in text[best] if not one.isascii()})
    if shares["gb18030"] >= PLAIN and (shares["gb18030"] >= shares[best] - 0.02 or count < TELLING):
        others = max(shares[name] for name in ASIAN if name != "gb18030")
        return Coding("gb18030", different >= SURE and shares["gb18030"] >= 0.95 and others < PLAIN)
    if shares[best] >= PLAIN and count >= TELLING:
        return Coding(best, False)
    return _western(sample)


def _western(sample: bytes) -> Coding:
    """Western European letters stand alone among others; where they do not, nothing fits, and strict UTF-8 names the place."""
    beyond = [byte for byte in sample if byte >= 0x80]
    letters = sum(0xC0 <= byte < 0xFF or byte in USUAL for byte in beyond)
    runs = sum(len(run) for run in re.findall(rb"[\x80-\xff]{3,}", sample))
    if letters < PLAIN * len(beyond) or runs * 2 > len(beyond):
        return Coding("utf-8", False)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return Coding("latin-1", False)
    return Coding("cp1252", False)


def _frequent(text: str, name: str) -> float:
    """Give the share of the characters beyond ASCII that texts in this encoding are mostly made of."""
    beyond = Counter(one for one in text if not one.isascii())
    total = sum(beyond.values())
    return sum(count for one, count in beyond.items() if _is_frequent(one, name)) / total if total else 0.0


def _is_frequent(one: str, name: str) -> bool:
    if "\u3041" <= one <= "\u30fe":  # kana
        return name in ("shift_jis", "euc_jp")
    if "\u3001" <= one <= "\u3011" or "\uff01" <= one <= "\uff5e" or one in "·—“”‘’…￥\u3000":
        return True
    if name == "euc_kr":
        return "가" <= one <= "힣"
    try:
        lead = one.encode({"gb18030": "gb2312"}.get(name, name))
    except UnicodeEncodeError:
        return False
    if len(lead) != 2:
        return False
    low, high = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "shift_jis": (0x88, 0x97), "euc_jp": (0xB0, 0xCF)}[name]
    return low <= lead[0] <= high


def delimiter(lines: list[str]) -> str:
    """Find the mark between the fields: the one that cuts most of the first records into equally many, two at least.

    A text whose records no mark cuts is one column and gets ``,``; ``whitespace`` is found only where the fields are numbers.

    Examples
    --------
    >>> delimiter(["a;b", "1,5;2,5", "3,5;4"])
    ';'
    >>> delimiter(["name", "Anna Lee"])
    ','
    """
    if lines and (told := SEP.fullmatch(lines[0].strip())):
        return told[1]
    filled = [line for line in QUOTED.sub("q", "\n".join(lines)).split("\n") if line.strip()][:RECORDS]
    scores = {mark: _even(filled, mark) for mark in MARKS}
    best = max(MARKS, key=lambda mark: (*scores[mark], -MARKS.index(mark)))
    if scores[best][0] > 0:
        return best
    return "whitespace" if _numbers_in_columns(filled) else ","


def _even(lines: list[str], mark: str) -> tuple[float, int, int]:
    """Score a mark: the share of records of the commonest width (a header that fits counts as much again), and that width."""
    widths = [line.count(mark) + 1 for line in lines]
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return 0.0, 0, 0
    width, count = max(wide.items(), key=lambda one: (one[1], one[0]))
    share = count / len(widths)
    return round(share + (widths[0] == width), 1), width, count


def _numbers_in_columns(lines: list[str]) -> bool:
    cells = [line.split() for line in lines]
    if len(cells) < 2 or len({len(row) for row in cells}) > 1 or len(cells[0]) < 2:
        return False
    numeric = sum(all(NUMERIC.fullmatch(row[i]) for row in cells[1:]) for i in range(len(cells[0])))
    return numeric * 2 >= len(cells[0])
