"""Understanding as a library: sentence encoder, joint intent and entity model, batching, recogniser noise.

Importing the package costs nothing; `nlu.runtime` is the serving entry point (numpy, onnxruntime, tokenizers
only), `nlu.train`, `nlu.evaluate` and `nlu.export_encoder` need the training extra.
"""
