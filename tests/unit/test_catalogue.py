"""torchvision's builders, as its sources name them."""

from pipeline.catalogue import torchvision_builders


def test_common_and_odd_names_are_found() -> None:
    names = torchvision_builders()
    assert {"resnet18", "efficientnet_v2_s", "fasterrcnn_resnet50_fpn", "quantized_resnet18", "raft_small"} <= names
    assert len(names) == 121
