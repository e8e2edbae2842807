from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.product_qa.catalogue.clean import plain

_FRAGMENTS = [
    "<script>", "</script>", "<b>", "</b", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>",
    "<!--", "-->", "&lt;", "&#60;script&#62;", "&amp;lt;b&amp;gt;", "javascript:",
    "JaVa", "script", ":", "<", ">", "\u202e",
    "\x00", "\n", "**", "_", "[x](", ")",
    "`", "# ", "fits well", " 2 < 3 ", "&", "\u200b",
    "<svg/onload=alert(1)>", "&#x6a;avascript:",
]  # fmt: skip


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Light <b>and</b> strong.</p><p>Red</p>", "Light and strong. Red"),
        ("a<script>alert('x')</script>b", "a b"),
        ("a<SCRIPT src=x>while(1)", "a"),
        ("before<!-- a > b -->after", "before after"),
        ('<img src=x onerror="alert(1)">ok', "ok"),
        ('<a title="a > b" href="javascript:alert(1)">here</a>', "here"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;fine", "fine"),
        ("&amp;lt;b&amp;gt;bold&amp;lt;/b&amp;gt;", "bold"),
        ("5 &gt; 3 &amp; 2 &lt; 4 caf&eacute;", "5 > 3 & 2 < 4 café"),
        ("holds if x <y and z> w", "holds if x < y and z> w"),
        ("I <3 it", "I <3 it"),
        ("<x-card onclick=f()>text</x-card>", "text"),
        ("see javascript:alert(1) and JAVASCRIPT :x", "see alert(1) and x"),
        ("javajavascript:script:go", "go"),
        ("# Title\n- one\n* two\n**bold** and `code`, [link](http://x.y/z)", "Title one two bold and code, link"),
        ("say [click](javascript:alert(1)) and [x](y)", "say click and x"),
        ("4*6*2 and snake_case_name and 5 * 3 * 2", "4*6*2 and snake_case_name and 5 * 3 * 2"),
        ("right\u202etfel\u2066 zero\u200bwidth \ufeff", "righttfel zerowidth"),
        ("tab\tnul\x00bell\x07 next\x85line", "tab nul bell next line"),
        ("cafe\u0301", "café"),
        ("&#" + "9" * 5000 + ";x", "x"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("hidden\U000e0041\U000e0042 tags", "hidden tags"),
        ("", ""),
    ],
)
def test_markup_becomes_text(markup: str, text: str) -> None:
    assert plain(markup, 2000) == (text, False)


def test_lines_stay_where_they_are_wanted() -> None:
    assert plain("<ul><li>One</li><li>Two</li></ul>three<br/>four", 100, lines=True)[0] == "One\nTwo\nthree\nfour"


def test_too_long_is_cut_at_a_word() -> None:
    text, cut = plain("word " * 1000, 42)
    assert cut
    assert text == "word word word word word word word word"
    assert plain("<b>" * 100 + "x", 10) == ("", True)


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<a b='", "<a/", "</", "<!--", "<?", "<script>", "[a](", "&", "**a", "_ "]
)
def test_unclosed_markup_is_read_in_one_pass(piece: str) -> None:
    # with a quadratic reader each of these takes minutes
    text, _ = plain(piece * (400_000 // len(piece)), 100_000)
    assert not re.search(r"<[a-zA-Z/!?]", text)


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=14).map("".join) | st.text(max_size=60))
def test_nothing_dangerous_is_left(markup: str) -> None:
    text, _ = plain(markup, 80)
    assert len(text) <= 80
    assert not re.search(r"<[a-zA-Z/!?]", text)
    assert not re.search(r"(?:java|vb)script\s*:", text, re.IGNORECASE)
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in text)
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
