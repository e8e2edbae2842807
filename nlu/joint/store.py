"""A joint model on disk."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from nlu.backbone import Backbone
from nlu.joint.examples import Labels
from nlu.joint.gazetteer import Gazetteer
from nlu.joint.model import JointModel, Options


def trained(model: JointModel) -> dict[str, Tensor]:
    """A copy of everything that trains."""
    return {name: p.detach().cpu().clone() for name, p in model.named_parameters() if p.requires_grad}


def save(model: JointModel, folder: Path, gazetteer: Gazetteer | None = None) -> None:
    """Writes `joint.pt` (what trained) and `joint.json` (labels, options, backbone depth, gazetteer)."""
    folder.mkdir(parents=True, exist_ok=True)
    card = {
        "intents": model.labels.intents, "types": model.labels.types, "options": asdict(model.options),
        "frozen": model.backbone.frozen, "gazetteer": None if gazetteer is None else gazetteer.values(),
    }  # fmt: skip
    torch.save(trained(model), folder / "joint.pt")
    (folder / "joint.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[JointModel, Gazetteer | None]:
    """The inverse of `save`. Raises FileNotFoundError, or ValueError where the files do not belong together."""
    path = folder / "joint.json"
    if not path.exists():
        raise FileNotFoundError(f"no joint model in {folder}: {path.name} is missing")
    card = json.loads(path.read_text(encoding="utf-8"))
    labels = Labels(tuple(card["intents"]), tuple(card["types"]))
    model = JointModel(Backbone(frozen=card["frozen"]), labels, Options(**card["options"]))
    try:
        missing = model.load_state_dict(torch.load(folder / "joint.pt", weights_only=True), strict=False)
    except RuntimeError as error:
        raise ValueError(f"{folder / 'joint.pt'} does not fit {path}: {error}") from error
    wanted = {name for name, p in model.named_parameters() if p.requires_grad}
    if wanted & set(missing.missing_keys):
        raise ValueError(f"{folder / 'joint.pt'} lacks {sorted(wanted & set(missing.missing_keys))}")
    model.eval()
    return model, None if card["gazetteer"] is None else Gazetteer(card["gazetteer"])
