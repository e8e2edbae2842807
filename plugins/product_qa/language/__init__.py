"""Questions in other languages: detection, the hook of a translator, and the three strategies of xPQA."""

from plugins.product_qa.language.detect import Detected, detect
from plugins.product_qa.language.strategies import Foreign, Strategy, multilingual, translate_test, translate_train
from plugins.product_qa.language.translator import TranslationError, Translator, faithful, named, translated

__all__ = [
    "Detected", "Foreign", "Strategy", "TranslationError", "Translator", "detect", "faithful", "multilingual", "named",
    "translate_test", "translate_train", "translated",
]  # fmt: skip
