"""Turning directions, with models whose answers follow what their prompt says."""

from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Persona, PreferenceSpace, Record
from penchant.errors import RecordError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.control import CONTROL, Control, Share, control, lines, passes, section
from penchant.eval.score import Setting
from penchant.infer.fake import FakeAnnotator
from penchant.model.base import Candidates, Likelihood, Sampling, Written
from penchant.model.fake import FakeModel
from penchant.space import Direction

LIKES, DISLIKES = "Likes jokes", "Dislikes jokes"


class Obedient(FakeModel):
    """Prefers the answer "funny" where its prompt says that jokes are liked, "dry" where disliked; knows no depth."""

    def logprobs(self, batch: list[Candidates]) -> list[tuple[Likelihood, ...]]:
        told = []
        for one in batch:
            text = "\n".join(message.content for message in one.messages)
            lean = (-1.0 if DISLIKES in text else 1.0) * (LIKES in text or DISLIKES in text)
            told.append(tuple(Likelihood(lean if answer == "funny" else -lean, 1) for answer in one.answers))
        return told


@pytest.fixture
def records(tiny: PreferenceSpace) -> list[Record]:
    """Two couples of twins, asked one pair about humour in mirror, and one about depth that nobody can decide."""
    found = []
    for person in range(4):
        sign = 1 if person % 2 else -1
        golden = tiny.direction({"humour": sign})
        chosen, rejected = ("funny", "dry") if sign > 0 else ("dry", "funny")
        persona = Persona((Comment("a post", "as I am", golden),))
        about = tiny.direction({"humour": sign})
        prompt = f"couple {person // 2}"
        found.append(Record(f"h{person}", f"u{person}", prompt, chosen, rejected, persona, about, golden=golden))
    return found


def bench(space: PreferenceSpace, policies: dict[str, FakeModel]) -> Bench:
    return Bench(Setting("d", "user_first", 0), "user_first", space, FakeModel(name="reference"), policies)


def test_a_model_that_obeys_turns_with_the_direction_and_is_right_both_ways(tiny, records) -> None:
    made = bench(tiny, {"pba": Obedient(name="pba")})
    seen: list[str] = []
    made.done = seen.append
    true, believed = control(made, records)
    assert len(seen) == passes(made, records)
    assert (true.directions, believed.directions) == ("true", "believed")
    for found in (true, believed):
        assert found.accuracy == 1
        assert found.flipped is not None
        assert (found.flipped.value, found.flipped.ci95[1], found.flipped.n) == (1, 1, 4)
        assert found.both_right is not None
        assert found.both_right.value == 1
        assert found.followed is not None
        assert (found.followed.value, found.followed.n) == (1, 4)
        assert found.unaffected is None  # every pair is about the one direction that these people hold


def test_a_model_that_ignores_directions_is_seen_to(tiny, records) -> None:
    found = control(bench(tiny, {"pba": FakeModel(name="pba")}), records)[0]
    assert found.flipped is not None
    assert found.both_right is not None
    assert (found.flipped.value, found.both_right.value) == (0, 0)


def test_a_pair_about_something_else_is_to_stay_as_it_was(tiny, records) -> None:
    depth = [
        Record(
            f"d{i}", r.user_id, f"depth {i}", "funny", "dry", r.persona, tiny.direction({"depth": 1}), golden=r.golden
        )
        for i, r in enumerate(records)
    ]
    found = control(bench(tiny, {"pba": Obedient(name="pba")}), [*records, *depth])[0]
    assert found.unaffected is not None
    assert (found.unaffected.value, found.unaffected.n) == (0, 4)  # it speaks of jokes whatever it is asked
    assert found.followed is not None
    assert found.followed.n == 4


def test_without_stated_directions_opposite_people_are_to_be_told_apart(tiny, records) -> None:
    told = [
        Record(r.record_id, r.user_id, r.prompt, r.chosen, r.rejected, Persona((Comment("p", say),)), r.direction)
        for r in records
        for say in [LIKES if r.chosen == "funny" else DISLIKES]
    ]
    made = bench(tiny, {"ica": Obedient(name="ica")})
    (found,) = control(made, told)
    assert (found.directions, found.flipped, found.unaffected) == ("evidence", None, None)
    assert found.opposite_people is not None
    assert (found.opposite_people.value, found.opposite_people.n) == (1, 2)
    (blind,) = control(bench(tiny, {"ica": FakeModel(name="ica")}), told)
    assert blind.opposite_people is not None
    assert blind.opposite_people.value == 0


def test_nothing_to_turn_is_an_error_that_says_what_to_do(tiny, records) -> None:
    blank = [
        Record(r.record_id, r.user_id, r.prompt, r.chosen, r.rejected, Persona((Comment("p", "x"),))) for r in records
    ]
    with pytest.raises(
        RecordError, match="nothing is believed of anybody, so nothing can be turned; name an `annotator`"
    ):
        control(bench(tiny, {"pba": FakeModel(name="pba")}), blank)


def test_people_of_whom_nothing_is_believed_are_left_out_and_counted(tiny, records) -> None:
    blank = [replace(r, persona=Persona((Comment("p", "x"),))) if r.task == "couple 1" else r for r in records]
    true, believed = control(bench(tiny, {"pba": Obedient(name="pba")}), blank)
    assert (true.flipped.n, true.nothing_believed) == (4, 0)
    assert (believed.flipped.n, believed.nothing_believed, believed.flipped.value) == (2, 2, 1)


def test_what_cannot_be_known_about_a_pair_is_not_counted(tiny, records) -> None:
    unlabelled = [
        Record(r.record_id, r.user_id, r.prompt, r.chosen, r.rejected, r.persona, None, golden=r.golden)
        for r in records
    ]
    found = control(bench(tiny, {"pba": Obedient(name="pba")}), unlabelled)[0]
    assert found.flipped is not None
    assert (found.unaffected, found.followed) == (None, None)
    assert np.isfinite(found.flipped.value)
    assert isinstance(unlabelled[0].golden, Direction)


class Writer(Obedient):
    """Writes "funny" where its prompt says that jokes are liked, "dry" where disliked; to couple 1 it says nothing."""

    def write(self, prompts, settings: Sampling) -> list[Written]:
        texts = ["\n".join(message.content for message in one) for one in prompts]
        answers = ["" if "couple 1" in text else "dry" if DISLIKES in text else "funny" for text in texts]
        return [Written(answer, 1, 1, "stop") for answer in answers]


@pytest.mark.parametrize(("writer", "share"), [(Writer, 1.0), (Obedient, None)])
def test_what_is_written_turns_where_a_side_is_read_in_it(tiny, records, writer, share) -> None:
    said = {"funny": tiny.direction({"humour": 1}), "dry": tiny.direction({"humour": -1})}

    def read(prompts: list[str], texts: list[str]) -> list[Direction | None]:
        assert len(prompts) == len(texts) == 4
        return [said.get(text) for text in texts]

    true, believed = control(bench(tiny, {"pba": writer(name="pba")}), records, read)
    for found in (true, believed):
        assert found.texts_silent == (2 if share else 4)
        assert (found.texts_turned and (found.texts_turned.value, found.texts_turned.n)) == (share and (share, 2))


def test_a_text_that_stays_is_counted_as_staying(tiny, records) -> None:
    same = tiny.direction({"humour": 1})
    true, _ = control(bench(tiny, {"pba": Writer(name="pba")}), records, lambda _prompts, texts: [same] * len(texts))
    assert true.texts_turned is not None
    assert (true.texts_turned.value, true.texts_turned.n, true.texts_silent) == (0, 4, 0)


class Broken(Obedient):
    """The same, but for one person's pair, which gives no number."""

    def logprobs(self, batch: list[Candidates]) -> list[tuple[Likelihood, ...]]:
        found = super().logprobs(batch)
        lost = tuple(Likelihood(float("nan"), 1) for _ in range(2))
        return [lost if "couple 1" in one.messages[-1].content else two for one, two in zip(batch, found, strict=True)]


@pytest.mark.parametrize(("method", "share", "left"), [("pba", "flipped", 2), ("ica", "opposite_people", 1)])
def test_margins_that_are_no_numbers_are_counted_and_turn_nothing(tiny, records, method, share, left) -> None:
    found = control(bench(tiny, {method: Broken(name=method)}), records)[0]
    assert (found.not_finite, getattr(found, share).n) == (2, left)
    nothing = [record for record in records if record.task == "couple 1"]
    with pytest.raises(RecordError, match="none of 2 margins is a finite number"):
        control(bench(tiny, {method: Broken(name=method)}), nothing)


def test_what_turns_is_told_in_per_cent_and_what_is_not_known_is_a_dash() -> None:
    one = Control("pba", "true", 0.9, flipped=Share(0.987, (0.97, 1.0), 1050), texts_silent=3, nothing_believed=2)
    page = section({"known": [one]})
    assert page.body[0][:4] == ("pba", "true", "known", "98.7 (97.0–100.0) of 1,050")
    assert set(page.body[0][4:]) == {"–"}
    assert len(page.head) == len(page.body[0])
    assert page.left_out == (
        "pba, true: 2 pairs, as nothing is believed of the person",
        "pba, true: 3 people's written answers, as they take no side",
    )
    both = section({"known": [one], "unseen": [replace(one, not_finite=4)]}).left_out
    assert both[3] == "pba, true, unseen: 4 pairs, as a margin is not a finite number"
    assert list(lines({"known": [one]})) == [
        "wording known; in %, with the 95 % interval over users",
        "  pba, directions: true; right before: 90.0",
        "    left out: 2 pairs, as nothing is believed of the person",
        "    left out: 3 people's written answers, as they take no side",
        "    all directions flipped: decisions that change              98.7 (97.0–100.0) of 1,050",
    ]


def test_the_answer_is_by_wording_and_an_annotator_reads_what_is_written(tiny, records, counted) -> None:
    made = bench(tiny, {"pba": Writer(name="pba"), "ica": Obedient(name="ica")})
    annotator = FakeAnnotator(tiny, {"funny": ("humour", 1), "dry": ("humour", -1)})
    answer = CONTROL.measure(Inputs(records, tiny, made, annotator=annotator, reporter=counted))
    assert counted.total == counted.steps > 0
    assert list(answer.findings) == ["wordings"]
    true, believed, evidence = answer.findings["wordings"]["all"]
    assert [one["directions"] for one in (true, believed, evidence)] == ["true", "believed", "evidence"]
    assert (true["texts_turned"]["value"], true["texts_turned"]["n"], true["texts_silent"]) == (1, 2, 2)
    assert answer.lines[0] == "wording all; in %, with the 95 % interval over users"
    assert answer.section is not None
    assert [row[:2] for row in answer.section.body] == [("pba", "true"), ("pba", "believed"), ("ica", "evidence")]
    silent = CONTROL.measure(Inputs(records, tiny, made))
    assert silent.findings["wordings"]["all"][0]["texts_turned"] is None
