"""How many parameters torchvision's models have, as JSON by name: python -m pipeline.zoo.sizes."""

import msgspec

from pipeline.model import vision


def main() -> None:
    """Print it: what each builder's first weights say of themselves."""
    models = vision.torchvision().models
    found = {}
    for name in models.list_models():
        members = list(models.get_model_weights(name))
        found[name] = members[0].meta.get("num_params", 0) if members else 0
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
