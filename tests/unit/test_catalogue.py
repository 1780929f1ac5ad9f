"""torchvision's builders, as its sources name them."""

from pipeline.catalogue import torchvision_builders

FAMILIES = {
    "resnet18": "classification",
    "efficientnet_v2_s": "classification",
    "fasterrcnn_resnet50_fpn": "detection",
    "quantized_resnet18": "quantization",
    "raft_small": "optical_flow",
    "fcn_resnet50": "segmentation",
    "mvit_v2_s": "video",
}


def test_common_and_odd_names_are_found_with_their_families() -> None:
    found = torchvision_builders()
    assert {name: found.get(name) for name in FAMILIES} == FAMILIES
    assert len(found) == 121
