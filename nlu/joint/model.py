"""The joint model: encoder, gazetteer product, intent head, CRF over words, and heads for entity contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import Backbone, mean_max
from nlu.joint.crf import LinearChainCrf
from nlu.joint.examples import UNKNOWN, Batch, Labels
from nlu.joint.gaussian import GaussianHead, divergence, entity_loss, guard_weights, supervised_contrast

Gazetteers = Literal["none", "flag", "typed"]
Contrast = Literal["none", "gaussian", "point"]
Negatives = Literal["entities", "boundary", "all"]


@dataclass(frozen=True)
class Options:
    """What the model has.

    gazetteer: `flag` says whether a word is in any list, `typed` in which. contrast: the entity loss; `point` is
    SupCon on the means. negatives: whether O words also repel, those beside an entity or all. guard: k of the weight n
    / (n + k) of a label with n training words, 0 = off. cross: clean and recognised words are contrasted with each
    other, not with their own kind. The loss is the sum of intent, tag and entity loss, each times its weight
    (equation 3: all 1).
    """

    gazetteer: Gazetteers = "none"
    contrast: Contrast = "none"
    negatives: Negatives = "entities"
    guard: float = 0.0
    cross: bool = False
    intent_weight: float = 1.0
    tag_weight: float = 1.0
    entity_weight: float = 1.0
    width: int = 128
    dropout: float = 0.1


@dataclass(frozen=True)
class Output:
    """Intent logits [B, I], tag scores [B, W, G] and word vectors [B, W, 384], all float32."""

    intents: Tensor
    scores: Tensor
    vectors: Tensor


class JointModel(nn.Module):
    """Intent and tags from the states of the backbone's frozen part. `counts` int [types]: training words of each
    type.
    """

    counts: Tensor

    def __init__(self, backbone: Backbone, labels: Labels, options: Options, counts: Tensor | None = None) -> None:
        super().__init__()
        self.backbone, self.labels, self.options = backbone, labels, options
        self.kinds = len(labels.types) if options.gazetteer == "typed" else 1
        # The product with a table that starts at ones leaves the encoder's features as they are.
        self.gazetteer = nn.Parameter(torch.ones(self.kinds + 1, backbone.width))
        self.intent = nn.Linear(2 * backbone.width, len(labels.intents))
        self.tag = nn.Linear(backbone.width, labels.tags)
        self.crf = LinearChainCrf(labels.tags)
        self.gaussian = GaussianHead(backbone.width, options.width)
        empty = torch.zeros(len(labels.types))
        self.register_buffer("counts", empty if counts is None else counts.float(), persistent=False)

    def forward(self, batch: Batch) -> Output:
        """See the class."""
        states = self.backbone(batch.x, batch.mask)
        if self.options.gazetteer != "none":
            states = states * self.factors(batch.flags)
        chance = self.options.dropout
        pooled = functional.dropout(mean_max(states, batch.mask), 2 * chance, self.training)
        index = batch.firsts[:, :, None].expand(-1, -1, states.shape[2])
        vectors = states.gather(1, index)
        scores = self.tag(functional.dropout(vectors, chance, self.training))
        return Output(self.intent(pooled).float(), scores.float(), vectors.float())

    def factors(self, flags: Tensor) -> Tensor:
        """What token vectors are multiplied with: flags [B, T, K] -> [B, T, 384].

        Row 0 of the table is that of words in no list; of words in several lists the product of the rows is taken.
        """
        listed = flags.amax(2, keepdim=True)
        table = self.gazetteer
        if self.kinds == 1:
            return table[0] + listed * (table[1] - table[0])
        out = torch.where(listed > 0, torch.ones_like(table[0]), table[0])
        # log-free product over types: (1 - flag) + flag * row, only for types that occur in the batch.
        for kind in flags.flatten(0, 1).amax(0).nonzero()[:, 0].tolist():
            out = out * (1 + flags[:, :, kind : kind + 1] * (table[kind + 1] - 1))
        return out

    def loss(self, batch: Batch, output: Output) -> dict[str, Tensor]:
        """The parts `intent`, `tags` and `entities` of the loss, weighted; sentences without a label are left out."""
        options = self.options
        known = (batch.tags != UNKNOWN) & batch.words
        labelled = known.any(1)
        parts = {"intent": output.intents.sum() * 0, "tags": output.scores.sum() * 0}
        if bool((batch.intents != UNKNOWN).any()):
            found = functional.cross_entropy(output.intents, batch.intents, ignore_index=UNKNOWN)
            parts["intent"] = options.intent_weight * found
        if bool(labelled.any()):
            each = self.crf(output.scores[labelled], batch.tags[labelled], batch.words[labelled])
            parts["tags"] = options.tag_weight * each.mean()
        if options.contrast != "none":
            parts["entities"] = options.entity_weight * self.contrast(batch, output.vectors)
        return parts

    def contrast(self, batch: Batch, vectors: Tensor) -> Tensor:
        """The entity loss of a batch over the words that `options.negatives` names."""
        chosen = self.contrasted(batch)
        kinds = torch.where(batch.tags > 0, (batch.tags - 1) // 2, torch.full_like(batch.tags, -1))
        labels = kinds[chosen]
        if not len(labels):
            return vectors.sum() * 0
        weights = None
        if self.options.guard > 0:
            weights = guard_weights(self.counts, self.options.guard)[labels.clamp_min(0)]
        means, variances = self.gaussian(vectors[chosen])
        if self.options.contrast == "point":
            return supervised_contrast(means, labels, weights=weights)
        views = batch.views[:, None].expand_as(batch.tags)[chosen] if self.options.cross else None
        return entity_loss(divergence(means, variances, means, variances), labels, weights, views)

    def contrasted(self, batch: Batch) -> Tensor:
        """Which words take part in the entity loss, bool [B, W]."""
        entity = batch.tags > 0
        if self.options.negatives == "entities":
            return entity
        outside = (batch.tags == 0) & batch.words
        if self.options.negatives == "boundary":
            beside = torch.zeros_like(entity)
            beside[:, 1:] |= entity[:, :-1]
            beside[:, :-1] |= entity[:, 1:]
            outside &= beside
        return entity | outside
