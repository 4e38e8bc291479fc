from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from penchant import Comment, Comparison, Demographics, Direction, Persona, PreferenceSpace, Provenance, Record
from penchant.errors import ConfigError, RecordError
from penchant.eval.bench import Bench, draw_condition
from penchant.eval.measured import Measured
from penchant.eval.rows import Row
from penchant.eval.score import Setting
from penchant.model.fake import FakeModel

ALL = ("ugc", "pair", "demo", "mixed")


class Known:
    """A rule of the simulation that knows every answer from any evidence but a description."""

    noise = 0.1

    def probability(self, record: Record, persona: Persona) -> float:
        return 0.9 if self.covered(record, persona) else 0.5

    def covered(self, record: Record, persona: Persona) -> bool:
        return any(not isinstance(item, Demographics) for item in persona.evidence)


@pytest.fixture
def people(tiny: PreferenceSpace) -> list[Record]:
    """Eight people of two records; one half drinks tea, the other coffee, and says so in a comment."""
    records = []
    for person in range(8):
        mine, other = ("tea", "coffee") if person % 2 else ("coffee", "tea")
        golden = tiny.direction({"humour": 1 if person % 2 else -1})
        evidence = (
            Comment("a post", f"give me {mine}", golden),
            Comparison("a post", "yes", "no", golden),
            Demographics("a person", golden),
        )
        records += [
            Record(f"r{person}{i}", f"u{person}", "drink?", mine, other, Persona(evidence), golden=golden)
            for i in range(2)
        ]
    return records


@pytest.fixture
def bench(tiny: PreferenceSpace):
    def build(policies: Sequence[str] = ("ica",), *, follow: float = 2.0, **changes: object) -> Bench:
        models = {name: FakeModel(follow=follow, name=name) for name in policies}
        return Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), models, **changes)

    return build


def rows(made: Bench, records: Sequence[Record], personas: Sequence[str]) -> list[Row]:
    return Measured(made.setting, tuple(made.score(records, personas))).rows()


def find(rows: Sequence[Row], method: str, persona: str) -> Row:
    (row,) = [row for row in rows if (row.label, row.persona, row.attribute) == (method, persona, "all")]
    return row


def test_a_policy_that_follows_the_persona_finds_a_planted_preference(bench, people) -> None:
    found = rows(bench(), people, ["ugc"])
    assert find(found, "ica", "ugc").accuracy == 1
    assert find(found, "ica", "ugc").ci95 == (pytest.approx(0.68, abs=0.01), 1)
    assert find(found, "ica", "none").accuracy == 0.5
    # a cyclic shift over eight people: whoever gets a like-minded donor is still right, so compare with the truth
    assert find(found, "ica", "shuffled").accuracy < 1


def test_ties_count_one_half_and_are_reported(bench, people) -> None:
    row = find(rows(bench(), people, ["ugc"]), "few_shot", "ugc")
    assert (row.accuracy, row.ties, row.n, row.users) == (0.5, 16, 16, 8)


def test_the_published_metric_and_its_variants_are_those_computed_by_hand(bench, tiny) -> None:
    golden = tiny.direction({"humour": 1})
    persona = Persona((Comment("a post", "tea", golden),))
    records = [Record(f"r{i}", f"u{i}", "what?", "jokes now", "tea", persona) for i in range(2)]
    made = bench(("ica", "pba"), follow=0.0)
    made.policies["ica"].weights = {"jokes": -0.75, "now": -0.75, "tea": -1.0}
    made.policies["pba"].weights = {"now": 0.0}
    made.reference = FakeModel({"now": -1.5}, follow=1.0)
    found = rows(made, records, ["ugc"])
    # reference under the history, where "tea" stands: chosen -2.5 of 2 tokens, rejected 0 of 1
    # reference under the directions, where "jokes" stands: chosen -1.5, rejected -1
    expected = {
        "ica": -0.5 + 2.5,
        "ica_same_prompt": -0.5 + 2.5,
        "ica_raw": -1.5 + 1.0,
        "ica_normalised": (-0.75 + 1.0) - (-1.25 - 0.0),
        "pba": 0.0 + 2.5,
        "pba_same_prompt": 0.0 + 0.5,
        "pba_raw": 0.0,
        "pba_normalised": (-0.5 + 1.0) - (-1.25 - 0.0),
        "few_shot": -2.5,
    }
    condition = draw_condition(records, "ugc", seed=0)
    from penchant.method import METHODS

    for name in ("ica", "pba"):
        for one in made._readings(METHODS[name], condition, None):
            assert one.margins.tolist() == pytest.approx([expected[one.label]] * 2), one.label
    for name, margin in expected.items():
        row = find(found, name, "ugc")
        assert row.accuracy == (1.0 if margin > 0 else 0.0 if margin < 0 else 0.5), name


@pytest.mark.parametrize("golden", [True, False])
@pytest.mark.parametrize("personas", [ALL, ("ugc",), ("mixed", "demo")])
@pytest.mark.parametrize("policies", [(), ("ica",), ("pba",), ("ica", "pba")])
def test_the_passes_foretold_are_the_passes_made(bench, people, policies, personas, golden: bool) -> None:
    done: list[str] = []
    made = bench(policies, golden=golden, done=done.append)
    rows(made, people, personas)
    calls = made.reference.calls + sum(model.calls for model in made.policies.values())
    assert len(done) == calls == made.passes(personas)


def test_the_reference_is_asked_once_per_setting_and_content(bench, people) -> None:
    made = bench(("ica", "pba"))
    rows(made, people, ALL)
    # history and directions, under four settings and somebody else's persona; and the bare prompt once
    assert made.reference.calls == 2 * 5 + 1
    assert {name: model.calls for name, model in made.policies.items()} == {"ica": 6, "pba": 6}


def test_a_second_run_shares_nothing_with_the_first(bench, people) -> None:
    made = bench()
    rows(made, people, ["ugc"])
    turned = [replace(record, chosen=record.rejected, rejected=record.chosen) for record in people]
    assert find(rows(made, turned, ["ugc"]), "ica", "ugc").accuracy == 0


def test_what_the_budget_leaves_out_is_counted_over_all_passes(bench, people) -> None:
    comments = [replace(r, persona=Persona(r.persona.of(Comment))) for r in people]
    system = 'You are talking with somebody. The notes are about them. Answer them directly and say "you".'
    bare = len(f"{system} <notes> </notes> drink?".split())
    made = bench(max_prompt_tokens=bare)
    rows(made, comments, ["ugc"])
    # the one comment, for policy and reference, under ugc and shuffled
    assert made.dropped == 2 * 2 * len(people)
    rows(made, comments, ["ugc"])
    assert made.dropped == 2 * 2 * len(people)


def test_limits_are_printed_where_the_rule_is_known_and_nowhere_else(bench, people) -> None:
    found = rows(bench(("pba",), rule=Known(), golden=True), people, ["ugc", "demo"])
    assert find(found, "ideal", "ugc").accuracy == 1
    assert find(found, "ideal", "ugc").ceiling == pytest.approx(0.9)
    assert find(found, "coverage", "ugc").accuracy == pytest.approx(0.9)
    assert find(found, "coverage", "demo").accuracy == 0.5
    assert find(found, "pba", "demo").ceiling == 0.5
    assert find(found, "pba_golden", "mixed").ceiling == pytest.approx(0.9)
    assert find(found, "pba", "shuffled").ceiling == 0.5
    unknown = rows(bench(("pba",)), people, ["ugc"])
    assert {row.ceiling for row in unknown} == {None}
    assert {"ideal", "coverage", "pba_golden"}.isdisjoint({row.label for row in unknown})


def test_golden_directions_reach_the_model_only_in_their_own_rows(bench, people, tiny) -> None:
    liked = {1: "jokes", -1: "dislikes"}
    records = [
        replace(r, chosen=liked[r.golden.sign("humour")], rejected=liked[-r.golden.sign("humour")]) for r in people
    ]
    blank = [
        replace(r, persona=Persona(tuple(replace(i, direction=tiny.direction()) for i in r.persona.evidence)))
        for r in records
    ]
    found = rows(bench(("pba",), golden=True, rule=Known()), blank, ["mixed"])
    assert find(found, "pba", "mixed").accuracy == 0.5
    assert find(found, "pba_golden", "mixed").accuracy > 0.5


def test_drawn_directions_average_doubt_away_and_leave_certainty_alone(bench, people, tiny) -> None:
    liked = {1: "jokes", -1: "dislikes"}
    records = [
        replace(r, chosen=liked[r.golden.sign("humour")], rejected=liked[-r.golden.sign("humour")]) for r in people
    ]

    def doubtful(persona: Persona) -> Persona:
        """The same, read as good as not at all: nothing is told, and a side drawn is a coin."""
        return Persona(tuple(replace(i, direction=faint(i.direction)) for i in persona.evidence))

    def faint(direction):
        return (
            None if direction is None else Direction(tiny, direction.signs, np.where(direction.signs != 0, 1e-6, 1.0))
        )

    made = bench(("pba",), draws=64, believed=doubtful)
    scored = {(one.label, one.persona): one.margins for one in made.score(records, ["ugc"])}
    sure = {(one.label, one.persona): one.margins for one in bench(("pba",), draws=64).score(records, ["ugc"])}
    assert not scored["pba", "ugc"].any()
    point, drawn, faintly = sure["pba", "ugc"], sure["pba_drawn", "ugc"], scored["pba_drawn", "ugc"]
    assert drawn.mean() > 0.7 * point.mean() > 0
    assert abs(faintly.mean()) < 0.3 * drawn.mean()
    # one person's records share their draws
    assert (scored["pba_drawn", "ugc"][::2] == scored["pba_drawn", "ugc"][1::2]).all()


def test_every_pass_is_announced(bench, people) -> None:
    done: list[str] = []
    made = bench(("ica", "pba"), draws=3, golden=True, done=done.append)
    rows(made, people, ["ugc", "mixed"])
    assert len(done) == made.passes(["ugc", "mixed"])


def test_a_mixed_draw_is_the_same_for_all_records_of_a_person(people) -> None:
    condition = draw_condition(people, "mixed", seed=3)
    assert all(condition.personas[i] == condition.personas[i + 1] for i in range(0, len(people), 2))
    assert len({len(persona) for persona in condition.personas}) > 1


def test_what_is_believed_is_worked_out_once_for_all_who_are_shown_and_stated_alike(bench, people, tiny) -> None:
    asked: list[Persona] = []

    def believed(persona: Persona) -> Persona:
        asked.append(persona)
        return persona

    made = bench(("pba",), believed=believed)
    condition = draw_condition(people, "ugc", seed=0)
    alone = [
        made.prompts("pba", replace(condition, records=(r,), personas=(p,)))[0]
        for r, p in zip(people, condition.personas, strict=True)
    ]
    asked.clear()
    assert made.prompts("pba", condition) == alone
    # eight people, of whom half write just the same
    assert len(asked) == 2
    stated = [replace(record, profile=tiny.direction({"length": 1})) for record in people[:4]]
    asked.clear()
    mixed = [*people[:4], *stated]
    told = [prompt.messages[-1].content for prompt in made.prompts("pba", draw_condition(mixed, "ugc", seed=0))]
    assert len(asked) == 4
    assert told[0] != told[4] == told[7] != told[3]


def test_shuffled_personas_are_never_the_persons_own_also_without_user_ids(people) -> None:
    told = [replace(r, persona=Persona((Comment("", f"I am {r.record_id}"),)), user_id=None) for r in people]
    condition = draw_condition(told, "shuffled", seed=0)
    for record, persona in zip(told, condition.personas, strict=True):
        assert persona != record.persona
        assert len(persona) == 1


def test_one_person_alone_is_refused_before_any_pass(bench, people) -> None:
    made = bench()
    with pytest.raises(RecordError, match="at least two people"):
        rows(made, people[:2], ["ugc"])
    assert made.reference.calls == 0


def test_subsets_of_the_records_get_rows_of_their_own(bench, people) -> None:
    halves = [
        replace(r, provenance=Provenance(attribute="even" if i % 2 else "odd", phrasing="known"))
        for i, r in enumerate(people)
    ]
    found = [row for row in rows(bench(), halves, ["ugc"]) if row.label == "ica" and row.persona == "ugc"]
    assert {(row.attribute, row.phrasing, row.n) for row in found} == {
        ("all", "known", 16),
        ("even", "known", 8),
        ("odd", "known", 8),
    }
    assert np.allclose([row.accuracy for row in found], 1)


def test_what_is_aligned_to_everybody_is_told_of_nobody_and_compared_with_the_plain_prompt(people, bench) -> None:
    made = bench(("ica", "universal"))
    seen: list[str] = []
    made.done = seen.append
    found = rows(made, people, ["ugc"])
    assert len(seen) == made.passes(["ugc"])
    assert find(found, "ica", "ugc").accuracy == 1
    assert find(found, "universal", "ugc").accuracy == 0.5
    assert {row.label for row in found if row.method == "universal"} == {"universal", "universal_raw"}
    alone = bench(("universal",))
    seen.clear()
    alone.done = seen.append
    rows(alone, people, ["ugc", "mixed"])
    assert len(seen) == alone.passes(["ugc", "mixed"])


def test_without_a_base_controls_and_limits_are_measured_and_no_model_is_asked(people, tiny) -> None:
    made = Bench(Setting("d", "user_first", 0), "user_first", tiny, None, rule=Known())
    scores = made.score(people, ["ugc"])
    assert made.passes(["ugc"]) == made.passes_per_condition() == 0
    assert {one.label for one in scores} == {"longer", "habit", "overlap", "style", "ideal", "coverage", "chance"}
    with pytest.raises(ConfigError, match="there is no base to compare with; name it with `base`"):
        made.model("few_shot")


def test_decoders_of_the_base_are_measured_with_its_evidence_and_with_anothers(bench, people) -> None:
    made = bench(decoders={"judge": FakeModel(follow=2.0, name="judge")})
    found = rows(made, people, ["ugc", "mixed"])
    assert find(found, "judge", "ugc").accuracy == 1
    assert find(found, "judge", "shuffled").accuracy < 1
    assert find(found, "judge", "ugc").role == "untrained"
    seen: list[str] = []
    made.done = seen.append
    made.score(people, ["ugc", "mixed"])
    assert len(seen) == made.passes(["ugc", "mixed"])
