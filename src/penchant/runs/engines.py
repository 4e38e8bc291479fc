"""Where the tasks of a run are done: in this process, in several on this machine, or on a Ray cluster."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from penchant.errors import ConfigError

ENGINES: Final = ("local", "ray")
Task = Callable[..., None]


class Waiting(Protocol):
    """A task that was handed over."""

    def result(self) -> Any:
        """Waits for its end; raises what the task raised."""
        ...


class Workers(Protocol):
    """Takes tasks; few more than there are workers should wait at a time."""

    def submit(self, task: Task, /, *content: Any) -> Waiting:
        """Hands a task over."""
        ...


@contextmanager
def engine(kind: str, workers: int) -> Iterator[Workers]:
    """The workers of an engine.

    Args:
        kind: one of `ENGINES`; `ray` joins the cluster that the environment names (RAY_ADDRESS), or starts one on this
            machine. Its machines need penchant and the same files at the same paths.
        workers: processes, or tasks at a time on Ray.
    Raises:
        ConfigError: there is no such engine, `workers` is below 1, or Ray is not installed.
    """
    check_engine(kind, workers)
    if kind == "ray":
        with _ray(workers) as cluster:
            yield cluster
    elif workers == 1:
        yield _Here()
    else:
        with _processes(workers) as pool:
            yield pool


def check_engine(kind: str, workers: int) -> None:
    """Raises ConfigError: there is no such engine, or `workers` is below 1."""
    if kind not in ENGINES:
        raise ConfigError(f"`engine` is '{kind}'; take {' or '.join(ENGINES)}")
    if workers < 1:
        raise ConfigError(f"`workers` is {workers}; it must be at least 1")


class _Done:
    def result(self) -> None:
        """Nothing to wait for."""


class _Here:
    def submit(self, task: Task, /, *content: Any) -> Waiting:
        task(*content)
        return _Done()


@contextmanager
def _processes(workers: int) -> Iterator[Workers]:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    before = set(active_children())
    # fork would copy the threads' locks of pyarrow and torch
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)
    try:
        yield pool
    except BaseException:
        # tasks are whole or absent, so a worker may be stopped at any point; waiting for one may take minutes
        for child in set(active_children()) - before:
            child.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process stops its workers
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """Ends this process when its parent is gone, which may be killed without a word."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


class _Cluster:
    def __init__(self, ray: Any, workers: int) -> None:
        self._ray, self._workers = ray, workers
        self._run = ray.remote(_call)

    def submit(self, task: Task, /, *content: Any) -> Waiting:
        return _OnCluster(self._ray, self._run.remote(task, *content))


class _OnCluster:
    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference

    def result(self) -> None:
        try:
            self._ray.get(self._reference)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error


def _call(task: Task, *content: Any) -> None:
    task(*content)


@contextmanager
def _ray(workers: int) -> Iterator[Workers]:
    try:
        import ray
    except ImportError as error:
        raise ConfigError("`engine` ray needs Ray; install penchant[ray], or take local") from error
    address = os.environ.get("RAY_ADDRESS")
    # a cluster has the machines that it has; one on this machine gets as many processes as `workers` says
    ray.init(address=address, log_to_driver=False, **({} if address else {"num_cpus": workers}))
    try:
        yield _Cluster(ray, workers)
    finally:
        ray.shutdown()
