"""What has to stand around some of them, and nets of the kinds that torch itself has the layers for."""

import importlib
from typing import Any

import torch
from torch import Tensor, nn


def segmentation(architecture: str, **arguments: Any) -> nn.Module:
    """A model of segmentation-models-pytorch, whose encoder comes without weights for None, which TOML cannot say."""
    models: Any = importlib.import_module("segmentation_models_pytorch")
    module: nn.Module = getattr(models, architecture)(encoder_weights=None, **arguments)
    return module


class Bert(nn.Module):
    """A small BERT, random: transformers returns an object of its own, and C++ knows tensors and containers."""

    def __init__(self) -> None:
        super().__init__()
        transformers: Any = importlib.import_module("transformers")
        config = transformers.BertConfig(
            vocab_size=1000,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            attn_implementation="eager",
        )
        self.bert = transformers.BertModel(config)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        found: Any = self.bert(input_ids=input_ids, attention_mask=attention_mask)
        return {"last": found.last_hidden_state, "pooled": found.pooler_output}


class Translator(nn.Module):
    """torch's own encoder of a transformer, with a mask of what is no token."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 500)

    def forward(self, tokens: Tensor, padding: Tensor) -> Tensor:
        hidden = self.encoder(self.embedding(tokens), src_key_padding_mask=padding)
        scores: Tensor = self.head(hidden)
        return scores


class Speech(nn.Module):
    """An LSTM over sequences of any length; its state comes out, for whoever goes on with it."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 24, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 30)

    def forward(self, frames: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        heard, state = self.lstm(frames)
        return self.head(heard), state


class Recommender(nn.Module):
    """Users and items by number, and the categories of each item in bags: a recommender's inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.users = nn.Embedding(1000, 16)
        self.items = nn.Embedding(2000, 16)
        self.categories = nn.EmbeddingBag(50, 16, mode="mean")
        self.mlp = nn.Sequential(nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, user: Tensor, item: Tensor, categories: Tensor, *, is_new: Tensor) -> Tensor:
        both = torch.cat([self.users(user), self.items(item), self.categories(categories)], dim=1)
        score = self.mlp(both)[:, 0].sigmoid()
        return torch.where(is_new, score * 0.5, score)


class Graph(nn.Module):
    """Two rounds of messages along the edges of a graph, whose nodes and edges are as many as there are."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 4)

    def spread(self, nodes: Tensor, edges: Tensor) -> Tensor:
        sums = torch.zeros_like(nodes).index_add(0, edges[1], nodes[edges[0]])
        degree = torch.zeros(nodes.shape[0], dtype=nodes.dtype).index_add(
            0, edges[1], torch.ones(edges.shape[1], dtype=nodes.dtype)
        )
        return nodes + sums / degree.clamp(min=1).unsqueeze(1)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        hidden = torch.relu(self.first(self.spread(nodes, edges)))
        scores: Tensor = self.second(self.spread(hidden, edges))
        return scores
