"""The joint model end to end on a handful of sentences."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.backbone import Backbone
from nlu.data import Row, Span
from nlu.joint.examples import UNKNOWN, Example, Labels, collate, flags_of, prepare, spans_of, tags_of
from nlu.joint.gazetteer import Gazetteer
from nlu.joint.model import JointModel, Options
from nlu.joint.noise import noisy_copies
from nlu.joint.predict import embeddings, frame_of, predict
from nlu.joint.sentence_contrast import SentencePlan, draw, negatives_of, sentence_loss, tune
from nlu.joint.store import load, save
from nlu.joint.train import Plan, Trainer, type_counts

CITIES, DAYS = ("rome", "new york", "paris", "oslo"), ("monday", "friday", "sunday", "tuesday")


def spoken(template: str, intent: str, **values: str) -> Row:
    text, spans = "", []
    for word in template.split():
        text += " " if text else ""
        if word.startswith("$"):
            spans.append(Span(word[1:], len(text), len(text) + len(values[word[1:]])))
            word = values[word[1:]]
        text += word
    return Row(text, intent, tuple(spans), "test", text)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    out = []
    for city, day in zip(CITIES, DAYS, strict=True):
        out += [
            spoken("fly me to $city on $day", "travel_flight", city=city, day=day),
            spoken("will it rain in $city $day", "weather_query", city=city, day=day),
            spoken("what is on for $day", "calendar_query", day=day),
        ]
    return out


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone()


@pytest.fixture(scope="module")
def labels(rows: list[Row]) -> Labels:
    return Labels.of_rows(rows)


@pytest.fixture(scope="module")
def examples(backbone: Backbone, rows: list[Row], labels: Labels) -> list[Example]:
    return prepare(backbone, rows, labels)


def shallow() -> Backbone:
    """A third of the trainable layers: enough for what is tested here."""
    made = Backbone()
    made.layers = made.layers[:1]
    return made


def fresh(labels: Labels, options: Options, seed: int = 0) -> JointModel:
    torch.manual_seed(seed)
    return JointModel(shallow(), labels, options)


def test_tags_and_spans_are_inverse(examples: list[Example], labels: Labels) -> None:
    for example in examples:
        assert spans_of(example.tags.tolist(), example.words, labels.types) == example.row.spans
    unannotated = replace(examples[0].row, spans=None)
    assert set(tags_of(unannotated, examples[0].words, {"city": 0, "day": 1}).tolist()) == {UNKNOWN}


def test_flags_cover_all_pieces_of_a_word(backbone: Backbone, labels: Labels) -> None:
    row = Row("fly to llanfairpwll today", "travel_flight", (), "test")
    example = prepare(backbone, [row], labels)[0]
    batch = collate([example], flags_of([example], Gazetteer({"city": ["Llanfairpwll"]}), None), [0])
    first, after = example.words.rows[2], example.words.rows[3]
    assert after - first > 1
    assert batch.flags[0, :, 0].nonzero()[:, 0].tolist() == list(range(first, after))


@pytest.mark.parametrize("kind", ["flag", "typed"])
def test_a_new_gazetteer_changes_nothing_before_training(labels: Labels, examples: list[Example], kind: str) -> None:
    model = fresh(labels, Options(gazetteer=kind))  # type: ignore[arg-type]
    plain = predict(model, examples)
    assert predict(model, examples, Gazetteer({"city": list(CITIES)})) == plain


def test_learns(rows: list[Row], labels: Labels, examples: list[Example]) -> None:
    model = fresh(labels, Options(gazetteer="typed", contrast="gaussian", negatives="boundary", guard=5.0))
    model.counts.copy_(type_counts(examples, labels))
    plan = Plan(steps=16, batch=16, rate=3e-4, head_rate=1e-2, noisy=0.25, evaluations=2)
    heard = {row.origin: [row.text.replace("on", "an")] for row in rows}
    copies = prepare(model.backbone, noisy_copies(rows, heard, 0.0, 0), labels)
    history = Trainer(model, examples, examples, plan, Gazetteer.of_rows(rows), copies).run()
    assert history.steps == 16 and history.dev[-1] < 0.15
    assert set(history.losses[0]) == {"intent", "tags", "entities"}
    assert history.losses[-1]["tags"] < history.losses[0]["tags"]


def test_comes_back_from_disk_with_lists_that_may_change(
    tmp_path: Path, rows: list[Row], labels: Labels, examples: list[Example]
) -> None:
    torch.manual_seed(0)
    model = JointModel(Backbone(), labels, Options(gazetteer="typed"))
    torch.nn.init.normal_(model.gazetteer, 1.0, 0.5)
    gazetteer = Gazetteer.of_rows(rows)
    found = predict(model, examples, gazetteer)
    save(model, tmp_path, gazetteer)
    again, lists = load(tmp_path)
    assert lists is not None and lists.values() == gazetteer.values()
    assert predict(again, examples, lists) == found
    # The lists may change without training: only vectors of newly listed words move.
    other = Gazetteer(gazetteer.values() | {"city": [*gazetteer.values()["city"], "on"]})
    before, after = (embeddings(again, examples[:1], one)[0] for one in (lists, other))
    moved = np.abs(before - after).max(1) > 1e-6
    assert [word for word, changed in zip(examples[0].texts, moved, strict=True) if changed] == ["on"]
    torch.save({}, tmp_path / "joint.pt")
    with pytest.raises(ValueError, match="lacks"):
        load(tmp_path)


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path: Path, labels: Labels, examples: list[Example]) -> None:
    plan = Plan(steps=6, batch=6, evaluations=3)
    whole = fresh(labels, Options(contrast="gaussian"))
    Trainer(whole, examples, examples, plan).run()
    broken = fresh(labels, Options(contrast="gaussian"))

    def stop(_: int, __: dict[str, float]) -> None:
        if trainer.history.steps == 5:
            raise KeyboardInterrupt

    trainer = Trainer(broken, examples, examples, plan, folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(stop)
    resumed = fresh(labels, Options(contrast="gaussian"), seed=9)
    history = Trainer(resumed, examples, examples, plan, folder=tmp_path).run()
    assert history.steps == 6
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(ValueError, match="another plan"):
        Trainer(resumed, examples, examples, replace(plan, seed=1), folder=tmp_path).run()


def test_patience_ends_training_and_the_best_state_stays(labels: Labels, examples: list[Example]) -> None:
    model = fresh(labels, Options())
    plan = Plan(steps=12, batch=6, rate=0.0, head_rate=0.0, evaluations=12, patience=2)
    history = Trainer(model, examples, examples, plan).run()
    assert len(history.dev) == 3 and len(set(history.dev)) == 1


def test_a_sentence_reads_the_same_alone(labels: Labels, examples: list[Example]) -> None:
    model = fresh(labels, Options())
    together = predict(model, examples)
    assert [predict(model, [example])[0] for example in examples] == together


def test_sentences_without_annotation_only_teach_intents(backbone: Backbone, labels: Labels, rows: list[Row]) -> None:
    model = fresh(labels, Options(contrast="gaussian"))
    bare = prepare(backbone, [replace(row, spans=None) for row in rows[:3]], labels)
    batch = collate(bare, flags_of(bare, None, None), [0] * 3)
    parts = model.loss(batch, model(batch))
    assert float(parts["intent"].detach()) > 0
    assert float(parts["tags"].detach()) == float(parts["entities"].detach()) == 0


@pytest.mark.parametrize("options", [
    Options(contrast="point"), Options(contrast="gaussian", negatives="all"),
    Options(contrast="gaussian", cross=True), Options(contrast="gaussian", guard=10.0),
])  # fmt: skip
def test_every_variant_has_gradients(labels: Labels, examples: list[Example], options: Options) -> None:
    model = fresh(labels, options)
    model.counts.copy_(type_counts(examples, labels))
    batch = collate(examples[:6], flags_of(examples[:6], None, None), [0, 0, 0, 1, 1, 1])
    parts = model.loss(batch, model(batch))
    assert float(parts["entities"].detach()) > 0
    torch.autograd.backward(parts["entities"])
    grads = [p.grad for p in model.backbone.parameters() if p.grad is not None]
    assert grads and all(bool(torch.isfinite(grad).all()) for grad in grads)


def test_bad_plans_are_refused(labels: Labels, examples: list[Example]) -> None:
    model = fresh(labels, Options())
    for plan, copies, message in (
        (Plan(1, noisy=0.2), None, "copies"),
        (Plan(1, noisy=0.8), examples, "noisy"),
        (Plan(1, noisy=0.2), examples[:1], "1 recognised"),
    ):
        with pytest.raises(ValueError, match=message):
            Trainer(model, examples, examples, plan, copies=copies)
    with pytest.raises(ValueError, match="no training sentence"):
        Labels.of_rows([Row("a", "b", None, "t")])
    with pytest.raises(FileNotFoundError, match=r"joint\.json"):
        load(Path("absent"))


def test_noisy_copies_keep_entities_on_their_words(rows: list[Row]) -> None:
    heard = {rows[0].origin: ["fly me too rome on moon day"]}
    copies = noisy_copies(rows, heard, 0.0, 0)
    first = copies[0]
    assert first.text == "fly me too rome on moon day"
    assert next(first.text[s.start : s.end] for s in first.spans or ()) == "rome"
    assert copies[1].text == rows[1].text and len(copies) == len(rows)
    assert noisy_copies(rows, heard, 0.4, 5) == noisy_copies(rows, heard, 0.4, 5)


def test_sentence_contrast_draws_pairs_and_near_negatives() -> None:
    rng = np.random.default_rng(0)
    intents = ["a_x", "a_x", "a_y", "a_y", "b_z", "b_z", "c_lonely"]
    domains = [name[0] for name in intents]
    chosen = draw(intents, domains, SentencePlan(size=8, domains=2), rng)
    assert len(chosen) == 8 and 6 not in chosen
    assert all(intents[a] == intents[b] and a != b for a, b in zip(chosen[::2], chosen[1::2], strict=True))
    found = negatives_of(0, intents, domains, 3, rng)
    assert set(found[:2]) == {2, 3} and found[2] in (4, 5, 6)
    with pytest.raises(ValueError, match="two sentences"):
        draw(["a", "b"], ["a", "b"], SentencePlan(), rng)


def test_sentence_loss_by_hand() -> None:
    vectors = torch.tensor([[1.0, 0], [0.8, 0.6], [0, 1.0]])
    negatives = torch.tensor([[False, False, True]] + [[False] * 3] * 2)
    found = sentence_loss(vectors, torch.tensor([1, 0, 0]), negatives, 0.5)
    assert float(found) == pytest.approx(float(np.log(np.exp(1.6) + np.exp(0.0)) - 1.6), rel=1e-5)


def test_tuning_brings_intents_together(rows: list[Row], examples: list[Example]) -> None:
    backbone, losses = shallow(), list[float]()
    intents = [row.intent for row in rows]
    plan = SentencePlan(steps=12, size=12, rate=1e-4)
    tune(backbone, [e.states for e in examples], intents, [i.split("_")[0] for i in intents], plan, 0, losses.append)
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_frames_compare_values_in_lower_case(examples: list[Example]) -> None:
    assert frame_of(examples[0].row).slots == (("city", "rome"), ("day", "monday"))
