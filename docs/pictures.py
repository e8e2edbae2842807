"""Makes docs/chat.png: types a conversation into `assistant chat` in tmux and draws what the terminal shows.

    python docs/pictures.py            needs tmux and chromium
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
SIZE = (104, 70)
LINES = [
    "hi there",
    "what time is it in tokyo",
    "add dentist on friday at three",
    "set an alarm",
    "seven tomorrow morning",
    "no, make it half past eight",
    "add milk and eggs to my shopping list",
    "what is on my shopping list",
    "how many feet are in two miles",
    "what is fifteen percent of eighty",
    "define photosynthesis",
    "remove dentist",
    "the first one",
    "yes",
    "play some jazz",
    "/why",
]


def conversation(session: str, folder: str) -> str:
    """What the terminal shows after the lines were typed, with its colours."""
    tmux = ["tmux", "-L", session]
    assistant = Path(sys.executable).with_name("assistant")
    command = f"HOME={folder} {assistant} chat"
    width, height = map(str, SIZE)
    subprocess.run([*tmux, "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, command], check=True)
    time.sleep(5)
    for line in LINES:
        subprocess.run([*tmux, "send-keys", line, "Enter"], check=True)
        time.sleep(1.5)
    shown = subprocess.run([*tmux, "capture-pane", "-e", "-p"], check=True, capture_output=True, text=True).stdout
    subprocess.run([*tmux, "kill-server"], check=False)
    return shown


def draw(shown: str, target: Path) -> None:
    """Draw a terminal's text as a PNG."""
    console = Console(record=True, width=SIZE[0], file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown.rstrip()))
    with tempfile.TemporaryDirectory() as folder:
        svg = Path(folder, "chat.svg")
        console.save_svg(str(svg), title="assistant chat")
        lines = len(shown.rstrip().splitlines())
        profile = f"--user-data-dir={folder}/profile"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", profile]
        window = f"--window-size={int(SIZE[0] * 12.2) + 20},{int(lines * 24.4) + 70}"
        picture = f"--screenshot={target}"
        subprocess.run(["chromium", *flags, window, picture, svg.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        draw(conversation("pictures", home), HERE / "chat.png")
