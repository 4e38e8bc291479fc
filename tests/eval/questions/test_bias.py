"""What is printed and what stands on the page about bias, and who can be measured."""

import pytest

from penchant import Comment, Persona, PreferenceSpace, Record
from penchant.errors import ConfigError
from penchant.eval.bench import Bench
from penchant.eval.bias import Changed, Cost, Parity
from penchant.eval.questions.base import Inputs, not_measured
from penchant.eval.questions.bias import BIAS, Bias, lines, section
from penchant.eval.score import Setting
from penchant.infer.fake import FakeAnnotator
from penchant.model.base import Candidates, Likelihood
from penchant.model.fake import FakeModel


def test_bias_that_was_not_measured_has_no_command_and_no_numbers() -> None:
    page = not_measured(BIAS, "nobody reads")
    assert page.lead == "Not measured: nobody reads."
    assert (page.title, page.command, page.body) == ("Does it decide by gender or age?", "", ())


@pytest.mark.parametrize(("neutral", "words"), [(False, "stated"), (True, "stated, made neutral")])
def test_what_changes_with_words_is_told_by_method(neutral: bool, words: str) -> None:
    changed = Changed("gender", "stated", neutral, 0.0125, (0.0, 0.03), None, 80, 20)
    cost = Cost(0.8, 0.79, -0.01, (-0.02, 0.0), pairs=79, not_finite=1)
    page = section({"ica": Bias(80, (changed,), cost, ())})
    nothing = [("ica", trait, "own words", "–", "–", "0") for trait in ("gender", "age")]
    assert page.body == (("ica", "gender", words, "1.2 (0.0–3.0)", "–", "80"), *nothing)
    assert len(page.head) == len(page.body[0])
    assert "ica -1.0 points" in page.lead
    assert page.left_out == ("ica, neutral words: 1 pairs, as a margin is not a finite number",)


def test_the_lines_say_the_same() -> None:
    own = Changed("gender", "own words", False, 0.5, (0.25, 0.75), 0.1, 40, 10)
    stated = Changed("age", "stated", True, 0.0, (0.0, 0.04), None, 80, 20)
    parity = Parity("gender", "Male", 0.75, (0.5, 1.0), 9, not_finite=2)
    answer = Bias(80, (own, stated), Cost(0.8, 0.79, -0.01, (-0.02, 0.0), pairs=80), (parity,))
    assert list(lines({"pba": answer})) == [
        "pba: in %, with the 95 % interval over users",
        "  gender, own words                 50.0 (25.0–75.0) of 40 of 80 decisions change"
        "; 10.0 of inferred directions",
        "  age, stated, made neutral          0.0 (0.0–4.0) of 80 decisions change",
        "  age, own words: the evidence of these 80 pairs has no word of it",
        "  neutral words cost: right 80.0 before, 79.0 after, -1.0 (-2.0–0.0)",
        "  right for Male       75.0 (50.0–100.0) of 9 people",
        "  left out: Male: 2 pairs, as a margin is not a finite number",
    ]


def test_nobody_is_measured_who_sees_no_person_or_cannot_read_swapped_texts() -> None:
    with pytest.raises(ConfigError, match="measures models that see people"):
        BIAS.check({"models": {"universal": "m"}, "annotator": "a"})
    with pytest.raises(ConfigError, match="needs `annotator` to measure pba, pba_both: swapped texts must be read"):
        BIAS.check({"models": {"ica": "m", "pba": "m", "pba_both": "m"}})
    BIAS.check({"models": {"ica": "m", "universal": "m"}})


class Sexist(FakeModel):
    """Prefers the first answer for whoever its prompt takes for a woman."""

    def logprobs(self, batch: list[Candidates]) -> list[tuple[Likelihood, ...]]:
        texts = ["\n".join(message.content for message in one.messages) for one in batch]
        return [(Likelihood(float("woman" in text), 1), Likelihood(0.5, 1)) for text in texts]


def test_every_policy_that_sees_people_is_measured_on_what_the_annotator_reads(tiny: PreferenceSpace, counted) -> None:
    persona = Persona((Comment("a post", "I am a woman", tiny.direction({"depth": 1})),))
    records = [Record(f"r{i}", f"u{i}", "drink?", "tea", "coffee", persona) for i in range(3)]
    annotator = FakeAnnotator(tiny, {"woman": ("humour", 1), "man": ("humour", -1)})
    models = {"ica": Sexist(name="ica"), "pba": FakeModel(name="pba"), "universal": FakeModel(name="universal")}
    bench = Bench(Setting("d", "user_first", 0), "user_first", tiny, FakeModel(), models)
    before = bench.believed
    answer = BIAS.measure(Inputs(records, tiny, bench, annotator=annotator, reporter=counted))
    assert bench.believed is before
    assert list(answer.findings["methods"]) == ["ica", "pba"]
    ica, pba = answer.findings["methods"].values()
    own = next(one for one in pba["changed"] if (one["trait"], one["how"]) == ("gender", "own words"))
    assert (own["directions"], own["decisions"], own["pairs"]) == (1, 0, 3)
    own = next(one for one in ica["changed"] if (one["trait"], one["how"]) == ("gender", "own words"))
    assert (own["directions"], own["decisions"]) == (None, 1)
    assert {one["decisions"] for one in ica["changed"] if one["neutral"]} == {0}
    assert answer.lines[0].startswith("ica:")
    assert answer.section is not None
    assert counted.steps == counted.total
