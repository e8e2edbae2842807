"""Where the chat keeps the lines that a user typed; erasing a user erases them too."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote


def history_file(data_dir: Path, user_id: str) -> Path:
    """The file of one user's typed lines."""
    name = quote(user_id, safe="")
    if len(name) > 200:  # file systems end at 255 bytes
        name = hashlib.sha256(user_id.encode()).hexdigest()
    return data_dir / "history" / f"user-{name}"
