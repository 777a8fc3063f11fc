"""One pytest session for all mutants: the tests are collected once, and every mutant is a child of that process.

First each test runs in a child without a mutant, which tells the functions it reaches and the time it takes: in
one of its own, because a cache or a fixture would hide from a test what the one before it reached. Then each
mutant's child runs the tests that reach its function until one fails: those that killed the most mutants of it
already, then the quickest. So nearly every mutant is dead after one test or two, and one that lives has seen them
all.

A test has an end: ten times the processor's time it took without a mutant and five seconds more, so that it does
not matter what else the machine has to do. A test that waits for what does not come is ended by the clock on the
wall, after a minute and ten times what it took.
"""

import json
import math
import os
import resource
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from mutation.children import Work, in_children
from mutation.made import MADE, ROOT, endings, note

SURVIVED, KILLED, NO_TEST, ENDLESS, CRASHED = 0, 1, 33, 36, -11
"""What is noted of a mutant, in mutmut's own numbers."""

_OUT_OF_TIME = {-signal.SIGXCPU, -signal.SIGALRM}
_MEMORY = 4 << 30
_NOTED_EVERY_S = 5
_OPTIONS = ["--rootdir=.", "--capture=sys", "--tb=native", "--timeout=0", "-q", "-p", "no:randomly"]


@dataclass
class Reach:
    """The collected tests by name, what each takes, and which of them reach a function."""

    tests: dict[str, pytest.Item]
    processor_s: dict[str, float] = field(default_factory=dict)
    wall_s: dict[str, float] = field(default_factory=dict)
    of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def in_order(self, function: str, killers: Counter[str]) -> list[str]:
        """Return the tests that reach a function, the likeliest to kill a mutant of it first."""
        return sorted(self.of[function], key=lambda test: (-killers[test], self.processor_s[test], test))


class Session:
    """The plugin that takes the loop over the tests from pytest."""

    def __init__(self, modules: list[str], *, rest: bool, at_once: int) -> None:
        """Run the mutants of the modules; with ``rest`` those without an ending, and those alive."""
        self._modules, self._rest, self._at_once = modules, rest, at_once

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Find out what each test reaches, then run the mutants."""
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        _check_where("ledger")
        reach = self._reach({item.nodeid: item for item in session.items})
        for module in self._modules:
            self._run(module, reach)
        return True

    def _reach(self, tests: dict[str, pytest.Item]) -> Reach:
        found, started = Reach(tests), time.monotonic()
        failed: list[str] = []
        works = ((name, partial(_look, item)) for name, item in tests.items())
        for name, status, told in in_children(works, self._at_once):
            if status:
                failed.append(name)
                continue
            functions, found.processor_s[name], found.wall_s[name] = json.loads(told)
            for function in functions:
                found.of[function].add(name)
        if failed:
            raise pytest.UsageError("fails without a mutant: " + ", ".join(failed))
        _say(f"{len(tests)} tests reach {len(found.of)} functions ({time.monotonic() - started:.0f} s)")
        return found

    def _run(self, module: str, reach: Reach) -> None:
        names = [
            name
            for name, ending in endings(module).items()
            if not self._rest or ending in {None, SURVIVED, NO_TEST}
        ]
        note(module, dict.fromkeys(names))
        ended: dict[str, int | None] = {}
        started = noted = time.monotonic()
        killers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for name, status, told in in_children(self._works(names, reach, killers), self._at_once):
            ended[name] = _ending(status)
            if status == KILLED:
                killers[_function(name)][told] += 1
            if time.monotonic() - noted > _NOTED_EVERY_S:
                note(module, ended)
                noted = time.monotonic()
        ended |= {name: NO_TEST for name in names if not reach.of[_function(name)]}
        note(module, ended)
        counted = Counter(ended.values())
        _say(
            f"{module}: {len(names)} mutants, {counted[SURVIVED] + counted[NO_TEST]} alive "
            f"({time.monotonic() - started:.0f} s)"
        )

    @staticmethod
    def _works(names: list[str], reach: Reach, killers: dict[str, Counter[str]]) -> Iterator[tuple[str, Work]]:
        for name in names:
            function = _function(name)
            if tests := reach.in_order(function, killers[function]):
                yield name, partial(_kill, name, tests, reach)


def run(modules: list[str], tests: list[str], *, rest: bool, at_once: int) -> None:
    """Run the mutants of the modules with these tests; without any, with those of ``pyproject.toml``."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    selected = tests or settings["pytest_add_cli_args_test_selection"]
    sys.path[:] = [str(MADE), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    os.chdir(MADE)
    plugin = Session(modules, rest=rest, at_once=at_once)
    status = pytest.main([*_OPTIONS, *settings["pytest_add_cli_args"], *selected], plugins=[plugin])
    os.chdir(ROOT)
    if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise SystemExit(int(status))


def _look(item: pytest.Item, told: Path) -> int:
    """Run a test without a mutant, and write down which functions it reaches and how long it takes."""
    set_mutant_under_test("stats")
    processor, wall = time.process_time(), time.monotonic()
    if not _passes(item, None):
        return 1
    took = time.process_time() - processor, time.monotonic() - wall
    told.write_text(json.dumps([sorted(state()._stats), *took]))  # noqa: SLF001 - mutmut has no other door to it
    return 0


def _kill(name: str, tests: list[str], reach: Reach, told: Path) -> int:
    """Run the tests with a mutant until one fails, and write down which."""
    set_mutant_under_test(name)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for test, following in zip(tests, [*tests[1:], None], strict=True):
        told.write_text(test)
        spent = time.process_time() + 5 + 10 * reach.processor_s[test]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(spent), resource.RLIM_INFINITY))
        signal.alarm(math.ceil(60 + 10 * reach.wall_s[test]))
        if not _passes(reach.tests[test], None if following is None else reach.tests[following]):
            return KILLED
    return SURVIVED


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run one test; whatever escapes from pytest itself is a failure too."""
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    except BaseException:  # noqa: BLE001 - a mutant may raise anything, and leave pytest in any state
        return False
    return item.session.testsfailed == 0


def _ending(status: int) -> int:
    if status in {SURVIVED, KILLED}:
        return status
    return ENDLESS if status in _OUT_OF_TIME else CRASHED


def _function(mutant: str) -> str:
    return mutant.partition("__mutmut_")[0]


def _check_where(package: str) -> None:
    found = Path(str(sys.modules[package].__file__))
    if not found.is_relative_to(MADE):
        raise pytest.UsageError(f"the tests import {found}, not what lies in {MADE}")


def _say(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)
