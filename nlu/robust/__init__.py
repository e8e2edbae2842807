"""Intents that survive the recogniser: contrastive pre-training and robust fine-tuning (training only, needs torch)."""
