"""Makes what the contenders share: inputs, eager PyTorch's outputs, and the model in the forms of others.

python -m pipeline.bench.prepare FOLDER
"""

import importlib
import sys
from pathlib import Path

import msgspec
import numpy as np
import torch

from pipeline.bench import bundle, child
from pipeline.bench.bundle import Bundle, Prepared
from pipeline.judging import structure
from pipeline.model import archive, builders, samples, statedict, tensorfile

FIRST_SEED = 1000
"""Above the model's seed: not the inputs that export has recorded."""


def main() -> None:
    """Fill the folder."""
    folder = Path(sys.argv[1])
    wanted = child.bundle(folder)
    state, provenance = statedict.read_artifact(Path(wanted.weights))
    module = builders.load(wanted.model, state, provenance).eval()
    exported, _ = archive.load(Path(wanted.archive))
    for batch in wanted.batches:
        sample = samples.draw(wanted.model, batch, wanted.model.seed + FIRST_SEED + batch)
        tensorfile.write(bundle.inputs(folder, batch), {"samples": [sample.bound(exported).arguments]})
        with torch.inference_mode():
            output = sample.passed_to(module)
        tensorfile.write(bundle.reference(folder, batch), structure.plain(output))
    no_onnx = ""
    if wanted.onnx:
        try:
            _write_others(folder, wanted)
        except Exception as error:  # the exporter fails in many ways; whoever benchmarks can do nothing about it
            no_onnx = f"the model does not export to ONNX: {str(error).strip().partition(chr(10))[0]}"
    prepared = Prepared(weights=provenance, no_onnx=no_onnx)
    (folder / bundle.PREPARED).write_bytes(msgspec.json.encode(prepared))


def _write_others(folder: Path, wanted: Bundle) -> None:
    """The archive as ONNX, of any batch size, and that converted for OpenVINO; the inputs as arrays, by name."""
    for batch in wanted.batches:
        arguments = torch.load(bundle.inputs(folder, batch), weights_only=True)["samples"][0]
        arrays = {_name(i): argument.numpy() for i, argument in enumerate(arguments)}
        np.savez(bundle.inputs(folder, batch, ".npz"), **arrays)
    _export(folder / bundle.ONNX, wanted)
    if wanted.openvino:
        openvino = importlib.import_module("openvino")
        openvino.save_model(
            openvino.convert_model(folder / bundle.ONNX), folder / bundle.OPENVINO, compress_to_fp16=False
        )


def _export(target: Path, wanted: Bundle) -> None:
    module, _ = archive.load(Path(wanted.archive))
    arguments = samples.draw(wanted.model, wanted.batches[0], wanted.model.seed).bound(module).arguments
    axes = {
        _name(i): {axis: extent for axis, extent in enumerate(argument.shape) if isinstance(extent, str)}
        for i, argument in enumerate(wanted.model.inputs)
    }
    # The exporter for TorchScript: it takes the very archive that ts-infer runs.
    torch.onnx.export(module, tuple(arguments), target, input_names=list(axes), dynamic_axes=axes, dynamo=False)


def _name(position: int) -> str:
    return f"input{position}"


if __name__ == "__main__":
    child.run(main)
