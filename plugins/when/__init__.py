"""Times, dates and durations as people say and type them in English, read and spoken."""

from plugins.when.durations import find_duration, parse_duration
from plugins.when.parser import When, parse_when
from plugins.when.recurrence import Recurrence

__all__ = ["Recurrence", "When", "find_duration", "parse_duration", "parse_when"]
