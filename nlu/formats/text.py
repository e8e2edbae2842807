"""Reading text files line by line, with errors that name the line."""

from __future__ import annotations

from pathlib import Path

from nlu.formats.errors import DataError, Place


def read_text(path: Path) -> str:
    """The file's text without a byte order mark. Raises `DataError` for a file that is missing, empty or not UTF-8."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(path, "there is no such file") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Columns count bytes here: what stands before the bad byte may be damaged too.
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        hint = "; it looks like UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        message = f"not UTF-8: byte 0x{raw[error.start]:02x} ({error.reason}){hint}; save the file as UTF-8"
        raise DataError(Place(path, line, column), message) from None
    if not text.strip():
        raise DataError(path, "the file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: Path) -> list[str]:
    """The file's lines, without the line ends; a last empty line is none."""
    lines = read_text(path).split("\n")
    return lines[:-1] if lines[-1] == "" else lines
