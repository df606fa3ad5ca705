"""Put texts together from the words of the world: by topic, by praise or complaint, in Chinese or English."""

import numpy as np

from custlib.synth.wording import joined, picked, words

TOPICS = ("taste", "freshness", "packaging", "delivery", "service", "price")
TONES = ("complaint", "middle", "praise")


def sentences(topic: np.ndarray, tone: np.ndarray, lang: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Give a sentence for each row.

    Parameters
    ----------
    topic : array of int
        Position in TOPICS.
    tone : array of bool
        True praises, False complains.
    lang : array of str
        ``zh`` or ``en``.
    uniform : array of float
        From 0 to below 1: which sentence.

    Examples
    --------
    >>> sentences(np.array([5]), np.array([True]), np.array(["en"], dtype=object), np.array([0.0])).tolist()
    ['Not expensive for what it is, worth it.']
    """
    found = np.empty(len(topic), dtype=object)
    for number, name in enumerate(TOPICS):
        for praise, word in ((True, "praise"), (False, "complaint")):
            for code in ("zh", "en"):
                rows = np.flatnonzero((topic == number) & (tone == praise) & (lang == code))
                found[rows] = picked(words("texts")["topics"][name][f"{word}_{code}"], uniform[rows])
    return found


def review_texts(rating: np.ndarray, lang: np.ndarray, product: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Give the text of reviews of 1 to 5 stars: above 3 praise, below 3 complaint, at 3 one of each or neither.

    Parameters
    ----------
    draws : array of float, 6 × rows
        From 0 to below 1.

    Examples
    --------
    >>> zh = np.array(["zh"], dtype=object)
    >>> review_texts(np.array([5]), zh, np.array(["夏威夷果"], dtype=object), np.full((6, 1), 0.4)).tolist()
    ['小袋独立包装，带着方便。一直在这家买。']
    """
    topic, other = ((draws[one] * len(TOPICS)).astype(int) for one in (0, 1))
    first = sentences(topic, rating >= 3, lang, draws[2])
    second = np.where(((draws[3] < 0.3) & (topic != other) & (rating != 3)) | ((rating == 3) & (draws[3] < 0.6)),
                      sentences(other, rating > 3, lang, draws[4]), "")
    whole = np.empty(len(rating), dtype=object)
    for word, rows_of in (("praise", rating > 3), ("middle", rating == 3), ("complaint", rating < 3)):
        for code in ("zh", "en"):
            rows = np.flatnonzero(rows_of & (lang == code))
            whole[rows] = picked(words("texts")["whole"][f"{word}_{code}"], draws[5, rows])
    gap = np.where(lang == "en", " ", "")
    text = joined(first, gap, second, gap, whole)
    return np.array([" ".join(one.replace("{p}", name).split()) for one, name in zip(text, product, strict=True)], dtype=object)
