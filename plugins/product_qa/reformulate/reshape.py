"""Reshape (ROO of SURF, section 3.2): a polar, open or request question becomes a wh-question of the same intent.

"Can I use it outside in the rain" asks for the water resistance. What is asked about is looked up in the table of
topics (`plugins.product_qa.facts.topics`), so a shop's own words count too.
"""

from __future__ import annotations

import re

from plugins.product_qa.facts.topics import TOPICS, Topics
from plugins.product_qa.reformulate.kinds import kind_of

#: Questions whose answer is not called what the topic is; first match wins.
_SITUATIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), question)
    for pattern, question in (
        (r"\b(?:come|comes|supplied|sold|ship|ships) with\b|\bincluded?s?\b|\bin the box\b",
         "what is included with it?"),
        (r"\b(?:outside|outdoors?) .*\b(?:rain|wet|snow)|\b(?:in|the) (?:rain|shower|pool|water|snow)\b"
         r"|\bget(?:s|ting)? wet\b|\bunder ?water\b|\bswim|\bwater ?proof", "what is the water resistance?"),
        (r"\bmade in\b|\b(?:where|from) .*\bmanufactured\b|\bcome from\b", "where is it made?"),
        (r"\b(?:made|consist)s? (?:out )?(?:of|from)\b|\b(?:plastic|metal|leather|wood(?:en)?|cotton|steel|glass|rubber"
         r"|wool|polyester|silicone|aluminum|aluminium)\b", "what is it made of?"),
        (r"\b(?:year|yr|month)s? olds?\b|\bkids?\b|\bchild(?:ren)?\b|\btoddlers?\b|\bbab(?:y|ies)\b|\badults?\b",
         "what age is it for?"),
        (r"\b(?:wash(?:ed|able)?|clean(?:ed)?|dishwasher|dry ?clean(?:ed)?)\b", "how is it cleaned?"),
        (r"\b(?:fit|fits|fitting|work|works|compatible|compatibility|usable|used?|replaces?|pair|connect)\b"
         r" (?:\w+ ){0,3}?(?:with|for|on|in|to|a|an|my|the)\b", "what is it compatible with?"),
        (r"\bsupports?\b(?! (?:\d|up|at|more|over|weight))", "what does it support?"),
        (r"\b(?:fit|fits)\b", "what size is it?"),
        (r"\bplug|\bvolts?\b|\b(?:110|120|220|230|240) ?v?\b", "what voltage does it use?"),
        (r"\bbatter(?:y|ies)\b", "what batteries does it use?"),
        (r"\b(?:blue|red|black|white|green|pink|grey|gray|purple|yellow|brown|orange|silver|gold) ?\??$",
         "what color is it?"),
    )
)  # fmt: skip
_PLURAL = frozenset({"what is included", "ingredients", "dimensions"})
#: "does it have a handle" -> what kind of handle does it have.
_HAVE = re.compile(
    r"^(?:does|do|is|are) (?:this|it|these|they|the \w+|there)(?: \w+)?? (?:have|has|got|feature) (?:an?|any|the)"
    r" ((?:[\w-]+ ){0,2}[\w-]+)\??$"
)
_REQUEST = re.compile(
    r"^(?:please )?(?:tell|show|give)(?: (?:me|us))?(?: about)? (?P<about>.+)$"
    r"|^(?:list|describe|explain|find)(?: me)? (?P<it>.+)$"
)
_LONGEST = 400


def reshaped(question: str, topics: Topics = TOPICS) -> str:
    """A wh-question for what the text asks, empty where it is one already or nothing is recognised."""
    text = " ".join(question.lower().replace("’", "'").split())[:_LONGEST]
    kind = kind_of(text)
    if not text or kind == "root":
        return ""
    if kind == "request" and (found := _REQUEST.match(text)):
        about = (found["about"] or found["it"]).rstrip(" ?.!")
        return f"{about}?" if kind_of(about) == "root" else f"what is {about}?"
    if kind == "open" and text.startswith(("how do i ", "how do you ", "how can i ", "how to ")):
        action = re.sub(r"^how (?:do i|do you|can i|to) ", "", text).rstrip(" ?.!")
        return f"what is the way to {action}?"
    for pattern, wanted in _SITUATIONS:
        if pattern.search(text.rstrip(" ?.!")):
            return wanted
    if found := _HAVE.match(text):
        return f"what {found[1]} does it have?"
    asked = topics.asked(text)
    if asked:
        name = asked[0][0].name
        return f"what {'are' if name in _PLURAL else 'is'} the {name}?"
    return ""
