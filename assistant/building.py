"""What a configuration would build: plugins with their reasons, understanding, policy, log and server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from assistant.config import Config, place_of
from assistant.document import Problem
from dialog.errors import ConfigError, PluginError
from dialog.host import Host, PluginRecord


@dataclass(frozen=True)
class Building:
    """The explanation of a configuration, and what keeps it from working."""

    config: Config
    host: Host
    nlu: str
    router: str
    log_url: str
    problems: list[Problem]

    def to_json(self) -> dict[str, Any]:
        """The explanation as plain data."""
        server = self.config.server
        return {
            "ok": not self.problems,
            "config": str(self.config.source) if self.config.source else None,
            "log": {"url": self.log_url, **self.config.log.model_dump(exclude={"url", "url_env"})},
            "user": self.config.user.model_dump(),
            "plugins": [described(record) for record in self.host.records.values()],
            "nlu": self.nlu,
            "router": self.router,
            "server": {
                "url": f"http://{server.host}:{server.port}",
                "token_env": server.token_env,
                "token_set": bool(os.environ.get(server.token_env)),
            },
            "problems": [as_json(problem) for problem in self.problems],
        }


async def build(config: Config) -> Building:
    """Load the plugins of a configuration, without opening the log or the server."""
    host = load_host(config)
    nlu = router = "none"
    problems = []
    try:
        model = host.nlu()
        nlu = model.version
        await model.close()
    except PluginError:  # its reasons are in the records
        problems.append(Problem(*place_of(config, "plugins"), "plugins", "no plugin in service offers an 'nlu'"))
    try:
        router = host.router().version
    except PluginError:
        problems.append(Problem(*place_of(config, "plugins"), "plugins", "no plugin in service offers a 'router'"))
    key = "url_env" if config.log.url_env else "url"
    try:
        log_url = _without_password(config.log_url)
    except ConfigError as error:
        log_url = "none"
        problems.append(Problem(*place_of(config, "log", key), f"log.{key}", str(error).removeprefix(f"log.{key}: ")))
    for record in host.records.values():
        problems += faults(config, record)
    return Building(config, host, nlu, router, log_url, sorted(problems, key=lambda problem: problem.line))


def faults(config: Config, record: PluginRecord) -> list[Problem]:
    """What is wrong with one plugin. One that is switched off has no faults."""
    listed = record.name in config.plugins
    place = place_of(config, "plugins", record.name) if listed else (record.settings.use, 0)
    key = f"plugins.{record.name}" if listed else ""
    skipped = [f"skipped: {record.error}"] if record.error and record.settings.enabled else []
    return [Problem(*place, key, message) for message in (*skipped, *record.notes)]


def load_host(config: Config) -> Host:
    """The plugins of a configuration, loaded."""
    return Host(config.plugin_settings(), config.plugin_folder, config.assistant.seed)


def described(record: PluginRecord) -> dict[str, Any]:
    """One plugin as plain data."""
    return {
        "name": record.name,
        "source": record.source or record.settings.use or None,
        "version": record.version or None,
        "enabled": record.settings.enabled,
        "hooks": list(record.hooks),
        "skills": list(record.skills),
        "milliseconds": round(record.load_seconds * 1000, 1),
        "error": record.error,
        "notes": list(record.notes),
    }


def as_json(problem: Problem) -> dict[str, Any]:
    """A problem as plain data."""
    return {"file": problem.file, "line": problem.line, "key": problem.key, "message": problem.message}


def _without_password(url: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        raise ConfigError("this is not an SQLAlchemy URL") from None
