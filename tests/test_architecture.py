"""What holds of the whole source: which way imports run, and what a plugin may not do. Hidden imports are counted."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import casbd
from casbd.plugins import registry

ROOT = Path(casbd.__file__).parent
KINDS = ("formats", "enrichers", "detections", "outputs", "connectors")
LEVELS = (
    {"model", "errors", "clock", "remembered", "__init__"},
    {"plugins", "documents", "records", "wire"},
    {"web"},
    set(KINDS) - {"detections"},
    {"filters", "config", "store", "inputs"},
    {"policies", "counting", "habits", "pseudonyms"},
    {"detections", "alerting", "governance", "notifications", "activity_log", "outbox", "onboarding"},
    {"pipeline", "backtest", "personal_data", "investigation"},
    {"daemon", "reports"},
    {"cli", "__main__"},
)
"""A part may import what stands before it, and nothing behind it or beside it but for these:"""
NEIGHBOURS = {
    ("documents", "plugins"): "secrets are options of plugins",
    ("wire", "records"): "times are written as they are read",
    ("config", "store"): "which files are the store's own, that no input and no output may be",
    ("config", "filters"): "which alerts and activities an output is sent, in the words of rules",
    ("policies", "counting"): "a policy says what is counted, and whose",
    ("habits", "counting"): "what is unusual is told as a run of activities, too",
    ("governance", "alerting"): "which command an alert leads to",
    ("outbox", "governance"): "a command is judged again right before it is sent",
    ("outbox", "notifications"): "who is told, when, and in which words",
    ("wire", "documents"): "a mail goes out over the server that the configuration names",
    ("daemon", "reports"): "the report of a month is mailed when it is over",
    ("model", "remembered"): "identities of the same names are asked for again and again",
    ("__main__", "cli"): "the entry point",
}
"""Which part may import which at its own level, and why."""
LEVEL = {part: number for number, parts in enumerate(LEVELS) for part in parts}

MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py*"))
    if path.suffix in (".py", ".pyi")  # of a part in C its types
}
PLUGIN_MODULES = {name: path for name, path in MODULES.items() if name.split(".")[1:2] and name.split(".")[1] in KINDS}


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text())


def part(module: str) -> str:
    """`casbd.store.state.outbox` is of the part `store`."""
    return [*module.split("."), "__init__"][1]


class Imports(ast.NodeVisitor):
    """The modules of casbd that a module imports: at the top, inside a function, or for types alone."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "casbd"}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert not node.level, "relative imports hide what is imported"
        if node.module and node.module.split(".")[0] == "casbd":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                self.found.add(whole if whole in MODULES else node.module)


@cache
def imports(name: str) -> frozenset[str]:
    visitor = Imports()
    visitor.visit(tree(name))
    return frozenset(visitor.found - {name})


LONGEST_FILE, LONGEST_CLASS = 300, 200


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.[ch]")), ids=lambda path: path.name)
def test_files_of_c_are_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("name", MODULES)
def test_files_and_classes_are_short(name):
    assert len(MODULES[name].read_text().splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ClassDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno < LONGEST_CLASS, node.name


def test_the_program_is_on_one_page():
    assert len(MODULES["casbd.pipeline"].read_text().splitlines()) <= 100


def test_every_part_has_its_level():
    assert {part(name) for name in MODULES} <= LEVEL.keys()


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name):
    own = part(name)
    for other in sorted(imports(name)):
        theirs = part(other)
        assert LEVEL[theirs] <= LEVEL[own], f"{name} imports {other}, which is further down"
        assert LEVEL[theirs] < LEVEL[own] or own == theirs or (own, theirs) in NEIGHBOURS, f"{name} imports {other}, which is beside it"


def test_each_pair_of_neighbours_is_needed_and_goes_one_way():
    found = {(part(name), part(other)) for name in MODULES for other in imports(name)}
    assert NEIGHBOURS.keys() <= found
    assert not {(theirs, own) for own, theirs in NEIGHBOURS} & NEIGHBOURS.keys()


def test_there_is_no_cycle():
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, f"a cycle: {' -> '.join([*way[way.index(name) :], name])}"
        if name not in done:
            for other in imports(name):
                follow(other, (*way, name))
            done.add(name)

    for name in MODULES:
        follow(name, ())


@pytest.mark.parametrize("kind", KINDS)
def test_every_module_of_a_plugin_folder_is_one_plugin(kind):
    """What starts with `_` is shared by plugins of this kind, and is none itself."""
    files = {path.stem for path in (ROOT / kind).glob("*.py") if not path.stem.startswith("_")}
    found = registry.load_all(kind)
    assert found.keys() == files | registry.data(kind).keys()
    assert registry.data(kind).keys() == {path.stem for path in (ROOT / kind).glob("services/*")}
    for name, cls in ((name, found[name]) for name in files):
        assert cls.__module__ == f"casbd.{kind}.{name}"
        assert cls.name == name
    for path in (ROOT / kind).glob("_*.py"):
        assert "@registry." not in path.read_text(), path


@pytest.mark.parametrize("kind", ["formats", "enrichers", "outputs", "connectors"])
def test_every_example_is_right_and_a_misspelt_key_is_not(kind):
    for cls in registry.load_all(kind).values():
        cls.Options.model_validate(cls.example)
        with pytest.raises(ValueError, match="xyzzy"):
            cls.Options.model_validate(cls.example | {"xyzzy": 1})


def test_a_plugin_registers_once():
    with pytest.raises(RuntimeError, match="a plugin is one file"):
        registry.output(registry.load("outputs", "file"))
    with pytest.raises(KeyError):
        registry.load("outputs", "nonsense")


def test_no_module_names_a_plugin():
    """A plugin is found, not listed: outside its own folder its module is imported by nobody."""
    for name in MODULES:
        for other in imports(name):
            if part(other) in KINDS and other.count(".") == 2 and part(name) != part(other):
                raise AssertionError(f"{name} imports the plugin {other}")


@pytest.mark.parametrize("name", PLUGIN_MODULES)
def test_plugins_have_no_loops_threads_sleeps_or_clocks(name):
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.While):
            assert not (isinstance(node.test, ast.Constant) and node.test.value), f"{name}:{node.lineno}: while True"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not names & {"threading", "_thread", "multiprocessing", "concurrent.futures", "asyncio", "sched"}, (
                f"{name}:{node.lineno}"
            )
        if isinstance(node, ast.Attribute | ast.Name):
            word = node.attr if isinstance(node, ast.Attribute) else node.id
            assert word not in ("sleep", "Thread", "Timer", "time_ns", "utcnow"), f"{name}:{node.lineno}: {word}"
            assert ast.unparse(node) not in ("time.time", "datetime.now", "clock.now"), f"{name}:{node.lineno}"


@pytest.mark.parametrize("name", PLUGIN_MODULES)
def test_only_the_file_output_writes_files(name):
    if name == "casbd.outputs.file":
        return
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in ("write_text", "write_bytes", "unlink", "rename", "rmtree"), f"{name}:{node.lineno}"
            if called == "open":
                modes = [a.value for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
                assert not [mode for mode in modes if isinstance(mode, str) and re.fullmatch(r"[rbt]*[wax+][bt+]*", mode)], (
                    f"{name}:{node.lineno}"
                )


@pytest.mark.parametrize("name", MODULES)
def test_a_broad_except_has_its_reason_on_its_line(name):
    lines = MODULES[name].read_text().splitlines()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "BaseException"
            if re.search(r"\b(Base)?Exception\b", caught) and not _raises_again(node):
                comment = lines[node.lineno - 1].partition("#")[2]
                assert len(re.sub(r"noqa: \w+", "", comment).split()) >= 3, f"{name}:{node.lineno}: say why everything is caught"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


@pytest.mark.parametrize("name", [name for name in MODULES if part(name) not in ("store", "activity_log")])
def test_only_the_store_speaks_sql(name):
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            statement = re.match(r"\s*(SELECT .* FROM|INSERT (OR \w+ )?INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE|PRAGMA)\b", node.value)
            assert not statement, f"{name}:{node.lineno}: {node.value[:40]}"


@pytest.mark.parametrize("name", [name for name in MODULES if name != "casbd.clock"])
def test_only_the_clock_reads_the_time(name):
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert ast.unparse(node.func) not in (
                "time.time",
                "time.time_ns",
                "time.monotonic",
                "datetime.now",
                "datetime.utcnow",
                "datetime.datetime.now",
                "date.today",
            ), f"{name}:{node.lineno}"


@pytest.mark.parametrize(
    "path", [path for path in (ROOT.parent / "tests").rglob("*.py") if not {"e2e", "bench"} & {*path.parts}], ids=lambda p: p.stem
)
def test_unit_tests_do_not_sleep(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in ("time.sleep", "sleep"), f"{path.name}:{node.lineno}"


def test_handlers_of_signals_only_set_a_flag():
    found = 0
    for node in ast.walk(tree("casbd.daemon.signals")):
        if isinstance(node, ast.FunctionDef) and node.name in ("_on_stop", "_on_reload"):
            found += 1
            assert all(isinstance(step, ast.Assign) for step in node.body), node.name
    assert found == 2


def test_the_map_of_habits_has_each_of_its_files():
    named = set(re.findall(r"`(\w+\.py)`", ast.get_docstring(tree("casbd.habits"))))
    assert named == {path.name for path in (ROOT / "habits").glob("*.py")} - {"__init__.py"}


def test_the_map_of_habits_has_each_kind_of_anomaly():
    text = ast.get_docstring(tree("casbd.habits"))
    kinds = {path.stem for path in (ROOT / "detections").glob("*.py") if "casbd.habits" in path.read_text()}
    assert set(re.findall(r"^\| `(\w+)", text, re.MULTILINE)) - {"match"} == kinds
