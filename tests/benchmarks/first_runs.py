"""What a first run costs, beside the recipe done by hand."""

from collections.abc import Iterator

from pipeline import toolchain
from tests.benchmarks import commands
from tests.benchmarks.figures import Cost, Sample, total
from tests.benchmarks.sandbox import Sandbox, ask_no_host, events

TASKS = {
    "weights:r18": "",
    "export:r18": "export",
    "configure": "configure",
    "build": "build",
    "compare:r18": "run",
}
"""In the order that they need each other; and the step of the recipe that does as much."""


def recipe(sandbox: Sandbox) -> Iterator[Sample]:
    """The tutorial by hand: a Python export, CMake, compile and link, run"""
    costs = sandbox.recipe()
    for step, cost in {**costs, "in all": total(costs.values())}.items():
        yield Sample(what=f"recipe, {step}", cost=cost)


def cold(sandbox: Sandbox) -> Iterator[Sample]:
    """A first doit in a fresh copy, whose weights come from no host"""
    whole = total(sandbox.recipe().values())
    for checkout in sandbox.checkouts:
        with sandbox.copy(checkout) as folder:
            ask_no_host(folder)
            cost = checkout.doit(folder=folder).cost
            yield Sample(what="doit", checkout=checkout.name, cost=cost, beside="the recipe", other=whole)
            for event in events(folder):
                if event["event"] == "task ended":  # they ran side by side
                    what = f"of it {event['task']}"
                    yield Sample(what=what, checkout=checkout.name, cost=Cost(seconds=event["seconds"]))


def tasks(sandbox: Sandbox) -> Iterator[Sample]:
    """Each task of a first run alone; the weights are asked of their host"""
    by_hand = sandbox.recipe()
    for checkout in sandbox.checkouts:
        with sandbox.copy(checkout) as folder:
            for task, step in TASKS.items():
                cost = checkout.doit(task, folder=folder).cost
                beside, other = (f"the recipe's {step}", by_hand[step]) if step else ("", None)
                yield Sample(what=f"doit {task}", checkout=checkout.name, cost=cost, beside=beside, other=other)


def build(sandbox: Sandbox) -> Iterator[Sample]:
    """Compilers and linker alone, of the whole C++ side beside the recipe's one file"""
    one_file = sandbox.recipe()["build"]
    for checkout in sandbox.checkouts:
        with sandbox.copy(checkout) as folder:
            checkout.doit("configure", folder=folder)
            ninja = (toolchain.tool("cmake"), "--build", "artifacts/build", "--target", "ts-infer")
            cost = commands.run(*ninja, folder=folder).cost
            yield Sample(
                what="ts-infer", checkout=checkout.name, cost=cost, beside="the recipe's one file", other=one_file
            )
