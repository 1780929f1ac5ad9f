"""All of torchvision's models, each carried to C++ by the steps that carry a model of the settings."""
