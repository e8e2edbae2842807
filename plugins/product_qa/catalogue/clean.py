"""Texts of strangers as plain text: no markup, no scripts, nothing invisible, nothing that a voice would spell out.

Every step is linear in the length of the text, also for text that was made to be slow (the standard library's
`html.parser` takes minutes for 100 kB of unclosed tags).
"""

from __future__ import annotations

import html
import re
import unicodedata

#: Elements whose content is no text for people.
_HIDDEN = "script|style|iframe|object|embed|template|noscript|svg|math|head|textarea|select"
_OPENING = re.compile(rf"<!--|<({_HIDDEN})(?=[\s/>])", re.IGNORECASE)
_CLOSING = {name: re.compile(rf"</{name}[^<>]*>", re.IGNORECASE) for name in _HIDDEN.split("|")}
#: A tag, its attribute values in quotes or not. Possessive, so that a failure costs no second attempt.
_TAG = re.compile(r"""<(/?[a-zA-Z!?](?:[^<>"']++|"[^"]{0,500}+"|'[^']{0,500}+')*+)>|<(/?[a-zA-Z!?][^<>]*+)>""")
_TAG_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_BLOCKS_TEXT = (
    "address article aside blockquote br center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCKS_TEXT.split())
_INLINE_TEXT = (
    "a abbr acronym applet area audio b base basefont bdi bdo big body button canvas caption cite code col colgroup "
    "data datalist del dfn dialog dir em embed font frame frameset head html i iframe img input ins kbd label link "
    "map mark marquee menu meta meter noframes noscript object optgroup option output param picture progress q rp rt "
    "ruby s samp script select slot small source span strike strong style sub sup svg template textarea time title "
    "track tt u var video wbr xml"
)
_INLINE = frozenset(_INLINE_TEXT.split())
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,}+;?")
_SCHEME = re.compile(r"(?:javascript|vbscript)\s*:|data\s*:\s*text/html\S*", re.IGNORECASE)
_STILL_A_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_ROUNDS = 3

_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!?\[([^\[\]\n]{1,300})\]\((?:[^()\s]++|\([^()\s]{0,200}+\)){0,20}+\)"), r"\1"),
    (re.compile(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[*+•·–-][ \t]+|```\w*|~~~\w*)"), ""),
    (re.compile(r"(?m)^[ \t]*(?:[*_=~-][ \t]?){3,80}$"), ""),
    (re.compile(r"(\*\*|__|~~)(?=\S)([^*_~\n]{1,500})(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])([*_])(?=\w)([^*_\n]{1,300})(?<=[\w.!?])\1(?![\w*])"), r"\2"),
    (re.compile(r"`{1,3}([^`\n]{1,300})`{1,3}"), r"\1"),
)
#: Invisible or reordering: zero width, direction marks and overrides, tag characters, soft hyphens, noncharacters.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n\s*")
#: How much longer than its bound a text may be with markup; the rest is not looked at.
_MARKUP_FACTOR = 4


def plain(text: str, bound: int, *, lines: bool = False) -> tuple[str, bool]:
    """`text` without markup, in NFC, at most `bound` characters; and whether something was cut off at the bound.

    With `lines` the breaks between lines, paragraphs and list items stay (as "\\n"); else they become spaces.
    What remains holds no tag (a "<" that could open one is set apart by a space) and no script address.
    """
    cut = len(text) > _MARKUP_FACTOR * bound
    if cut:
        text = text[: _MARKUP_FACTOR * bound]
        if text.rfind("<") > text.rfind(">"):
            text = text[: text.rfind("<")]
    text = _LINE_END.sub("\n", _UNSEEN.sub("", text))
    for _ in range(_ROUNDS):
        if "<" not in text and "&" not in text:
            break
        before, text = text, _decoded(_without_tags(_without_hidden(text)))
        if text == before:
            break
    text = _CONTROL.sub(" ", _UNSEEN.sub("", _LINE_END.sub("\n", text)))
    text = _neutral(unicodedata.normalize("NFC", text))
    text = _SPACES.sub(" ", text)
    text = _LINES.sub("\n" if lines else " ", text).strip()
    if len(text) > bound:
        text, cut = _cut(text, bound), True
    return text, cut


def _without_hidden(text: str) -> str:
    """Without comments and elements that hold no text; one that is not closed hides all that follows, as in a page."""
    kept: list[str] = []
    position = 0
    while found := _OPENING.search(text, position):
        kept.append(text[position : found.start()])
        if found[1] is None:
            end = text.find("-->", found.end())
            position = end + 3 if end >= 0 else len(text)
        else:
            closing = _CLOSING[found[1].lower()].search(text, found.end())
            position = closing.end() if closing else len(text)
        kept.append(" ")
    kept.append(text[position:])
    return "".join(kept)


def _without_tags(text: str) -> str:
    return _TAG.sub(_break_or_nothing, text) if "<" in text else text


def _break_or_nothing(found: re.Match[str]) -> str:
    inside = found[1] or found[2]
    if inside[0] in "!?":
        return " "
    named = _TAG_NAME.match(inside.lstrip("/"))
    name = named[0].lower() if named else ""
    if name in _BLOCKS:
        return "\n"
    if name in _INLINE or ":" in name or "-" in name or "=" in inside:
        return ""
    return found[0]  # "a <b and c> d" is arithmetic, not markup


def _decoded(text: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub("", text)) if "&" in text else text


def _neutral(text: str) -> str:
    """Without Markdown, script addresses and anything that could be taken for a tag."""
    for pattern, kept in _MARKDOWN:
        text = pattern.sub(kept, text)
    while _SCHEME.search(text):
        text = _SCHEME.sub("", text)
    return _STILL_A_TAG.sub("< ", text)


def _cut(text: str, bound: int) -> str:
    """At most `bound` characters, ending with a whole word where there is one nearby."""
    part = text[:bound]
    space = part.rfind(" ", max(0, bound - 80))
    return (part[:space] if space > 0 else part).rstrip()
