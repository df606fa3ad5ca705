"""Contact data that can belong to nobody: the ranges they are drawn from, and the tests that they lie in them.

============= =================================================================================================
phone         China: 100 and eight digits, no mobile prefix of China begins with 100. Elsewhere: +1-0NN-555-01NN or
              +1-1NN-555-01NN; no area code begins with 0 or 1, and 555-0100 to 555-0199 are kept for fiction
e-mail        only at example.com, example.org, example.net (RFC 2606) and shop.invalid
postcode      00NNNN: the postal codes of China begin with 01 or more
address       a real city of GB/T 2260, a street of ``words/names.toml`` that exists nowhere, a house number that begins with 0
tax id        18 signs with SIM in them: the code of GB 32100 knows neither S nor I
openid        begins with oSIM_, device ids with SIM-
============= =================================================================================================
"""

import re

import numpy as np

from custlib.synth.wording import joined

DOMAINS = ("example.com", "example.org", "example.net", "shop.invalid")
PHONE = re.compile(r"100\d{8}|100-\d{4}-\d{4}|\+86 100 \d{4} \d{4}|\+1-[01]\d\d-555-01\d\d")
E_MAIL = re.compile(rf"[a-z0-9._-]+@({'|'.join(map(re.escape, DOMAINS))})")
POSTCODE = re.compile(r"00\d{4}")
TAX_ID = re.compile(r"91\d{6}SIM\d{6}X")
OPENID = re.compile(r"oSIM_[0-9a-z]{12}")
DEVICE = re.compile(r"SIM-[0-9A-F]{12}")
SPREAD = 99_100_367  # odd and no multiple of 5: multiplying by it modulo 10^8 gives every number once


def phones(number: np.ndarray, seed: int) -> np.ndarray:
    """Give a Chinese phone for each number below 10^8, no two numbers the same phone.

    Examples
    --------
    >>> phones(np.array([1, 2]), seed=0).tolist()
    ['10099100367', '10098200734']
    """
    mixed = (number.astype(np.int64) * SPREAD + seed) % 10**8
    return np.array([f"100{one:08d}" for one in mixed.tolist()], dtype=object)


def foreign_phones(number: np.ndarray, seed: int) -> np.ndarray:
    """Give a phone of the fiction range for each number: 20,000 of them, so that in a large world some are shared.

    Examples
    --------
    >>> foreign_phones(np.array([1, 2]), seed=0).tolist()
    ['+1-003-555-0167', '+1-007-555-0134']
    """
    mixed = (number.astype(np.int64) * SPREAD + seed) % 20_000
    return np.array([f"+1-{one // 100:03d}-555-01{one % 100:02d}" for one in mixed.tolist()], dtype=object)


def e_mails(local: np.ndarray, number: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Give an address at a reserved domain: the name, a number in base 36 that no other person has, a domain.

    Examples
    --------
    >>> e_mails(np.array(["wangxiaoming"], dtype=object), np.array([71]), np.array([0.3])).tolist()
    ['wangxiaoming1z@example.org']
    """
    tails = np.array([np.base_repr(one, 36).lower() for one in number.tolist()], dtype=object)
    return joined(local, tails, "@", np.array(DOMAINS, dtype=object)[(uniform * len(DOMAINS)).astype(int)])


def tax_ids(region: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Give a taxpayer's number that no check can accept.

    Examples
    --------
    >>> tax_ids(np.array(["330100"], dtype=object), np.array([42])).tolist()
    ['91330100SIM000042X']
    """
    return np.array([f"91{code or '000000'}SIM{one % 10**6:06d}X" for code, one in zip(region, number.tolist(), strict=True)], dtype=object)


def openids(number: np.ndarray, salt: int) -> np.ndarray:
    """Give a WeChat openid of the marked kind.

    Examples
    --------
    >>> openids(np.array([42]), salt=7).tolist()
    ['oSIM_002otpqd101l']
    """
    return np.array([f"oSIM_{np.base_repr(one, 36).lower():0>12}" for one in _mixed(number, salt).tolist()], dtype=object)


def devices(number: np.ndarray, salt: int) -> np.ndarray:
    """Give a device id of the marked kind.

    Examples
    --------
    >>> devices(np.array([42]), salt=7).tolist()
    ['SIM-F86EE2385B7A']
    """
    return np.array([f"SIM-{one:012X}" for one in _mixed(number, salt + 1).tolist()], dtype=object)


def _mixed(number: np.ndarray, salt: int) -> np.ndarray:
    """Spread numbers over 48 bits, one to one for a salt."""
    return (number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)) & np.uint64(2**48 - 1)
