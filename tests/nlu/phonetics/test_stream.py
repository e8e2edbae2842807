"""The wide part: features of the phone stream, words and characters, and its fit."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.phonetics.stream import Grams, WideStream, collate, parse_phones, read_phones, respell

LINE = "W.AH.T. .IH.Z. .AH. "


def test_a_line_is_parsed_into_segments(tmp_path: Path) -> None:
    assert parse_phones(LINE) == [("W", "AH", "T"), ("IH", "Z"), ("AH",)]
    assert parse_phones("") == []
    path = tmp_path / "ph.txt"
    path.write_text(f"{LINE}\nW.QQ. \n")
    with pytest.raises(ValueError, match=r"ph\.txt:2: 'QQ' is no ARPAbet phone"):
        read_phones(path)
    assert respell("what is") == [("W", "AH", "T"), ("IH", "Z")]


def test_features_are_normalised_by_kind_and_know_no_phones_too() -> None:
    grams = Grams(2**12).fit([(parse_phones(LINE), "what is a"), (respell("who is"), "who is")])
    ids, weights = grams.features(parse_phones(LINE), "what is a")
    assert ids.dtype == np.int64 and weights.dtype == np.float32 and len(ids) == len(weights)
    assert float((weights**2).sum()) == pytest.approx(4, rel=1e-4)
    assert float((grams.features([], "what is")[1] ** 2).sum()) == pytest.approx(2, rel=1e-4)
    empty = grams.features([], "")
    assert empty[0].tolist() == [0] and empty[1].tolist() == [0.0]


def test_a_fit_is_deterministic_alone_as_in_a_batch_and_learns() -> None:
    torch.manual_seed(0)
    texts = ["play some jazz", "play a song", "what time is it", "tell me the time"] * 3
    labels = torch.tensor([0, 0, 1, 1] * 3)

    def fitted() -> WideStream:
        model = WideStream(2, buckets=2**12)
        model.grams.fit((respell(text), text) for text in texts)
        return model.fit([model.features(respell(text), text) for text in texts], labels, penalty=1e-3, rounds=20)

    model, again = fitted(), fitted()
    assert torch.equal(model.table.weight, again.table.weight)
    features = [model.features(respell(text), text) for text in ("play the jazz", "", "the time")]
    with torch.no_grad():
        together = model(*collate(features))
        assert together.argmax(1).tolist()[0::2] == [0, 1]
        for row, item in enumerate(features):
            assert torch.allclose(model(*collate([item]))[0], together[row], atol=1e-6)


def test_it_trains_beside_an_encoder() -> None:
    model = WideStream(3, buckets=64)
    items = [model.features(respell(text), text) for text in ("one", "two three")]
    deep = torch.zeros(2, 3)
    loss = torch.nn.functional.cross_entropy(deep + model(*collate(items)), torch.tensor([2, 0]))
    loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
    assert model.table.weight.grad is not None and float(model.table.weight.grad.abs().sum()) > 0
    assert float(loss.detach()) == pytest.approx(np.log(3), abs=1e-5)
