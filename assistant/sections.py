"""The sections of `config.yml` as checked value types. What each key means, and its default, is in the shipped file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dialog.errors import ConfigError
from dialog.settings import DialogSettings, PluginSettings

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
_QUIET = re.compile(r"([01]?\d|2[0-3]):[0-5]\d-([01]?\d|2[0-3]):[0-5]\d\Z")


def _zone(name: str) -> str:
    if name == "local":
        return system_zone()
    if not _is_zone(name):
        near = nearest(name, sorted(available_timezones()))
        raise ValueError(f"is not a time zone such as 'Europe/Berlin', 'UTC' or 'local'{near}")
    return name


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what an unknown, an absolute and a directory's name raise
        return False
    return True


def _quiet(text: str) -> str:
    if not _QUIET.match(text):
        raise ValueError("is not a span of hours such as '22:00-07:00'")
    return text


def _variable(name: str) -> str:
    if not _ENV_NAME.match(name):
        raise ValueError("must be the name of an environment variable, such as ASSISTANT_TOKEN")
    return name


def _module(name: str) -> str:
    if not name.endswith(".py") and not _DOTTED.match(name.replace("-", "_")):
        raise ValueError("must be a dotted module, the name of an entry point, or a path that ends in .py")
    return name


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Variable = Annotated[str, AfterValidator(_variable)]


class Section(BaseModel):
    """A part of the file: no key but the declared ones, no silent conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class AssistantSection(Section):
    """Who the assistant is, and where it keeps its data."""

    name: str
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}([-_][A-Za-z0-9]+)*$")]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    data_dir: Annotated[Path, Field(strict=False)]


class UserSection(Section):
    """Settings of a user who has not said otherwise; `quiet_hours` as '22:00-07:00' or null."""

    name: str | None
    timezone: Annotated[str, AfterValidator(_zone)]
    units: Literal["metric", "imperial"]
    quiet_hours: Annotated[str, AfterValidator(_quiet)] | None


class LogSection(Section):
    """The event log. `url` is an SQLAlchemy URL; `{data_dir}` in it stands for that folder."""

    url: str
    url_env: Variable | None
    durability: Literal["full", "normal"]
    retention_days: Count | None
    vectors: bool


class DialogSection(Section):
    """Bounds of every conversation: times in seconds, text in characters. See `DialogSettings`."""

    deadline: Positive
    lock_deadline: Positive
    understand_deadline: Positive
    commit_deadline: Positive
    queue: Count
    max_queued: Count
    max_conversations: Count
    max_text: Count
    session_timeout: Positive
    strikes: Count
    block_limit: Positive
    interrupt: Annotated[float, Field(ge=0, le=1)]
    view_events: Count


class ServerSection(Section):
    """The web server. `rate` in requests a second and client, `max_body` in bytes, times in seconds."""

    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    token_env: Variable
    jwt_secret_env: Variable
    hosts: list[str]
    origins: list[str]
    max_body: Count
    rate: Positive
    burst: Count
    max_connections: Count
    shutdown_timeout: Positive
    telemetry: bool


class PluginSection(Section):
    """One plugin: where its module is, whether it is on, the deadline of its handlers (seconds), its own options."""

    use: Annotated[str, AfterValidator(_module)] = ""
    enabled: bool = True
    deadline: Positive | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Config(Section):
    """The checked configuration. `source` is the user's file, None for the shipped defaults alone."""

    assistant: AssistantSection
    user: UserSection
    log: LogSection
    dialog: DialogSection
    server: ServerSection
    plugins: dict[str, PluginSection]
    plugin_folder: Annotated[Path, Field(strict=False)] | None
    source: Path | None = Field(default=None, exclude=True)

    @property
    def log_url(self) -> str:
        """The log's URL with the folder filled in; raises `ConfigError` when its variable is not set."""
        if self.log.url_env:
            return secret(self.log.url_env, "log.url_env")
        return self.log.url.replace("{data_dir}", str(self.assistant.data_dir))

    def dialog_settings(self) -> DialogSettings:
        """The bounds as the dialog core takes them."""
        return DialogSettings(seed=self.assistant.seed, user=self.user.model_dump(), **self.dialog.model_dump())

    def plugin_settings(self) -> list[PluginSettings]:
        """The plugins in order, as the host takes them; `{data_dir}` in their text options is filled in."""
        return [
            PluginSettings(name, plugin.use, self._filled(plugin.options), plugin.deadline, plugin.enabled)
            for name, plugin in self.plugins.items()
        ]

    def _filled(self, options: dict[str, Any]) -> dict[str, Any]:
        folder = str(self.assistant.data_dir)
        return {
            key: value.replace("{data_dir}", folder) if isinstance(value, str) else value
            for key, value in options.items()
        }


def secret(variable: str, key: str) -> str:
    """The value of an environment variable that a `*_env` key names; raises `ConfigError` when it is not set."""
    value = os.environ.get(variable)
    if not value:
        raise ConfigError(f"{key}: the environment variable {variable} is not set")
    return value


@lru_cache(maxsize=1)
def system_zone() -> str:
    """The machine's time zone by name, 'UTC' where it has none."""
    link = Path("/etc/localtime")
    linked = str(link.resolve()).partition("zoneinfo/")[2] if link.is_symlink() else ""
    for name in (os.environ.get("TZ", "").lstrip(":"), linked):
        if name and _is_zone(name):
            return name
    return "UTC"


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known word nearest to `word`, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
