"""Measured claims: each module of this folder is one benchmark, run with `assistant bench NAME`."""
