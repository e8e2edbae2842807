"""A small Rasa project: DIET on the sentences of the benchmark's own mix, one response for each intent."""

from __future__ import annotations

from pathlib import Path

from benchmarks.turns.sentences import SCRIPTS, UNMATCHED, Sentences

_SEED = 977  # other fillers than the measured sentences have
_EXAMPLES = 40  # of each intent
_PIPELINE = """\
recipe: default.v1
assistant_id: turn-benchmark
language: en
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: 100
  constrain_similarities: true
  random_seed: 20
- name: FallbackClassifier
  threshold: 0.3
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
_ENDPOINTS = """\
tracker_store:
  type: SQL
  dialect: sqlite
  db: tracker.db
"""


def write(folder: Path) -> dict[str, int]:
    """Write the project; returns how many intents and examples it has."""
    sentences = Sentences(_SEED)
    examples = {intent: _drawn(sentences, intent) for intent in SCRIPTS}
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    nlu = ['version: "3.1"', "nlu:"]
    for intent, texts in examples.items():
        nlu += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts)]
    rules = ['version: "3.1"', "rules:"]
    for intent in [*examples, "nlu_fallback"]:
        rules += [f"- rule: {intent}", "  steps:", f"  - intent: {intent}", f"  - action: utter_{intent}"]
    domain = ['version: "3.1"', "intents:", *(f"- {intent}" for intent in examples), "responses:"]
    for intent in [*examples, "nlu_fallback"]:
        domain += [f"  utter_{intent}:", f'  - text: "Done: {intent}."']
    domain += ["session_config:", "  session_expiration_time: 60", "  carry_over_slots_to_new_session: true"]
    files = {
        "data/nlu.yml": nlu, "data/rules.yml": rules, "domain.yml": domain, "config.yml": [_PIPELINE],
        "credentials.yml": ["rest:"], "endpoints.yml": ["{}"], "endpoints-sql.yml": [_ENDPOINTS],
    }  # fmt: skip
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"intents": len(examples), "examples": sum(map(len, examples.values())), "unmatched": len(UNMATCHED)}


def _drawn(sentences: Sentences, intent: str) -> list[str]:
    texts: list[str] = []
    while len(texts) < _EXAMPLES:
        texts += sentences.script(intent)
    return texts[:_EXAMPLES]
