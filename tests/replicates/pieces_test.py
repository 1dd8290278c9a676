"""Pieces of work that several workers share."""

import threading
import time

import pytest

from rum_jax.replicates import pieces as module
from rum_jax.replicates.pieces import Piece, complete
from rum_jax.storage.leases import Leases, identity
from rum_jax.storage.object_store import Local


def counted(count, log, seconds=0.0):
    """Pieces 0..count-1, which note who has done them."""
    finished = set()

    def work(number):
        log.append((number, threading.current_thread().name))
        time.sleep(seconds)
        finished.add(number)

    return [Piece(f"piece-{number}", lambda number=number: number in finished,
                  lambda number=number: work(number)) for number in range(count)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.02)
    return Local(tmp_path)


def worker(folder, index, pieces):
    leases = Leases(folder, identity(index), 10.0)
    with leases.alive():
        complete(pieces, leases, "pieces")


def test_one_worker_does_all_in_their_order_and_only_what_is_missing(folder, capsys):
    log = []
    pieces = counted(4, log)
    pieces[2].work()
    worker(folder, 0, pieces)
    assert [number for number, _ in log] == [2, 0, 1, 3]
    worker(folder, 1, pieces)
    assert len(log) == 4, "all is done"
    assert "pieces: 3 of 4, " in capsys.readouterr().err


def test_two_workers_do_each_piece_once_and_both_wait_for_all(folder):
    log = []
    pieces = counted(8, log, seconds=0.03)
    all_done = []

    def run(index):
        worker(folder, index, pieces)
        all_done.append(all(piece.is_done() for piece in pieces))

    threads = [threading.Thread(target=run, args=(index,), name=str(index)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number for number, _ in log) == list(range(8))
    assert {name for _, name in log} == {"0", "1"} and all_done == [True, True]


def test_a_piece_that_failed_is_done_by_the_next_worker(folder):
    log, failures = [], ["disk full"]
    pieces = counted(2, log)

    def fails():
        if failures:
            raise OSError(failures.pop())
        pieces[1].work()

    faulty = [pieces[0], pieces[1]._replace(work=fails)]
    with pytest.raises(OSError, match="disk full"):
        worker(folder, 0, faulty)
    worker(folder, 1, faulty)
    assert [number for number, _ in log] == [0, 1]
