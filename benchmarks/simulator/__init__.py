"""A simulator of logged skill routing over public utterances, with a truth that is known. See README.md."""

from benchmarks.simulator.constraints import benchmarks
from benchmarks.simulator.requests import Log, Requests
from benchmarks.simulator.seeds import REPORT_SEEDS, SECOND_SEEDS, TUNE_SEEDS
from benchmarks.simulator.world import LEARNABLE, SHARP, World

__all__ = ["LEARNABLE", "REPORT_SEEDS", "SECOND_SEEDS", "SHARP", "TUNE_SEEDS", "Log", "Requests", "World", "benchmarks"]
