"""The pool of host threads: every block once, callers at once, forks, signals, sleep; and where arrays are."""

import ctypes
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from fdmag.kernels.compiler import find_compiler
from fdmag.kernels.runtime import host_runtime

pytestmark = pytest.mark.skipif(
    find_compiler()[0] is None, reason="no C++ compiler works here, so there are no threads"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

WORK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_longlong, ctypes.c_int)


class Threads(ctypes.Structure):
    _fields_ = [
        ("share", ctypes.CFUNCTYPE(None, WORK, ctypes.c_void_p, ctypes.c_longlong, ctypes.c_int)),
        ("enter", ctypes.c_void_p),
        ("leave", ctypes.c_void_p),
    ]


@pytest.fixture(scope="module")
def pool():
    return Threads.from_address(host_runtime()[0].sharing)


@pytest.fixture(params=["0", "10"])
def look_out(request, monkeypatch):
    """How long threads look out for work [µs]."""
    monkeypatch.setenv("FDMAG_LOOK_OUT", request.param)
    host_runtime()
    yield
    monkeypatch.undo()
    host_runtime()


@pytest.mark.parametrize("blocks", [0, 1, 2, 7, 200])
@pytest.mark.parametrize("threads", [1, 2, 5, 70])
def test_every_block_is_done_once_by_a_thread_of_the_call(pool, blocks, threads):
    done = []
    pool.share(
        WORK(lambda _, block, thread: done.append((block, thread, threading.get_native_id()))), None, blocks, threads
    )
    assert sorted(block for block, _, _ in done) == list(range(blocks))
    assert all(0 <= thread < threads for _, thread, _ in done)
    assert len({(thread, native) for _, thread, native in done}) == len({thread for _, thread, _ in done})


def test_a_thread_does_neighbouring_blocks_and_then_what_others_have_left(pool, look_out):
    """Neighbours share cache lines: done by turns they cost the demag of a film of 256² cells a third of its speed.

    A caller that would sleep keeps a block for the end, for it is woken later than a block takes.
    """
    both_at_work, other_has_two, all_done = threading.Barrier(2), threading.Event(), threading.Event()
    order = {0: [], 1: []}

    def work(_, block, thread):
        order[thread].append(block)
        if len(order[thread]) == 1:
            both_at_work.wait(60)
        if len(order[1]) == 2 and thread == 1:
            other_has_two.set()
            all_done.wait(60)
        if len(order[0]) == 2 and thread == 0:
            other_has_two.wait(60)
        if len(order[0]) == 38:
            all_done.set()

    pool.share(WORK(work), None, 40, 2)
    sleeps = os.environ["FDMAG_LOOK_OUT"] == "0"
    assert order[0] == ([*range(19), *range(22, 40), 19] if sleeps else [*range(20), *range(22, 40)])
    assert order[1] == [20, 21]


def test_a_call_from_within_a_block_is_done_alone(pool):
    inner = []
    one = WORK(lambda _, block, thread: inner.append(thread))
    pool.share(WORK(lambda *_: pool.share(one, None, 5, 3)), None, 4, 3)
    assert inner == [0] * 20


def test_callers_at_once_all_finish(pool):
    counts = [0] * 6

    def call(index):
        done = []
        work = WORK(lambda _, block, thread: done.append(block))
        for _ in range(100):
            pool.share(work, None, 8, 3)
        counts[index] = len(done)

    callers = [threading.Thread(target=call, args=(index,)) for index in range(len(counts))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert counts == [800] * len(counts)


def test_idle_threads_sleep(pool, look_out):
    pool.share(WORK(lambda *_: time.sleep(0.001)), None, 16, 4)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.02


@pytest.mark.parametrize("slow", [0, 1])
def test_who_waits_for_another_uses_no_time(pool, look_out, slow):
    """The caller for a thread, and a thread for the caller, of which one takes 20 times 10 ms."""
    both_at_work = threading.Barrier(2)

    def work(_, __, thread):
        both_at_work.wait(60)
        if thread == slow:
            time.sleep(0.01)

    before = time.process_time()
    for _ in range(20):
        pool.share(WORK(work), None, 2, 2)
    assert time.process_time() - before < 0.05


def test_threads_on_the_brink_of_sleep_lose_no_work(pool, look_out):
    """Calls follow each other after 0 to 30 µs, about as long as threads take to fall asleep, or look out."""
    done = [0] * 4

    def count(_, block, __):
        done[block] += 1

    work = WORK(count)
    for number in range(1500):
        until = time.perf_counter() + number % 31 * 1e-6
        while time.perf_counter() < until:
            pass
        pool.share(work, None, 4, 3)
        assert done == [number + 1] * 4


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not list threads")
def test_signals_are_left_to_the_interpreter(pool):
    pool.share(WORK(lambda *_: time.sleep(0.001)), None, 16, 3)
    python = {thread.native_id for thread in threading.enumerate()}
    masks = {}
    for task in Path("/proc/self/task").iterdir():
        fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
        masks[int(task.name)] = int(fields["SigBlk"], 16)
    blocked = 1 << 1 | 1 << 14  # SIGINT and SIGTERM
    assert masks.pop(threading.main_thread().native_id) & blocked == 0
    workers = [mask for native, mask in masks.items() if native not in python and mask & blocked == blocked]
    assert len(workers) >= 2


def run_script(text, **environment):
    """Run it in a process of its own; it hangs for a minute at most."""
    script = textwrap.dedent(text)
    options = {"env": {**os.environ, **environment}, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_fork
def test_a_fork_while_other_threads_are_inside_the_demag():
    run_script(
        """
        import os, threading
        import numpy as np
        from fdmag.demag.host import HostDemag
        from fdmag.mesh import Mesh

        mesh = Mesh((128, 128, 1), (1e-9, 1e-9, 1e-9))
        M = np.random.default_rng(0).normal(size=(1, 3, *mesh.shape))
        demag = HostDemag(mesh, workers=2)
        want = demag(M)
        stop = threading.Event()

        def keep_inside():
            while not stop.is_set():
                demag(M)

        def same():
            return np.array_equal(demag(M), want)

        threads = [threading.Thread(target=keep_inside) for _ in range(2)]
        for thread in threads:
            thread.start()
        failures = 0
        for _ in range(20):
            child = os.fork()
            if child == 0:
                results = []
                callers = [threading.Thread(target=lambda: results.append(same())) for _ in range(2)]
                for caller in callers:
                    caller.start()
                for caller in callers:
                    caller.join()
                os._exit(0 if same() and results == [True, True] else 1)
            failures += os.waitpid(child, 0)[1] != 0
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == 0 and same()
        """
    )


SIMULATION = """
import hashlib, multiprocessing, sys
from fdmag import Simulation
from fdmag.mesh import Mesh
from fdmag.terms import Demag, Exchange

def final_state(_):
    mesh = Mesh((192, 192, 1), (3e-9, 3e-9, 3e-9))
    simulation = Simulation(mesh, [Exchange(A=1.3e-11), Demag()], Ms=8e5, alpha=0.1, m=(1, 0.2, 0.1), device="host")
    simulation.run(2e-13)
    return hashlib.sha256(simulation.m.tobytes()).hexdigest()

if __name__ == "__main__":
    here = final_state(0)
    for method in sys.argv[1:]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(final_state, range(3)) == [here] * 3, method
"""


def test_simulations_in_processes_of_multiprocessing(tmp_path):
    script = tmp_path / "simulations.py"
    script.write_text(SIMULATION)
    methods = ["spawn", "fork"] if hasattr(os, "fork") else ["spawn"]
    environment = {**os.environ, "FDMAG_THREADS": "2", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(script), *methods]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not list threads")
@pytest.mark.parametrize("threads", ["1", "3"])
def test_one_environment_variable_rules_demag_and_stages(threads):
    out = run_script(
        """
        import os
        import numpy as np
        from fdmag.demag.host import HostDemag
        from fdmag.kernels.runtime import host_runtime
        from fdmag.mesh import Mesh

        def started():
            return len(os.listdir("/proc/self/task"))

        mesh = Mesh((512, 256, 1), (1e-9, 1e-9, 1e-9))
        M = np.ones((1, 3, *mesh.shape))
        before = started()
        HostDemag(mesh, cache=None)(M)
        after_demag = started()
        host_runtime()[0].largest(M)
        print(after_demag - before, started() - before)
        """,
        FDMAG_THREADS=threads, OPENBLAS_NUM_THREADS="1",
    )  # fmt: skip
    assert out.split() == [str(int(threads) - 1)] * 2


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not list threads")
@pytest.mark.parametrize(
    ("processors", "look_out", "more"),
    [(8, "", "000022"), (8, "10", "113377"), (4, "10", "001133"), (2, "10", "000011"), (2, "", "000000")],
)
def test_small_meshes_keep_few_threads_busy(processors, look_out, more):
    """To wake each takes some 10 µs of its waker: eight on two processors took 1.7 times as long as one on 96²."""
    out = run_script(
        f"""
        import os
        import numpy as np
        import fdmag.kernels.runtime
        from fdmag import Mesh, Simulation
        from fdmag.terms import Demag, Exchange

        def started():
            return len(os.listdir("/proc/self/task"))

        fdmag.kernels.runtime.processors = lambda: {processors}
        Simulation(Mesh((2, 2, 1), (1e-9,) * 3), [Exchange(A=1e-11)], Ms=8e5, device="host").run(1e-14)
        before = started()
        for n in 96, 128, 192:
            for terms in [Exchange(A=1e-11)], [Exchange(A=1e-11), Demag()]:
                Simulation(Mesh((n, n, 1), (1e-9,) * 3), terms, Ms=8e5, device="host").run(1e-14)
                print(started() - before)
        """,
        FDMAG_THREADS="8", FDMAG_LOOK_OUT=look_out, OPENBLAS_NUM_THREADS="1",
    )  # fmt: skip
    assert out.split() == [*more]  # beside the caller
