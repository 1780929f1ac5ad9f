"""The zoo, on one model of each family."""

import json
import signal
import time

import pytest

from tests.support.project import Project

SAMPLE = [
    "squeezenet1_1",
    "quantized_shufflenet_v2_x0_5",
    "lraspp_*",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "mc3_18",
    "raft_small",
]
FAMILIES = {"classification", "quantization", "segmentation", "detection", "video", "optical_flow"}


@pytest.mark.slow
def test_one_of_each_family_and_none_twice(project: Project) -> None:
    finished = project.doit("zoo", *SAMPLE)
    assert finished.code == 0, finished.output
    assert "6 of 6 models agree" in finished.output
    zoo = json.loads(project.path("artifacts/zoo/zoo.json").read_text())
    assert {row["family"] for row in zoo["rows"]} == FAMILIES
    assert {row["verdict"] for row in zoo["rows"]} == {"agrees"}
    assert all(row["milliseconds"] and row["peak_bytes"] and row["archive_bytes"] for row in zoo["rows"])
    left = {path.name for path in project.path("artifacts/zoo").iterdir() if path.is_dir()}
    assert not left, "the files of a model go when it has been carried"

    again = project.doit("zoo", "raft_small", "squeezenet1_1")
    assert again.code == 0
    assert "0 models to carry, 2 have agreed before" in again.output
    table = project.path("artifacts/zoo/zoo.md").read_text()
    assert "6 of 6 agree" in table, "the table keeps what was not asked for this time"
    assert project.doit().ran == set()


def test_a_step_with_torchvision_ends_without_a_word(project: Project) -> None:
    """What replaces its operators is taken back while they are there, whichever build it is of."""
    entry = ('builder = "torchvision:squeezenet1_1"', 'weights = "seeded"')
    project.add_model("small", *entry, 'inputs = [{ shape = ["batch", 3, 64, 64] }]')
    finished = project.step("weights", "small")
    assert finished.output.count("\n") == 1, finished.output


def test_a_pattern_that_matches_nothing(project: Project) -> None:
    finished = project.doit("zoo", "resmet*")
    assert finished.code == 1
    assert "torchvision has no model 'resmet*'; did you mean 'resnet" in finished.errors[0]


def test_interrupted_it_leaves_its_table_and_no_files(project: Project) -> None:
    running = project.start("zoo", "alexnet", "vgg11")
    folder = project.path("artifacts/zoo")
    while not list(folder.glob("*/weights.pt")):
        assert running.poll() is None, running.communicate()[0]
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 130, output
    assert project.path("artifacts/zoo/zoo.md").is_file()
    assert not list(folder.glob("*/")), "what was not carried to its end leaves nothing"
    assert not project.processes()
