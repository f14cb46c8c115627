"""Settings of the district algorithms."""
from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import InputError
from ..settings import Resources, Settings, choice, flag, number, text

TABLES = ("models", "encodings", "modalities", "alphas")


@dataclass(frozen=True)
class SemiGtxSettings(Resources):
    """How district totals are learnt from a region graph."""

    configuration: str = choice(
        "default", ("default", "published"), "Configuration",
        "published: the network of SemiGTX alone, width 512, 5 layers. default: a smaller network, flow profiles as "
        "node features, averaged with kernel ridge.")
    alpha: float | None = number(None, "Alpha", "Share of the self-supervised loss; with 1 a simple estimator learns "
                                 "the totals from the frozen representation. Empty: 0.1, published 0.5.", minimum=0,
                                 maximum=1)
    frozen_head: str = choice("ridge", ("ridge", "svm", "forest", "mlp"), "Frozen head",
                              "What learns from the frozen representation where alpha is 1.", advanced=True)
    epochs: int = number(0, "Epochs", "0 takes those of the configuration (60, published 300).", minimum=0,
                         maximum=10_000)
    readout: str = choice(
        "sum-of-units", ("sum-of-units", "district-embedding"), "Readout",
        "sum-of-units: the estimates of the units add up. district-embedding: estimated from the mean representation.")
    loss: str = choice("square-root", ("square-root", "poisson"), "Loss",
                       "Squared error of square roots of totals per unit, or Poisson deviance of totals.")
    evaluation: str = choice(
        "transductive", ("transductive", "inductive"), "Evaluation",
        "transductive: the units of a masked district stay in the graph. inductive: they are removed while training.")
    profiles: bool = flag(True, "Flow profiles", "Singular vectors of the log flows are node features too; such a "
                          "model knows the units of its region only.", advanced=True)
    network: bool = flag(True, "Network", "Train the graph network; else kernel ridge alone.", advanced=True)
    seed: int = number(0, "Seed", "The same seed gives the same model.", minimum=0, maximum=2**31 - 1)

    @property
    def infomax_share(self) -> float:
        if self.alpha is not None:
            return self.alpha
        return 0.5 if self.configuration == "published" else 0.1


@dataclass(frozen=True)
class SplitSettings(Settings):
    """Which districts are left out to judge a model."""

    split: str = choice(
        "blocked_folds", ("blocked_folds", "random_folds", "holdout_712", "leave_city_out"), "Split",
        "Districts that are estimated by models that never saw their totals. blocked_folds: compact blocks of "
        "neighbours. random_folds: at random. holdout_712: a fifth of them, repeatedly. leave_city_out: city by city.")
    folds: int = number(5, "Folds", "Of blocked and random folds.", minimum=2, maximum=100)
    repeats: int = number(3, "Repeats", "Rounds with other folds and seeds; holdout_712 needs 20 or more to say "
                          "anything.", minimum=1, maximum=1000)
    random_too: bool = flag(True, "Random folds too", "Also judge on random folds, to say by how much they flatter.",
                            advanced=True)


@dataclass(frozen=True)
class RegionGraphSettings(Settings):
    """How layers become the nodes and edges of a region graph."""

    categories: str = choice(
        "as_given", ("as_given", "classes", "categories"), "Categories of places",
        "as_given: every value of CATEGORY_FIELD is a feature. classes, categories: values are brought to the 16 "
        "classes or the 140 categories of MAPPING.")
    pooling: str = choice("mean", ("mean", "sum"), "Pooling of images",
                          "What a unit's vector is of those of its images. The sum also counts images.")
    profiles: str = choice(
        "none", ("none", "totals", "districts"), "Flow profiles",
        "Node features from flows. totals: logs of what arrives and leaves, and their difference. districts: also the "
        "logs of the flows from and to each district.")
    self_flows: bool = flag(False, "Keep self flows", "Keep flows of a unit to itself in EDGES; training leaves them "
                            "out. In many tables they are residents rather than trips.")


@dataclass(frozen=True)
class TrainSemiGtxSettings(SplitSettings, SemiGtxSettings):
    """A model and how it is judged."""


@dataclass(frozen=True)
class MapEconomySettings(Settings):
    """How estimates are mapped."""

    fine_tune: bool = flag(False, "Adapt to known totals", "For a region that the model wasn't trained on: its level "
                           "is shifted, or kernel ridge is fitted over its estimates and the features, where that "
                           "helps known districts left out.")
    preserve_totals: bool = flag(False, "Preserve known totals", "Units of districts whose totals are known add up to "
                                 "them.")


@dataclass(frozen=True)
class CompareRegionSettings(SplitSettings, SemiGtxSettings):
    """What is compared, and how."""

    tables: str = text("models,encodings,modalities,alphas", "Comparisons", "models: SemiGTX and its variants, graph "
                       "networks, transformers, self-supervised ones, regressions. encodings: without positional "
                       "encodings. modalities: without places or views, and with noise in their stead. alphas: from 0 "
                       "to 1. Separate them by commas.")
    search: int = number(1, "Search budget", "Candidates that each method may choose from on known districts.",
                         minimum=1, maximum=4, advanced=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = [name for name in self.chosen_tables if name not in TABLES]
        if wrong or not self.chosen_tables:
            raise InputError("TABLES", f"'{self.tables}' was given", f"give one or more of {', '.join(TABLES)}")

    @property
    def chosen_tables(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.tables.split(",") if name.strip())

    @property
    def of_model(self) -> SemiGtxSettings:
        """The settings of a single model."""
        return SemiGtxSettings(**{each.name: getattr(self, each.name) for each in fields(SemiGtxSettings)})


@dataclass(frozen=True)
class PictureSettings(Settings):
    """How street views are read."""

    panoramas: str = choice(
        "auto", ("auto", "yes", "no"), "Panoramas",
        "Panoramas of 360 degrees are cut into four views of 90 degrees, to the east, south, west and north. auto: "
        "pictures twice as wide as high.")


@dataclass(frozen=True)
class ExplainSettings(PictureSettings):
    """What is explained."""

    district: str = text("", "District", "Whose estimate is explained; empty explains the sum of all districts.")


@dataclass(frozen=True)
class ViewTrainingSettings(PictureSettings):
    """How an encoder of street views is trained."""

    configuration: str = choice(
        "small", ("small", "published"), "Configuration",
        "small: vectors of 192 numbers, 4 blocks. published: ViT-B, 768 numbers, 12 blocks.")
    image_size: int = number(0, "Image size", "Side that pictures are brought to, a multiple of 16; 0 takes 128 for "
                             "small and 224 for published.", unit="pixels", minimum=0, maximum=1024)
    epochs: int = number(100, "Epochs", "The paper takes 1000.", minimum=1, maximum=10_000)
    batches: int = number(16, "Batches of an epoch", "As in the paper.", minimum=1, maximum=10_000, advanced=True)
    batch_size: int = number(16, "Batch size", "Pictures of a batch.", minimum=1, maximum=1024, advanced=True)
    rate: float = number(1e-4, "Learning rate", "Halved every 100 epochs.", minimum=1e-6, maximum=0.1, advanced=True)
    train_share: float = number(0.4, "Training share", "Of the pictures; the others tell how well it paints what it "
                                "hasn't seen.", minimum=0.05, maximum=0.95, advanced=True)
    hidden: float = number(
        0.5, "Hidden patches", "Share of the patches that the decoder must paint from the first vector alone, so that "
        "it says what is in the picture; 0 as in the paper.", minimum=0, maximum=1, advanced=True)
    seed: int = number(1, "Seed", "The same seed gives the same encoder.", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size and (self.image_size % 16 or self.image_size < 32):
            raise InputError("IMAGE_SIZE", f"{self.image_size} was given", "give a multiple of 16 from 32 on, or 0")
