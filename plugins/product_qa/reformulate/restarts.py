"""Restarts in speech: where one may be, every way of repairing it, and what speaks for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plugins.product_qa.gate.lexicon import AUXILIARIES, FUNCTION, WH, listed

#: Words that announce a repair, and those that only go along with one.
_CUES = listed(
    "no sorry wait rather actually oops er err errr erm uh um umm uhm ugh hmm oh neigh nay nah correction scratch mean"
    " meant rahter ahh nevermind nope errrr errr ooof"
)
_ALONG = listed("i or make that well let me say should tell better yet just it's it is to excuse pardon and")
#: Cues that also are ordinary words.
_WEAK = listed("no mean meant rather actually oh wait")
#: "it has no lid", "is there no lid".
_BEFORE_NO = listed("contain contains have has had with there got get need needs require requires says say or and")
_DETERMINERS = listed("the a an this that these those my your his her its their our")
_PREPOSITIONS = listed("of in on at for with by from to into about between during after before under over as")
_PLACES = ("keep", "drop cue", "back 1", "back 2", "back 3", "back 4", "back 5-6", "back 7+", "back all")
_CLASSES = ("wh", "auxiliary", "determiner", "preposition", "number", "name", "other")
_FEATURES = (
    *_PLACES, "same word", "same word latest", "same class", "to wh all", "to auxiliary all", "within function before",
    "doubled", "same ending", "right short", "imperative all", "wh in right all",
    *(f"{name} starts" for name in _CLASSES), *(f"{name} repairs {back}" for name in _CLASSES for back in ("1", "2+")),
    "keep weak", "keep lone", "keep strong", "keep many", "keep comma", "keep no wh", "long cue all", "same second",
    "crosses wh", "crosses preposition", "crosses auxiliary", "right wh not all", "class before same", "keep no",
    "keep actually", "keep after function",
)  # fmt: skip
FEATURES: tuple[str, ...] = _FEATURES
_INDEX = {name: place for place, name in enumerate(FEATURES)}


@dataclass(frozen=True)
class Edit:
    """A way to go on: the tokens `kept`, and the indices into FEATURES of what holds for it."""

    kept: list[str]
    features: tuple[int, ...]


def plain(token: str) -> str:
    """A token without marks, in lower case."""
    return token.lower().strip(",.?!;:\"'()-")


def choices(tokens: list[str]) -> Iterator[list[Edit]]:
    """For each interregnum every way to edit there, the first being to leave the text as it is."""
    for start, end in interregna(tokens):
        left, right = tokens[:start], tokens[end:]
        if not right:
            continue
        cue = [plain(token) for token in tokens[start:end]]
        edits = [Edit(tokens, _keep(cue, left, right, tokens[max(0, start - 1) : end]))]
        # A restart stays within its sentence.
        first = max((place + 1 for place, token in enumerate(left) if token[-1] in ".?!"), default=0)
        edits += [
            Edit(left[:cut] + right, _cut(left[first:], right, cut - first, cue)) for cut in range(first, len(left) + 1)
        ]
        yield edits


def interregna(tokens: list[str]) -> list[tuple[int, int]]:
    """Runs [start, end) of cue words: at least one announces a repair; what goes along with it belongs to the run."""
    found, place = [], 0
    words = [plain(token) for token in tokens]
    words = ["" if _ordinary(words, tokens, spot) else word for spot, word in enumerate(words)]
    while place < len(words):
        end = place
        while end < len(words) and words[end] in _CUES | _ALONG:
            end += 1
        if any(word in _CUES for word in words[place:end]):
            first = min(spot for spot in range(place, end) if words[spot] in _CUES)
            last = max(spot for spot in range(place, end) if words[spot] in _CUES)
            # "i mean", "or rather", "no make that", "no tell me", but not "is it no longer".
            while first > place and words[first - 1] in ("i", "or", "well", "oh"):
                first -= 1
            after = words[last + 1 : end]
            for follow in (["make", "that"], ["tell", "me"], ["that"], ["should", "say"], ["let", "me", "say"]):
                if after[: len(follow)] == follow and (follow != ["that"] or words[last] == "scratch"):
                    last += len(follow)
                    break
            found.append((first, last + 1))
        place = max(end, place + 1)
    return found


def _ordinary(words: list[str], tokens: list[str], spot: int) -> bool:
    """Whether a cue word stands for itself: "does it mean", "rather than", "scratch the floor", "model no. 5"."""
    follow = words[spot + 1] if spot + 1 < len(words) else ""
    if words[spot] in ("mean", "meant"):
        return not spot or words[spot - 1] != "i"
    if words[spot] == "scratch":
        return follow != "that"
    if words[spot] == "no" and spot and words[spot - 1] in _BEFORE_NO:
        return True
    return (words[spot] == "rather" and follow == "than") or (tokens[spot].lower() == "no." and follow[:1].isdigit())


def _keep(cue: list[str], left: list[str], right: list[str], near: list[str]) -> tuple[int, ...]:
    names = ["keep"]
    weak = all(word in _WEAK or word in _ALONG for word in cue)
    names.append("keep weak" if weak else "keep strong")
    names.append("keep lone" if len(cue) == 1 else "keep many")
    if any(token.endswith(",") for token in near):
        names.append("keep comma")
    if class_of(right[0]) not in ("wh", "auxiliary"):
        names.append("keep no wh")
    names += [f"keep {word}" for word in ("no", "actually") if cue == [word]]
    if left and plain(left[-1]) in FUNCTION:
        names.append("keep after function")
    return tuple(_INDEX[name] for name in names)


def _cut(left: list[str], right: list[str], cut: int, cue: list[str]) -> tuple[int, ...]:
    back = len(left) - cut
    first, kind = plain(right[0]), class_of(right[0])
    names: list[str] = []
    if back == 0:
        names.append("drop cue")
    elif cut == 0:
        names.append("back all")
    else:
        names.append(f"back {back}" if back < 5 else "back 5-6" if back < 7 else "back 7+")
    dropped = [class_of(token) for token in left[cut:]]
    if back:
        if plain(left[cut]) == first:
            names.append("same word")
            if first not in [plain(token) for token in left[cut + 1 :]]:
                names.append("same word latest")
            if back > 1 and len(right) > 1 and plain(left[cut + 1]) == plain(right[1]):
                names.append("same second")
        if dropped[0] == kind:
            names.append("same class")
        names += [f"{dropped[0]} starts", f"{kind} repairs {'1' if back == 1 else '2+'}"]
        if back == 1 and len(first) > 3 and plain(left[cut])[-2:] == first[-2:]:
            names.append("same ending")
        if cut:
            names += [f"crosses {name}" for name in ("wh", "preposition", "auxiliary") if name in dropped[1:]]
    if cut == 0 and kind in ("wh", "auxiliary"):
        names.append(f"to {kind} all")
    if cut and kind == "wh":
        names.append("right wh not all")
    if cut == 0 and len(cue) > 2:
        names.append("long cue all")
    if cut == 0 and any(class_of(token) == "wh" for token in right[1:]):
        names.append("wh in right all")
    if cut == 0 and cue[-2:] == ["tell", "me"]:
        names.append("imperative all")
    if cut and class_of(left[cut - 1]) in ("determiner", "preposition", "auxiliary", "wh"):
        names.append("within function before")
        if class_of(left[cut - 1]) == kind:
            names.append("class before same")
    if cut and plain(left[cut - 1]) == first:
        names.append("doubled")
    if len(right) == 1 and back == 1:
        names.append("right short")
    return tuple(_INDEX[name] for name in names)


def class_of(token: str) -> str:
    """The kind of a word, one of wh, auxiliary, determiner, preposition, number, name (capitalised), other."""
    word = plain(token)
    if word in WH or word == "whom":
        return "wh"
    if word in AUXILIARIES:
        return "auxiliary"
    if word in _DETERMINERS:
        return "determiner"
    if word in _PREPOSITIONS:
        return "preposition"
    if word[:1].isdigit():
        return "number"
    return "name" if token[:1].isupper() else "other"
