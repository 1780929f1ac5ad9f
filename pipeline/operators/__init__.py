"""torchvision's operators in plain PyTorch."""
