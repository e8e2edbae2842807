"""Joint intent and entity model with a gazetteer, a CRF and entity contrast (training and analysis; needs torch).

`gazetteer`, `viterbi`, `metrics` and `strays` need numpy only.
"""
