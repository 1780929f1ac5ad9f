"""The settings: what is accepted, and the one line that each fault gets."""

from pathlib import Path

import pytest

from pipeline import configfile
from pipeline.config import Settings
from pipeline.entry import Model
from pipeline.errors import SettingsError

MODEL = """
[tool.torchferry.models.net]
builder = "nets:make"
weights = "seeded"
"""


def load(text: str, tmp_path: Path) -> Settings:
    path = tmp_path / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return configfile.load(path)


def test_defaults(tmp_path: Path) -> None:
    model = load(MODEL, tmp_path).model("net")
    assert model.method == "auto"
    assert model.if_unreachable == "fail"
    assert model.inputs[0].at({"batch": 4}) == [4, 3, 224, 224]
    assert model.batch_sizes == [1, 4]


def test_torchvision_builder_needs_nothing_else(tmp_path: Path) -> None:
    settings = load('[tool.torchferry.models.net]\nbuilder = "torchvision:mobilenet_v3_small"\n', tmp_path)
    assert settings.model("net").weights == "torchvision:DEFAULT"


def test_all_models_are_default_unless_told(tmp_path: Path) -> None:
    assert load(MODEL, tmp_path).default_models == ["net"]


def test_the_shipped_settings_are_valid() -> None:
    settings = configfile.load(Path(__file__).parents[2] / "pyproject.toml")
    assert settings.default_models == ["r18"]
    assert settings.model("r18").if_unreachable == "seeded"
    assert settings.model("efficientnet_lite0").extra in settings.extras


def test_defaults_are_what_an_entry_says_that_does_not_say_otherwise(tmp_path: Path) -> None:
    defaults = """
[tool.torchferry.defaults]
method = "trace"
seed = 3
arguments = { classes = 5 }
baseline = "file:baselines/{name}.json"
images = ["file:{name}.png"]
preprocess = { resize = 12, crop = 8, mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }
"""
    other = """
[tool.torchferry.models.other]
builder = "nets:make"
weights = "seeded"
seed = 4
arguments = { depth = 2 }
"""
    settings = load(f"{defaults}{MODEL}{other}", tmp_path)
    net, told = settings.model("net"), settings.model("other")
    assert (net.method, net.seed, net.arguments) == ("trace", 3, {"classes": 5})
    assert (told.method, told.seed, told.arguments) == ("trace", 4, {"depth": 2})
    assert (net.baseline, told.baseline) == ("file:baselines/net.json", "file:baselines/other.json")
    assert (net.images, told.images) == (["file:net.png"], ["file:other.png"])


PATTERNS = """
[tool.torchferry]
default-models = ["resnet1*"]

[tool.torchferry.models."torchvision:resnet*"]
seed = 1

[tool.torchferry.models."torchvision:vgg11"]
weights = "seeded"

[tool.torchferry.models.resnet18]
builder = "nets:make"
weights = "seeded"
"""


def test_a_pattern_stands_for_each_builder_that_matches(tmp_path: Path) -> None:
    settings = load(PATTERNS, tmp_path)
    assert set(settings.models) == {"resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg11"}
    assert settings.model("resnet50") == Model(builder="torchvision:resnet50", weights="torchvision:DEFAULT", seed=1)
    assert settings.model("vgg11").weights == "seeded"


def test_an_entry_of_its_own_wins_over_a_pattern(tmp_path: Path) -> None:
    own = Model(builder="nets:make", weights="seeded")
    assert load(PATTERNS, tmp_path).model("resnet18") == own
    top, pattern, other, entry = PATTERNS.split("\n\n")
    assert load(f"{top}\n\n{entry}\n\n{pattern}\n\n{other}", tmp_path).model("resnet18") == own


def test_default_models_may_be_patterns(tmp_path: Path) -> None:
    assert sorted(load(PATTERNS, tmp_path).default_models) == ["resnet101", "resnet152", "resnet18"]


FAULTS = {
    "unknown-key": ("tolerence = 1", "unknown key 'tolerence'; did you mean 'tolerance'?"),
    "unknown-nested-key": ("tolerance = { atoll = 1e-3 }", "tolerance: unknown key 'atoll'; did you mean 'atol'?"),
    "unknown-key-in-list": ('inputs = [{ shap = ["batch"] }]', "inputs: unknown key 'shap'; did you mean 'shape'?"),
    "wrong-type": ("seed = 'one'", "seed: expected `int`, got `string`"),
    "unknown-method": ('method = "scrpt"', "method: 'scrpt' is unknown; did you mean 'script'?"),
    "unknown-fallback": ('if-unreachable = "seded"', "'seded' is unknown; did you mean 'seeded'?"),
    "unknown-dtype": ('inputs = [{ shape = ["batch"], dtype = "float23" }]', "did you mean 'float32'?"),
    "infinite-tolerance": ("tolerance = { atol = inf }", "tolerance: expected finite atol and rtol"),
    "no-tolerance-at-all": ("tolerance = { atol = nan }", "tolerance: expected finite atol and rtol"),
    "endless": ("timeout = inf", "timeout: inf found; expected seconds"),
    "negative-seed": ("seed = -1", "seed: -1 found; expected 0 to"),
    "two-channels": (
        "preprocess = { resize = 8, crop = 8, mean = [0, 0], std = [1, 1] }",
        "a mean and a std for each of 3 channels",
    ),
    "no-deviation": ("preprocess = { resize = 8, crop = 8, mean = [0, 0, 0], std = [1, 0, 1] }", "each std above 0"),
    "nothing-to-draw": ('inputs = [{ shape = ["batch"], dtype = "int64", below = 0 }]', "below: expected 1 or more"),
    "not-a-table": ("tolerance = 1e-4", "tolerance: 0.0001 found; expected a table such as { atol = 1e-4,"),
    "not-tables": ('inputs = ["batch", 3]', "inputs: 'batch' found; expected a table such as { shape = ["),
    "misspelt-batch": (
        'inputs = [{ shape = ["bacth", 3] }]',
        "inputs: the extent 'bacth' is unknown; did you mean 'batch'?",
    ),
    "misspelt-extent-of-a-method": (
        'methods = { embed = { inputs = [{ shape = ["bacth"] }] } }',
        "methods.embed.inputs: the extent 'bacth' is unknown; did you mean 'batch'?",
    ),
    "zero-extent-of-a-method": (
        "methods = { embed = { inputs = [{ shape = [0] }] } }",
        "methods.embed.inputs: expected ext",
    ),
    "nothing-to-draw-for-a-method": (
        'methods = { embed = { inputs = [{ shape = ["batch"], below = 0 }] } }',
        "methods.embed.inputs: below: expected 1 or more",
    ),
    "unknown-key-of-a-method": (
        "methods = { embed = { input = [] } }",
        "methods.embed: unknown key 'input'; did you mean 'inputs'?",
    ),
    "unknown-key-of-a-methods-input": (
        'methods = { embed = { inputs = [{ shap = ["batch"] }] } }',
        "methods.embed inputs: unknown key 'shap'; did you mean 'shape'?",
    ),
    "method-without-inputs": ("methods = { embed = {} }", "inputs is missing"),
    "method-that-is-no-table": ("methods = { embed = 3 }", "methods.embed: 3 found; expected a table such as { inputs"),
    "method-that-is-forward": (
        "methods = { forward = { inputs = [] } }",
        "methods: 'forward' found; expected others, for it is compared on the entry's inputs",
    ),
    "method-that-is-preprocess": ("methods = { preprocess = { inputs = [] } }", "on the entry's images"),
    "method-that-is-no-name": (
        "methods = { 'em-bed' = { inputs = [] } }",
        "methods: 'em-bed' found; expected the name of a method: letters, digits and '_'",
    ),
    "extent-of-nothing": ("extents = { words = [3, 4] }", "extents: no input has an extent 'words'"),
    "method-is-a-number": ("method = 3", "method: 3 is unknown; expected one of auto, script, trace"),
    "missing-shape": ("inputs = [{}]", "inputs[0]: shape is missing"),
    "zero-extent": ('inputs = [{ shape = ["batch", 0] }]', "extents of 1 or more"),
    "one-batch-size": ("batch-sizes = [1]", "at least two sizes"),
    "same-batch-sizes": ("batch-sizes = [2, 2]", "at least two sizes"),
    "negative-tolerance": ("tolerance = { atol = -1 }", "0 or more"),
    "unknown-kind-of-file": ('reads = ["net.json"]', "'net.json' is of no known kind; expected file:path"),
    "unknown-image-kind": ('images = ["cat.jpg"]', "expected file:path or package:name/path"),
    "bad-hash": ('sha256 = "abc"', "64 hexadecimal digits"),
    "no-time": ("timeout = 0", "more than 0"),
}


@pytest.mark.parametrize(("line", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_fault_in_an_entry(line: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(f"{MODEL}{line}\n", tmp_path)
    message = str(caught.value)
    assert "[tool.torchferry.models.net]" in message
    assert expected in message
    assert "\n" not in message


def test_a_method_takes_what_its_own_inputs_say(tmp_path: Path) -> None:
    words = """
extents = { words = [3, 4] }
[tool.torchferry.models.net.methods.embed]
inputs = [{ shape = ["batch", "words"], dtype = "int64" }, { shape = [], name = "scale" }]
[tool.torchferry.models.net.methods.classes]
inputs = []
"""
    model = load(MODEL + words, tmp_path).model("net")
    assert list(model.methods) == ["embed", "classes"]
    assert model.taking("embed").inputs[0].dtype == "int64"
    assert model.taking("embed").keywords == ["scale"]
    assert model.taking("embed").batch_sizes == model.batch_sizes
    assert model.taking("classes").inputs == []
    assert model.taking("forward") == model


TABLES = {
    "no-model": ("[project]\nname = 'x'\n", "has no [tool.torchferry.models.<name>]"),
    "unknown-table": (f"[tool.torchferry.biuld]\n{MODEL}", "unknown key 'biuld'; did you mean 'build'?"),
    "unknown-default": (f"[tool.torchferry]\ndefault-models = ['ent']\n{MODEL}", "there is no model 'ent'"),
    "unknown-build-key": (f"[tool.torchferry.build]\npreste = 'x'\n{MODEL}", "did you mean 'preset'?"),
    "wrong-option-type": (f"[tool.torchferry.build]\noptions = {{ A = 1 }}\n{MODEL}", "expected `string`, got `int`"),
    "models-no-table": ("[tool.torchferry]\nmodels = 3\n", "models is 3, expected a table"),
    "models-a-list": ("[tool.torchferry]\nmodels = []\n", "models is [], expected a table"),
    "unknown-key-in-defaults": (
        f"[tool.torchferry.defaults]\nmetod = 'trace'\n{MODEL}",
        "[tool.torchferry.defaults]: unknown key 'metod'; did you mean 'method'?",
    ),
    "wrong-type-in-defaults": (f"[tool.torchferry.defaults]\nseed = 'a'\n{MODEL}", "defaults] seed: expected `int`"),
    "bad-default": (f"[tool.torchferry.defaults]\ntimeout = 0\n{MODEL}", "[tool.torchferry.defaults] timeout: 0 found"),
    "unfit-default": (
        f"[tool.torchferry.defaults]\nweights = 'seeded'\n{MODEL}[tool.torchferry.models.a]\nbuilder = 'file:a.pt'",
        "holds all of the model (it is [tool.torchferry.defaults] that says so; say otherwise in the entry)",
    ),
    "defaults-no-table": (f"[tool.torchferry]\ndefaults = 3\n{MODEL}", "defaults is 3, expected a table"),
    "pattern-of-nothing": (
        "[tool.torchferry.models.'torchvision:resmet*']\n",
        "[tool.torchferry.models.\"torchvision:resmet*\"]: torchvision has no model 'resmet*'; did you mean 'resnet",
    ),
    "pattern-of-another-kind": (
        "[tool.torchferry.models.'timm:*']\n",
        '[tool.torchferry.models."timm:*"]: expected a name, or "torchvision:" and a pattern',
    ),
    "pattern-with-a-builder": (
        "[tool.torchferry.models.'torchvision:resnet*']\nbuilder = 'a:b'\n",
        '[tool.torchferry.models."torchvision:resnet*"] builder: the table\'s name says it',
    ),
    "pattern-no-table": ("[tool.torchferry.models]\n'torchvision:resnet*' = 3\n", "3 found; expected a table"),
    "fault-in-a-pattern": (
        "[tool.torchferry.models.'torchvision:resnet*']\nseed = -1\n",
        '[tool.torchferry.models."torchvision:resnet*"] seed: -1 found',
    ),
    "patterns-that-overlap": (
        "[tool.torchferry.models.'torchvision:resnet1*']\n[tool.torchferry.models.'torchvision:resnet*8']\n",
        "'resnet18' is of [tool.torchferry.models.\"torchvision:resnet1*\"] as well; narrow one of them",
    ),
    "default-of-nothing": (
        f"[tool.torchferry]\ndefault-models = ['nets*']\n{MODEL}",
        "default-models: there is no model 'nets*'; did you mean 'net'?",
    ),
    "no-table": ("[tool]\ntorchferry = 3\n", "torchferry is 3, expected a table"),
    "tool-no-table": ("tool = 3\n", "tool is 3, expected a table"),
    "project-no-table": (f"project = 3\n{MODEL}", "project is 3, expected a table"),
    "extras-no-lists": (f"[project]\noptional-dependencies = {{ a = [3] }}\n{MODEL}", "expected `string`, got `int`"),
    "no-defaults": (f"[tool.torchferry]\ndefault-models = []\n{MODEL}", "default-models: empty; expected at least one"),
    "default-no-list": (f"[tool.torchferry]\ndefault-models = 'net'\n{MODEL}", "expected `list`, got `string`"),
    "relative-builder": ("[tool.torchferry.models.net]\nbuilder = '.x:y'\n", "expected torchvision:<name>"),
    "weights-on-the-side": (
        "[tool.torchferry.models.net]\nbuilder = 'torchvision:resnet18'\narguments = { weights = 'DEFAULT' }\n",
        "arguments: 'weights' found; expected the weights in the entry's own key",
    ),
    "not-toml": ("[tool", "is not valid TOML"),
    "no-builder": ("[tool.torchferry.models.net]\nweights = 'seeded'\n", "models.net]: builder is missing"),
    "bad-builder": ("[tool.torchferry.models.net]\nbuilder = 'resnet18'\n", "expected torchvision:<name>"),
    "no-weights": ("[tool.torchferry.models.net]\nbuilder = 'a:b'\n", "weights: missing"),
    "unknown-weights": ("[tool.torchferry.models.net]\nbuilder = 'a:b'\nweights = 'flie:x'\n", "did you mean 'file:'?"),
    "nearly-seeded": ("[tool.torchferry.models.net]\nbuilder = 'a:b'\nweights = 'seeded2'\n", "did you mean 'seeded'?"),
    "unpinned-url": ("[tool.torchferry.models.net]\nbuilder = 'a:b'\nweights = 'https://h/x'\n", "sha256: missing"),
    "reserved-name": ("[tool.torchferry.models.build]\nbuilder = 'a:b'\nweights = 'seeded'\n", "another name"),
    "name-is-a-path": ("[tool.torchferry.models.'a/b']\nbuilder = 'a:b'\nweights = 'seeded'\n", "names a folder"),
    "unknown-extra": (f"{MODEL}extra = 'lite'\n", "extra: 'lite' is not in [project.optional-dependencies]; there is"),
    "unknown-torchvision": (
        "[tool.torchferry.models.net]\nbuilder = 'torchvision:resnet81'\n",
        "builder: torchvision has no model 'resnet81'; did you mean 'resnet18'?",
    ),
}


@pytest.mark.parametrize(("text", "expected"), TABLES.values(), ids=TABLES.keys())
def test_fault_in_the_tables(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(text, tmp_path)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_model_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'net'"):
        load(MODEL, tmp_path).model("met")
