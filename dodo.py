"""Carry a PyTorch model to C++ and prove that it arrived intact.

    weights ──► export ──────┐
                             ├──► compare
    configure ──► build ─────┘

The two branches share nothing and run side by side. Each task states what it reads, what it writes, and the
facts beside files that make it stale; its command can be repeated by hand, `python -m pipeline.steps.<task>`.
On demand: locate names the layer where the numbers part, selftest shows that compare can fail, bench takes times, and
zoo does for all of torchvision's models what the tasks above do for those of the settings.
"""

from collections.abc import Iterator
from functools import partial

from pipeline import layout
from pipeline.graph import stale, tasks
from pipeline.graph.tasks import Task, of_model, step
from pipeline.layout import ModelFiles

SETTINGS = tasks.load_settings()
DOIT_CONFIG = tasks.doit_config(SETTINGS)


def task_weights() -> Iterator[Task]:
    """Fetch a model's weights, check them, and note where they come from"""
    for name, model in SETTINGS.models.items():
        task = step(
            "weights",
            name,
            reads=stale.weights_files(model),
            writes=[ModelFiles.of(name, model).weights],
            facts=partial(stale.weights_facts, model),
        )
        yield of_model(task, "weights", "Fetch and check the weights of", name, SETTINGS)


def task_export() -> Iterator[Task]:
    """Script or trace a model, verify it in Python, and record the inputs and outputs to compare on"""
    for name, model in SETTINGS.models.items():
        files = ModelFiles.of(name, model)
        task = step(
            "export",
            name,
            reads=[files.weights, *stale.export_files(model)],
            writes=[files.archive, files.inputs, files.reference],
            facts=partial(stale.export_facts, model, SETTINGS),
            shared=True,
        )
        yield of_model(task, "export", "Write the verified archive of", name, SETTINGS)


def task_configure() -> Task:
    """Configure the C++ build against the installed torch"""
    return step(
        "configure",
        reads=layout.cmake_sources(),
        writes=[layout.CMAKE_CACHE, layout.NINJA_FILE, layout.TOOLCHAIN_RECORD],
        facts=partial(stale.configure_facts, SETTINGS),
    )


def task_build() -> Task:
    """Compile and link ts-infer"""
    return step(
        "build",
        after=["configure"],
        reads=layout.cpp_sources(),
        writes=[layout.EXECUTABLE],
        facts=partial(stale.build_facts, SETTINGS),
        shared=True,
    )


def task_compare() -> Iterator[Task]:
    """Run ts-infer on the recorded inputs and say whether it agrees with Python"""
    for name, model in SETTINGS.models.items():
        files = ModelFiles.of(name, model)
        task = step(
            "compare",
            name,
            reads=[files.archive, files.inputs, files.reference, layout.EXECUTABLE, *stale.compare_files(model)],
            writes=[files.comparison, files.comparison_junit],
            facts=partial(stale.compare_facts, model, SETTINGS),
        )
        yield of_model(task, "compare", "Hold C++ against Python on", name, SETTINGS)


def task_locate() -> Iterator[Task]:
    """Name the first layer in which C++ parts from Python (on demand)"""
    for name, model in SETTINGS.models.items():
        files = ModelFiles.of(name, model)
        reads = [files.weights, *stale.locate_files(files), layout.EXECUTABLE]
        task = step("locate", name, reads=reads, writes=[files.locate], facts=dict, whenever_asked=True)
        yield of_model(task, "locate", "Name the first layer that parts in", name, SETTINGS)


def task_selftest() -> Iterator[Task]:
    """Plant faults in copies, and see that compare turns red for each (on demand)"""
    for name, model in SETTINGS.models.items():
        files = ModelFiles.of(name, model)
        reads = [files.archive, files.inputs, files.reference, layout.EXECUTABLE]
        task = step("selftest", name, reads=reads, writes=[files.selftest], facts=dict, whenever_asked=True)
        yield of_model(task, "selftest", "Plant faults, and see them found, in", name, SETTINGS)


def task_zoo() -> Task:
    """Carry torchvision's models to C++, all or those that match a pattern, and write a table (on demand)"""
    writes = [layout.ZOO_RECORD, layout.ZOO_TABLE]
    return step("zoo", reads=[layout.EXECUTABLE], writes=writes, facts=dict, whenever_asked=True, words="patterns")


def task_bench() -> Iterator[Task]:
    """Time ts-infer against eager PyTorch, the recipe's plain program, ONNX Runtime and OpenVINO (on demand)"""
    for name, model in SETTINGS.models.items():
        files = ModelFiles.of(name, model)
        reads = [files.archive, files.weights, layout.EXECUTABLE]
        task = step("bench", name, reads=reads, writes=[files.bench], facts=dict, whenever_asked=True)
        yield of_model(task, "bench", "Time ts-infer against others on", name, SETTINGS)
