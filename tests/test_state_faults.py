"""What a machine does to a state: killed, full, written by two at once. It is as before or as after, and one sentence says so."""

import random
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from custlib.engine.state import StateEngine, append, check
from custlib.i18n import Problem, Trouble

KILLS = 20
BATCHES = 6
AS_OF = date(2024, 12, 31)


def batch(path: Path, number: int, rows: int = 300) -> Path:
    """One day of orders; a few correct the day before."""
    with duckdb.connect() as db:
        db.execute(f"""COPY (SELECT i + {number * rows - 10 if number else 0} AS order_id, 'c' || (i * 7 + {number}) % 90 AS customer_id,
            DATE '2024-03-01' + {number} AS order_ts,
            CASE WHEN i % 50 = 49 THEN -3.25 ELSE CAST((i * 37 + {number}) % 9000 AS DECIMAL(18,2)) / 100 END AS net_amount
            FROM range({rows}) AS t(i)) TO '{path}' (FORMAT parquet)""")
    return path


def child(code: str, *words: object) -> subprocess.Popen:
    """Start Python on `code` with the arguments `words`; it says "ready" when everything is imported."""
    head = "import sys\nfrom pathlib import Path\nfrom custlib.engine.state import append\nfrom custlib.engine.state.schema import opened\n"
    head += "from custlib.i18n import Problem\nprint('ready', flush=True)\n"
    return subprocess.Popen([sys.executable, "-c", head + code, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def heard(one: subprocess.Popen) -> str:
    return one.stdout.readline().strip()


def whole(state: Path) -> tuple:
    """What a state holds, as numbers: batches taken, and every customer's orders and money."""
    with StateEngine(state, AS_OF) as engine:
        taken = engine.db.execute("SELECT count(*) FROM state.batches").fetchall()[0][0]
        return taken, engine.customers()[["identity_id", "orders", "gross_amount", "returned_amount"]].to_numpy().tolist()


ALL = """
sys.stdin.readline()
for one in sys.argv[2:]:
    append(Path(sys.argv[1]), Path(one))
    print(Path(one).name, flush=True)
"""


def test_killed_at_twenty_moments_it_is_before_or_after_a_batch_and_never_between(tmp_path):
    files = [batch(tmp_path / f"{number}.parquet", number) for number in range(BATCHES)]
    plain, wanted = tmp_path / "plain", {}
    started = time.monotonic()
    for number, file in enumerate(files, 1):
        append(plain, file)
        wanted[number] = whole(plain)[1]
    long = time.monotonic() - started
    chance, state, known = random.Random(20240301), tmp_path / "s", 0
    waiting = [child(ALL, state, *files)]
    for _ in range(KILLS):
        waiting.append(child(ALL, state, *files))  # the next one imports while this one works
        one = waiting.pop(0)
        assert heard(one) == "ready"
        one.stdin.write("go\n")
        one.stdin.flush()
        # a share of the time of all batches; the state starts anew when it is complete
        time.sleep(chance.random() * long / 3)
        one.kill()
        told = len(one.stdout.read().split())
        one.wait()
        if state.exists() and state.stat().st_size:
            try:
                taken, held = whole(state)
            except Problem as problem:
                assert problem.key == "state_not_one" and not known  # killed before the first batch was in
                continue
            assert taken >= max(known, told) and held == wanted[taken]
            known = taken
            if taken == BATCHES:
                assert check(state) == []
                state.unlink()
                known = 0
        else:
            assert not known
    waiting[0].kill()
    waiting[0].wait()
    for file in files:
        append(state, file)
    assert whole(state) == (BATCHES, wanted[BATCHES]) and check(state) == []
    assert {one.name for one in tmp_path.iterdir()} == {"plain", "s", *(one.name for one in files)}


FULL = """
import resource
for limit in sys.argv[3:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        print(append(Path(sys.argv[1]), Path(sys.argv[2])).new, flush=True)
    except Problem as problem:
        print(problem.key, flush=True)
"""


def test_a_full_disk_ends_in_a_sentence_and_the_state_is_whole(tmp_path):
    state = tmp_path / "s"
    append(state, batch(tmp_path / "1.parquet", 0))
    with duckdb.connect() as db:
        db.execute(f"""COPY (SELECT i + 1000000 AS order_id, 'x' || hash(i) AS customer_id, DATE '2024-04-01' AS order_ts, hash(i) % 99999 / 100 AS
            net_amount FROM range(150000) AS t(i)) TO '{tmp_path / "big.parquet"}' (FORMAT parquet)""")
    before, size = whole(state), state.stat().st_size
    limits = [1000, 100_000, size, size + 20_000, size + 300_000, size + 2_000_000, size + 4_000_000]
    one = child(FULL, state, tmp_path / "big.parquet", *limits)
    assert heard(one) == "ready"
    said = one.stdout.read().split()
    assert one.wait() == 0 and len(said) == len(limits)
    assert set(said) <= {"state_no_room", "150000", "0"} and said[:3] == ["state_no_room"] * 3
    taken = whole(state)
    assert taken == before if "150000" not in said and taken[0] == 1 else taken[0] == 2
    assert check(state) == []
    append(state, tmp_path / "big.parquet")
    assert whole(state)[0] == 2 and len(whole(state)[1]) == len(before[1]) + 150_000 and check(state) == []
    assert [one.name for one in tmp_path.glob(".*")] == []


HOLD = """
with opened(Path(sys.argv[1]), write=True):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_is_told_so_and_changes_nothing(tmp_path):
    state, more = tmp_path / "s", batch(tmp_path / "2.parquet", 1)
    append(state, batch(tmp_path / "1.parquet", 0))
    before = whole(state)
    one = child(HOLD, state)
    assert (heard(one), heard(one)) == ("ready", "held")
    for other in (lambda: append(state, more), lambda: StateEngine(state, AS_OF), lambda: check(state)):
        with pytest.raises(Trouble) as caught:
            other()
        assert caught.value.key == "state_busy" and caught.value.values == {"file": "s"}
    one.communicate("done\n")
    assert whole(state) == before and append(state, more).new == 290
    with StateEngine(state, AS_OF), pytest.raises(Trouble) as caught:
        append(state, more)
    assert caught.value.key == "state_busy"


BOTH = """
import time
sys.stdin.readline()
for one in sys.argv[2:]:
    for turn in range(400):
        try:
            append(Path(sys.argv[1]), Path(one), late_days=99)
            break
        except Problem as problem:
            if problem.key != "state_busy":
                raise
            time.sleep(0.02)
"""


def test_two_writers_that_wait_for_one_another_lose_and_double_nothing(tmp_path):
    state = tmp_path / "s"
    files = [batch(tmp_path / f"{number}.parquet", 2 * number, 100) for number in range(6)]
    append(state, files[0])
    both = [child(BOTH, state, *order) for order in (files[1:4], files[5:2:-1])]
    for one in both:
        assert heard(one) == "ready"
    for one in both:
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.wait(60) for one in both] == [0, 0]
    assert whole(state)[0] == 6 and check(state) == []
    with duckdb.connect() as db:
        every = tmp_path / "all.parquet"
        db.execute(f"COPY (SELECT * FROM read_parquet({[str(one) for one in files]})) TO '{every}' (FORMAT parquet)")
    assert check(state, orders=every) == []


def test_what_a_dead_process_left_beside_the_state_is_cleared_away(tmp_path):
    state = tmp_path / "s"
    for left in (".s.work", ".s.spill"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "orders.parquet").write_bytes(b"half")
    append(state, batch(tmp_path / "1.parquet", 0))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["1.parquet", "s"]
    assert append(state, batch(tmp_path / "1.parquet", 0)).again
