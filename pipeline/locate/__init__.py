"""Where in a model C++ parts from eager PyTorch: what every submodule returns, on both sides, held against float64."""
