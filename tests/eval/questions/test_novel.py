"""What is new to models is counted from what they were aligned on; examples are other people's."""

from contextlib import contextmanager

import pytest

from penchant import Comment, Persona, PreferenceSpace, Provenance, Record, RecordError
from penchant.errors import ConfigError
from penchant.eval.bench import Bench
from penchant.eval.questions.base import Inputs
from penchant.eval.questions.novel import EXAMPLES, NOVEL, Novel, after
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel


def record(space: PreferenceSpace, user: str, row: int, about: dict[str, int], phrasing: str = "known") -> Record:
    persona = Persona((Comment("a post", f"{user} says tea", space.direction(about)),))
    texts = (f"{user} {row}?", f"tea {user} {row}", f"milk {user} {row}")
    return Record(
        f"{user}-{row}",
        user,
        *texts,
        persona,
        direction=space.direction(about),
        provenance=Provenance(phrasing=phrasing),
    )


def people(space: PreferenceSpace, about: dict[str, int], *, start: int = 0, phrasing: str = "known") -> list[Record]:
    return [record(space, f"u{start + who}", row, about, phrasing) for who in range(14) for row in range(2)]


def test_records_about_what_somebody_held_are_left_out_and_counted(tiny: PreferenceSpace) -> None:
    known, new = {"humour": -1}, {"length": 1}
    records = people(tiny, new) + people(tiny, known, start=20) + people(tiny, known | new, start=40)
    found = Novel.of(records, people(tiny, known, start=60), tiny)
    assert found.dimensions == ("length",)
    assert found.familiar == 56
    assert len(found.tested) + len(found.examples) == 28
    assert all(one.direction == tiny.direction(new) for one in (*found.tested, *found.examples))


@pytest.mark.parametrize("where", ["golden", "profile", "direction", "evidence"])
def test_whatever_says_that_somebody_held_a_dimension_makes_it_known(tiny: PreferenceSpace, where: str) -> None:
    new = tiny.direction({"length": 1})
    blank = Record("t", "t", "a?", "b", "c", Persona(()))
    parts = {"evidence": Record("t", "t", "a?", "b", "c", Persona((Comment("p", "x", new),)))}
    held = parts.get(where) or Record("t", "t", "a?", "b", "c", Persona(()), **{where: new})
    assert Novel.of(people(tiny, {"length": 1}), [blank], tiny).dimensions == ("length",)
    with pytest.raises(RecordError, match="every dimension that is asked about is held by somebody"):
        Novel.of(people(tiny, {"length": 1}), [blank, held], tiny)


def test_nobody_is_an_example_and_tested_and_examples_take_turns(tiny: PreferenceSpace) -> None:
    records = people(tiny, {"length": 1}) + people(tiny, {"length": -1}, start=20, phrasing="unseen")
    found = Novel.of(records, [], tiny, seed=3)
    shown = [one.user_id for one in found.examples]
    assert len(set(shown)) == 10
    assert shown[:10] == shown[10:]
    assert {one.provenance.phrasing for one in found.examples} == {"known"}
    assert not set(shown) & {one.user_id for one in found.tested}
    assert len(found.tested) == 4 * 2 + 28
    assert found.counts() == [0, 8]
    assert EXAMPLES[0] == 0
    assert [one.record_id for one in Novel.of(records, [], tiny, seed=3).examples] == [
        one.record_id for one in found.examples
    ]
    assert Novel.of(records, [], tiny, seed=4).examples != found.examples


def test_who_was_asked_the_same_pair_is_an_example_too(tiny: PreferenceSpace) -> None:
    records = []
    for who in range(0, 16, 2):
        for user, (chosen, rejected) in ((who, ("tea", "milk")), (who + 1, ("milk", "tea"))):
            direction = tiny.direction({"length": 1 if chosen == "tea" else -1})
            records.append(
                Record(f"r{user}", f"u{user}", f"{who}?", chosen, rejected, Persona(()), direction=direction)
            )
    found = Novel.of(records, [], tiny)
    users = {int(one.user_id[1:]) for one in found.examples}
    assert {user ^ 1 for user in users} == users
    assert found.shared == 0


def test_too_few_people_or_nothing_said_of_a_record_are_refused(tiny: PreferenceSpace) -> None:
    with pytest.raises(RecordError, match="fewer than two people"):
        Novel.of(people(tiny, {"length": 1})[:20], [], tiny)
    with pytest.raises(RecordError, match="record 'x' does not say what it is about"):
        Novel.of([Record("x", "u", "a?", "b", "c", Persona(()))], [], tiny)


def test_adapted_models_stand_beside_models_that_were_never_aligned(tiny: PreferenceSpace) -> None:
    found = Novel.of(people(tiny, {"length": 1}), [], tiny)
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {})
    adapted, unaligned = {"ica": FakeModel(follow=2.0, name="a")}, {"ica": FakeModel(follow=-1.0, name="b")}
    before = {one.label for one in after(bench, found, 0, adapted=adapted, unaligned={})}
    assert {"ica", "ica_raw", "few_shot", "overlap", "longer"} <= before
    rows = {one.label: one for one in after(bench, found, 8, adapted=adapted, unaligned=unaligned)}
    assert {one.persona for one in rows.values()} == {"after 8"}
    assert rows["ica"].margins.tolist() == [2.0] * 8
    assert rows["ica_unaligned"].margins.tolist() == [-1.0] * 8
    assert not {"few_shot", "overlap", "ideal", "longer"} & set(rows)  # they learn nothing from examples
    assert "overlap_unaligned" not in rows
    assert (rows["ica_unaligned"].method, rows["ica_unaligned"].role, rows["ica"].role) == (
        "ica",
        "baseline",
        "personal",
    )


def test_models_adapt_from_the_aligned_ones_and_from_the_base_and_are_let_go(tiny: PreferenceSpace, counted) -> None:
    policies = {"ica": FakeModel(name="ica")}
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), policies)
    steps: list[tuple[str, object, int]] = []

    @contextmanager
    def adapt(sources, examples):
        steps.append(("open", dict(sources), len(examples)))
        yield {name: FakeModel(follow=2.0, name=name) for name in sources}
        steps.append(("close", dict(sources), len(examples)))

    inputs = Inputs(
        records=people(tiny, {"length": 1}),
        space=tiny,
        bench=bench,
        fit_on=[],
        adapt=adapt,
        sources={"ica": "models/ica"},
        base="models/base",
        reporter=counted,
    )
    answer = NOVEL.measure(inputs)
    aligned, unaligned = {"ica": "models/ica"}, {"ica": "models/base"}
    assert steps == [("open", aligned, 8), ("open", unaligned, 8), ("close", unaligned, 8), ("close", aligned, 8)]
    assert answer.measured is not None
    assert {(one.label, one.persona) for one in answer.measured.scored} >= {
        ("ica", "after 0"),
        ("few_shot", "after 0"),
        ("ica", "after 8"),
        ("ica_unaligned", "after 8"),
    }
    assert bench.policies is policies
    assert counted.steps == counted.total
    assert counted.notes[0].startswith("novel: length; 8 pairs are tested, 20 pairs of other people serve as examples")


def test_what_is_missing_or_not_novel_is_said_of_the_settings(tiny: PreferenceSpace) -> None:
    records = people(tiny, {"length": 1})
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), {"ica": FakeModel(name="ica")})
    with pytest.raises(ConfigError, match="trained on with `fit_data`"):
        NOVEL.measure(Inputs(records, tiny, bench))
    with pytest.raises(ConfigError, match="compared with `fit_data`: every dimension that is asked about is held"):
        NOVEL.measure(Inputs(records, tiny, bench, fit_on=records))
    with pytest.raises(ConfigError, match="name the `recipe`"):
        NOVEL.measure(Inputs(records, tiny, bench, fit_on=[]))
