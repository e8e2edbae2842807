"""Options of the plugin `product_qa`, checked when it is loaded.

Options:
  folder: where the catalogue and its index are kept; null: product questions are switched off.
  catalogue: file that is imported when the folder holds no catalogue yet; null: the small shipped one.
  threshold: the ranker's probability from which a passage counts as an answer; null: the one that was chosen on
    development data and stands in the ranker's card.
  top: passages that are found for a question and ranked.
  sources: kinds of passages that may be evidence.
  relax: whether a question without an answer is tried again in a simpler form.
  deadline: seconds that one question may take.
  endpoint: a language model that phrases answers (`plugins.math.endpoint`); null: none.
  translator: `package.module:name` of what translates questions and answers; null: none.
  languages: languages besides English in which it is asked; they need a translator.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dialog.errors import ConfigError
from plugins.math.endpoint import EndpointOptions
from plugins.product_qa.types import SOURCES, Source

WHERE = "plugins.product_qa.options"


class Options(BaseModel):
    """What may stand under `plugins.product_qa.options`. Times in seconds, `threshold` a probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = None
    catalogue: Path | None = None
    threshold: float | None = Field(default=None, gt=0, lt=1)
    top: int = Field(default=12, ge=1, le=100, strict=True)
    sources: tuple[Source, ...] = SOURCES
    relax: bool = Field(default=True, strict=True)
    deadline: float = Field(default=5.0, gt=0, le=300)
    endpoint: EndpointOptions | None = None
    translator: str | None = None
    languages: tuple[str, ...] = ()

    @field_validator("sources")
    @classmethod
    def _some(cls, given: tuple[Source, ...]) -> tuple[Source, ...]:
        if not given:
            raise ValueError(f"at least one of {', '.join(get_args(Source))} is expected")
        return tuple(dict.fromkeys(given))

    @field_validator("languages")
    @classmethod
    def _codes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for code in given:
            if not (len(code) == 2 and code.isascii() and code.islower()):
                raise ValueError(f"two small letters are expected, such as de, not {code!r}")
        return tuple(dict.fromkeys(code for code in given if code != "en"))

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
        if options.catalogue is not None and not options.catalogue.expanduser().is_file():
            raise ConfigError(f"{WHERE}.catalogue: there is no file {str(options.catalogue)!r}")
        if (
            options.folder is not None
            and options.folder.expanduser().exists()
            and not options.folder.expanduser().is_dir()
        ):
            raise ConfigError(f"{WHERE}.folder: {str(options.folder)!r} is not a folder")
        if options.languages and options.translator is None:
            raise ConfigError(f"{WHERE}.languages: {', '.join(options.languages)} need a translator")
        if options.translator is not None:
            from plugins.product_qa.language.translator import named

            named(options.translator)
        return options
