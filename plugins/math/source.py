"""Program text before it is parsed: a scanner that caps what a parser could be made to suffer and blanks every string.

`ast.parse` of hostile text can exhaust the C stack, memory or time, and Python folds unicode letters into ASCII names
(NFKC: `ｅval` is `eval`). So nothing reaches it but ASCII symbols of bounded number and nesting; what stands in strings
and comments is dropped here and never read.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from plugins.math.types import ProgramError

MAX_TEXT, MAX_TOKENS, MAX_BRACKETS, MAX_PREFIX, MAX_BRANCHES, MAX_POWERS, MAX_DOTS = 8000, 3000, 40, 12, 80, 40, 60
MAX_DIGITS = 60
_SYMBOLS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"}
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[fFrRbBuU]{0,2}(?:\"{3}|'{3}|"|'))
    |(?P<number>(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<space>[ \t]+|\r?\n|\\\r?\n)
    |(?P<symbol>\*\*=?|//=?|[-+*/%<>=!]=|->|[-+*/%<>=()\[\]{},:;.&|~@^!$])""",
    re.ASCII | re.VERBOSE,
)
_FENCE = re.compile(r"\A\s*```[a-z0-9]*[ \t]*\n")
#: Words of Python with no place in arithmetic; naming them here keeps them from the parser.
_FORBIDDEN = """
lambda class async await yield try except finally with global nonlocal del raise assert exec eval compile globals locals
vars getattr setattr delattr open input breakpoint
"""
FORBIDDEN = frozenset(_FORBIDDEN.split())


class _Scanner:
    """One pass over the text: `out` is what the parser may see."""

    def __init__(self, text: str, letters: Collection[str], formula: bool) -> None:
        self.text, self.letters, self.formula = text, letters, formula
        self.out: list[str] = []
        self.place, self.line, self.tokens, self.depth, self.prefix = 0, 1, 0, 0, 0
        self.counts = {"branch": 0, "**": 0, ".": 0}

    def refuse(self, reason: str) -> ProgramError:
        return ProgramError(reason, self.line)

    def scan(self) -> str:
        while self.place < len(self.text):
            character = self.text[self.place]
            if character in _SYMBOLS:
                self.symbol(_SYMBOLS[character])
                self.place += 1
                continue
            found = _TOKEN.match(self.text, self.place)
            if found is None:
                raise self.refuse(f"unexpected character U+{ord(character):04X}")
            self.place = found.end()
            kind, token = found.lastgroup, found.group()
            if kind == "space":
                self.out.append("\n" if token[-1] == "\n" and token[0] != "\\" else token.replace("\r", ""))
                self.line += token.count("\n")
            elif kind == "string":
                self.string(token)
            elif kind == "number":
                self.number(token)
            elif kind == "name":
                self.name(token)
            elif kind == "symbol":
                self.symbol(token)
        if self.depth:
            raise self.refuse("a bracket is not closed")
        return "".join(self.out)

    def count(self, limit: int, what: str, kind: str) -> None:
        self.counts[kind] += 1
        if self.counts[kind] > limit:
            raise self.refuse(f"too many {what}")

    def took(self) -> None:
        self.tokens += 1
        if self.tokens > MAX_TOKENS:
            raise self.refuse("the program is too long")

    def string(self, opening: str) -> None:
        self.took()
        prefix, quote = opening.rstrip("\"'").lower(), opening.lstrip("fFrRbBuU")
        if "b" in prefix:
            raise self.refuse("bytes are not arithmetic")
        start = self.place
        while True:
            if self.text.startswith(quote, self.place):
                break
            if self.place >= len(self.text) or (len(quote) == 1 and self.text[self.place] == "\n"):
                raise self.refuse("a string is not closed")
            self.place += 2 if self.text[self.place] == "\\" else 1
        inside = self.text[start : self.place].count("\n")
        self.place += len(quote)
        self.out.append(("f" if "f" in prefix else "") + ('"""' + "\n" * inside + '"""' if inside else '""'))
        self.line += inside
        self.prefix = 0

    def number(self, token: str) -> None:
        self.took()
        exponent = re.search(r"[eE][-+]?(\d+)\Z", token)
        if len(token) > MAX_DIGITS or (exponent and int(exponent[1]) > 300):
            raise self.refuse("a number is too long")
        following = re.compile(r"[A-Za-z_0-9.]+").match(self.text, self.place)
        if following and not (self.formula and following.group() in self.letters):
            raise self.refuse(f"a number runs into {following.group()[:20]!r}")
        self.out.append(token + ("*" if following else ""))
        self.prefix = 0

    def name(self, token: str) -> None:
        self.took()
        if token in FORBIDDEN or len(token) > 200 or (token.startswith("__")):
            raise self.refuse(f"{token[:40]!r} is not arithmetic")
        if token in ("if", "elif", "else", "and", "or"):
            self.count(MAX_BRANCHES, "branches", "branch")
        self.unary(token == "not")
        self.out.append(token)

    def unary(self, prefix: bool) -> None:
        """Counts operators in a row, each of which would nest the parser one deeper."""
        self.prefix = self.prefix + 1 if prefix else 0
        if self.prefix > MAX_PREFIX:
            raise self.refuse("too many signs in a row")

    def symbol(self, token: str) -> None:
        self.took()
        if token == "^":
            if not self.formula:
                raise self.refuse("'^' is not a power here")
            token = "**"
        if token == "$":
            if not self.formula:
                raise self.refuse("unexpected '$'")
            self.out.append(" ")  # what stands on both sides of it must not become one number
            return
        if token in "([{":
            self.depth += 1
            if self.depth > MAX_BRACKETS:
                raise self.refuse("brackets are nested too deeply")
        elif token in ")]}":
            self.depth -= 1
            if self.depth < 0:
                raise self.refuse("a bracket was never opened")
        elif token in ("**", "."):
            self.count(MAX_POWERS if token == "**" else MAX_DOTS, "powers" if token == "**" else "dots", token)
        self.unary(token in ("-", "+", "~"))
        self.out.append(token)


def clean(source: str, letters: Collection[str]) -> str:
    """The text a parser may see: ASCII, within limits, strings empty, comments gone, lines kept. Raises `ProgramError`.

    A code fence around it is taken off. A text of one line is a formula: there `^` is a power, `2A` a product, `$` is
    dropped and `A%` is a hundredth.
    """
    if len(source) > MAX_TEXT:
        raise ProgramError("the program is too long")
    body = source.rstrip()
    fenced = _FENCE.match(body)
    if fenced and body.endswith("```") and len(body) >= fenced.end() + 3:
        body = body[fenced.end() : -3].rstrip(" \t")
    else:
        body = source
    body = body.strip("\n")
    lines = [line for line in body.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    formula = len(lines) == 1 and not re.match(r"\s*(?:def|for|while|if|import|from)\b", lines[0])
    text = _Scanner(body, letters, formula).scan()
    if formula:
        text = re.sub(r"\b([A-Z]\d*|\d+(?:\.\d+)?)[ \t]*%(?=[ \t]*(?:\)|$|\*))", r"(\1/100)", text.strip())
        text = re.sub(r"\A(?:the )?answer(?: is)?[ \t]*[:=](?!=)", "answer =", text, flags=re.IGNORECASE)
    return text
