"""Understanding from a recogniser's n-best list: semantic frames of live callers, and merging parses in serving.

`merge` and everything it needs is numpy only; `model` and `fit` need torch, `linear` scikit-learn (extra `train`).
"""
