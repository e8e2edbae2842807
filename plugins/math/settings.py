"""Options of the plugin `math`, checked when it is loaded.

Options:
  model: folder of an exported solver; null: the shipped one.
  vote: file with the weights of the vote; null: `vote.json` in the solver's folder.
  precision: of the answers that are given, the share that should be right; below it both readings are shown.
  beam: formulas that each embedded channel puts forward.
  rounds: how often a language model is asked at most while the vote is not sure.
  deadline: seconds that one question may take.
  endpoint: a language model to ask where the embedded channels are not sure (`plugins.math.endpoint`); null: none.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dialog.errors import ConfigError
from plugins.math.endpoint import EndpointOptions

WHERE = "plugins.math.options"


class Options(BaseModel):
    """What may stand under `plugins.math.options`. Times in seconds, `precision` a share."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Path | None = None
    vote: Path | None = None
    precision: float = Field(default=0.9, ge=0.5, lt=1, strict=True)
    beam: int = Field(default=5, ge=1, le=10, strict=True)
    rounds: int = Field(default=3, ge=1, le=10, strict=True)
    deadline: float = Field(default=5.0, gt=0, le=300)
    endpoint: EndpointOptions | None = None

    @classmethod
    def read(cls, config: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Options:
        """The options of a configuration. Raises `ConfigError` naming the key that is wrong."""
        for key in config:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(cls.model_fields)})"
                raise ConfigError(f"{WHERE}.{key}: unknown key{hint}")
        given = dict(config)
        section = given.pop("endpoint", None)
        if section is not None and not isinstance(section, Mapping):
            raise ConfigError(f"{WHERE}.endpoint: a section with base_url and model is expected, not {section!r}")
        endpoint = EndpointOptions.read(section, environ) if section is not None else None
        if endpoint is not None:
            endpoint.key(environ)  # a key that is missing is told now, not at the first question
        try:
            options = cls.model_validate({**given, "endpoint": endpoint})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"{WHERE}.{key}: {first['msg']}, not {first['input']!r}") from None
        for key in ("model", "vote"):
            path: Path | None = getattr(options, key)
            if path is not None and not (path.expanduser().is_dir() if key == "model" else path.expanduser().is_file()):
                raise ConfigError(f"{WHERE}.{key}: there is no {'folder' if key == 'model' else 'file'} {str(path)!r}")
        return options
