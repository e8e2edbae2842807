"""A small made-up assistant: what its users may say."""

from __future__ import annotations

from pathlib import Path

CITIES = ("berlin", "rome", "san francisco", "oslo", "new york", "madrid", "paris", "tokyo")
DISHES = ("pizza", "noodle soup", "pancakes", "fried rice", "lasagne", "goulash", "sushi", "apple pie")


def sentences() -> dict[str, list[str]]:
    """Intent -> examples with entities."""
    fly = [f"{start} to [{city}](city)" for city in CITIES for start in ("book a flight", "i want to fly")]
    cook = [f"{start} [{dish}](dish)" for dish in DISHES for start in ("how do i cook", "give me the recipe for")]
    bye = [
        f"{word}{end}"
        for word in ("goodbye", "see you", "bye", "good night")
        for end in ("", " now", " then", " friend")
    ]
    return {"book_flight": fly, "cook": cook, "leave": bye}


def write_data(folder: Path, examples: dict[str, list[str]] | None = None, name: str = "nlu.yml") -> Path:
    """The examples as Rasa YAML."""
    path = folder / name
    text = "nlu:\n"
    for intent, found in (examples or sentences()).items():
        text += f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {line}\n" for line in found)
    path.write_text(text, encoding="utf-8")
    return path
