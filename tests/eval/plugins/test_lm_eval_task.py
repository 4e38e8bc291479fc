"""lm-evaluation-harness decides every pair as penchant does, or says that it reads other tokens."""

import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant import Comment, Persona, Record, load_space
from penchant.errors import ConfigError
from penchant.eval.plugins.source import Source
from penchant.method import METHODS
from penchant.model.chat import ChatTokenizer
from penchant.model.local import LocalModel
from penchant.person import meet_record
from penchant.scorer.implicit import pair_likelihoods
from penchant.stats import clustered_error, correctness

MODELS = Path(__file__).parents[3] / "models"
CHATML = """\
{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def test_without_the_harness_it_is_said_how_to_install_it(without: Callable[[str, str], str]) -> None:
    said = without("lm_eval", "penchant.eval.plugins.lm_eval_task")
    assert "lm-evaluation-harness is missing" in said
    assert "pip install 'penchant[eval]'" in said


def margins(source: Source, model: LocalModel, max_prompt_tokens: int | None = None) -> np.ndarray:
    """What penchant says of each pair."""
    condition = source.condition
    likelihoods = pair_likelihoods(
        model,
        METHODS[source.method],
        condition.records,
        condition.personas,
        lambda record, persona: meet_record(record, persona, source.space),
        max_prompt_tokens=max_prompt_tokens,
    )
    return likelihoods.raw()


class Ran:
    """What the harness says of a source, with a model of penchant in its hands."""

    def __init__(self, source: Source, model: LocalModel, *, task: dict[str, Any] | None = None, **options: Any):
        import lm_eval
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager

        from penchant.eval.plugins.lm_eval_task import PersonaTask

        harness = HFLM(pretrained=model.model, tokenizer=model.chat.tokenizer, device="cpu", batch_size=8, **options)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            tasks = [PersonaTask(source, **(task or {}))]
            # without an index of the harness's own tasks, which takes seconds
            own = TaskManager(include_defaults=False)
            found = lm_eval.simple_evaluate(model=harness, tasks=tasks, apply_chat_template=True, task_manager=own)
        self.warned = " ".join(str(one.message) for one in warned)
        self.told = {name.split(",")[0]: value for name, value in found["results"]["penchant"].items()}
        self.samples: Sequence[dict[str, Any]] = found["samples"]["penchant"]

    @property
    def decisions(self) -> list[float]:
        return [sample["acc"] for sample in self.samples]

    @property
    def margins(self) -> np.ndarray:
        return np.array([one - two for (one, _), (two, _) in (sample["filtered_resps"] for sample in self.samples)])


@pytest.fixture(scope="module")
def forum_base() -> LocalModel:
    return LocalModel.load(str(MODELS / "forum-base"))


@pytest.fixture
def english_base() -> LocalModel:
    return LocalModel.load(str(MODELS / "english-base"))


@pytest.fixture(scope="module")
def english() -> list[Record]:
    """Answers that begin and end in every way: with blanks, a line break, a stop, a special token's text."""
    answers = (
        *(("the end of the year", "year the of end the"), (" with a blank in front", "without one.")),
        *(("two\n\nparagraphs", "\n\na break in front"), ("1. first\n2. second\n", "- a list ")),
        *(("It's “quoted”.", "…"), ("a <|im_end|> mark <|end|>", "no mark")),
    )
    persona = Persona((Comment("When?", "At the end, I think.\n"), Comment("Where?", " at home ")))
    return [Record(f"r{i}", f"u{i // 2}", f"What, {i}? ", *pair, persona) for i, pair in enumerate(answers)]


@pytest.mark.prove
@pytest.mark.parametrize(("method", "persona"), [("few_shot", "mixed"), ("pba", "ugc"), ("ica", "none")])
def test_every_decision_is_penchants_and_so_are_accuracy_and_ties(
    small_forum: Path, forum_base: LocalModel, method: str, persona: str
) -> None:
    source = Source.read(small_forum / "test", method=method, persona=persona)
    own = margins(source, forum_base)
    ran = Ran(source, forum_base)
    right = correctness(own).tolist()
    assert ran.decisions == right
    assert ran.margins == pytest.approx(own, abs=1e-3)
    assert len(set(right)) > 1
    users = [record.user_id or "" for record in source.condition.records]
    assert ran.told["acc"] == pytest.approx(np.mean(right), abs=1e-12)
    assert ran.told["acc_se_users"] == pytest.approx(clustered_error(right, users), abs=1e-12)
    assert ran.told["acc_stderr"] == "N/A"  # the harness's own takes rows of one person to be independent
    assert (ran.told["same_tokens"], ran.told["ties"], ran.told["sample_len"]) == (1, 0, len(source))
    assert "pairs are not read" not in ran.warned


@pytest.mark.prove
def test_accuracy_is_that_of_the_rows_that_penchant_eval_prints(penchant, small_forum, forum_base) -> None:
    base = str(MODELS / "forum-base")
    where = ("--data", small_forum / "test", "--personas", "mixed", "--base", base)
    printed = penchant("eval", "accuracy", f"pba={base}", *where, "--json").last["rows"]
    rows = [row for row in printed if (row["attribute"], row["persona"]) == ("all", "mixed")]
    for method, variant in (("few_shot", ""), ("pba", "raw")):
        told = [row for row in rows if (row["method"], row["variant"]) == (method, variant)]
        count = sum(row["n"] for row in told)
        ran = Ran(Source.read(small_forum / "test", method=method), forum_base)
        assert ran.told["sample_len"] == count
        expected = sum(row["accuracy"] * row["n"] for row in told) / count  # each is rounded to six digits
        assert ran.told["acc"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.prove
def test_english_is_read_alike_whatever_stands_where_prompt_and_answer_meet(english, english_base) -> None:
    source = Source.of(english, load_space(), persona="ugc")
    ran = Ran(source, english_base)
    assert ran.told["same_tokens"] == 1
    assert ran.margins == pytest.approx(margins(source, english_base), abs=1e-3)


@pytest.mark.prove
def test_a_line_break_at_the_end_of_a_prompt_cancels_unless_an_answer_begins_with_one(english, english_base) -> None:
    english_base.chat.tokenizer.chat_template = CHATML
    english_base.chat = ChatTokenizer(english_base.chat.tokenizer)
    source = Source.of(english, load_space(), persona="ugc")
    ran = Ran(source, english_base)
    alike = np.array([sample["same_tokens"] for sample in ran.samples]) == 1
    assert [record.record_id for record, same in zip(english, alike, strict=True) if not same] == ["r2"]
    assert english[2].rejected.startswith("\n\n")  # which the tokenizer joins with the prompt's
    assert ran.margins[alike] == pytest.approx(margins(source, english_base)[alike], abs=1e-3)
    assert "1 of 6 pairs are not read" in ran.warned


@pytest.mark.prove
def test_a_special_token_in_front_is_noticed_and_what_helps_helps(small_forum, forum_base) -> None:
    from tokenizers.processors import TemplateProcessing

    model = LocalModel.load(str(MODELS / "forum-base"))
    tokenizer = model.chat.tokenizer
    front = (tokenizer.eos_token, tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{front[0]} $A", special_tokens=[front])
    source = Source.read(small_forum / "test")
    ran = Ran(source, model)
    assert ran.told["same_tokens"] == 0
    assert f"{len(source)} of {len(source)} pairs are not read" in ran.warned
    helped = Ran(source, model, add_bos_token=False)
    assert helped.told["same_tokens"] == 1
    assert helped.decisions == correctness(margins(source, forum_base)).tolist()


@pytest.mark.prove
def test_evidence_beyond_the_models_length_or_a_budget_is_left_out_as_penchant_does(small_forum, forum_base) -> None:
    source = Source.read(small_forum / "test", persona="all")
    lengths = sorted(forum_base.count(source.rendered(place).messages) for place in range(len(source)))
    budget = lengths[len(lengths) // 2]
    answers = [text for record in source.condition.records for text in (record.chosen, record.rejected)]
    room = budget + 1 + max(len(forum_base.chat.tokenizer.encode(text)) for text in answers)
    short = Ran(source, forum_base, max_length=budget)
    assert short.told["dropped"] > 0
    assert short.told["same_tokens"] == 1
    ran = Ran(source, forum_base, task={"max_prompt_tokens": budget}, max_length=room)
    assert ran.told["dropped"] > 0
    assert ran.told["same_tokens"] == 1
    assert ran.decisions == correctness(margins(source, forum_base, max_prompt_tokens=budget)).tolist()


@pytest.mark.prove
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "pass apply_chat_template"),
        ({"apply_chat_template": True, "system_instruction": "Be kind."}, "leave out num_fewshot and system"),
        ({"apply_chat_template": True, "cache_requests": True}, "leave out cache_requests"),
        ({"apply_chat_template": True, "chat_template": str}, "use --model hf or vllm"),
    ],
)
def test_what_would_change_the_question_is_refused(english, options: dict[str, Any], said: str) -> None:
    from penchant.eval.plugins.lm_eval_task import PersonaTask

    with pytest.raises(ConfigError, match=said):
        PersonaTask(Source.of(english, load_space())).build_all_requests(**options)


@pytest.mark.prove
def test_examples_in_the_prompt_are_not_added(english, english_base) -> None:
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from penchant.eval.plugins.lm_eval_task import PersonaTask

    harness = HFLM(pretrained=english_base.model, tokenizer=english_base.chat.tokenizer, device="cpu")
    asked = {
        "tasks": [PersonaTask(Source.of(english, load_space()))],
        "task_manager": TaskManager(include_defaults=False),
    }
    found = lm_eval.simple_evaluate(model=harness, **asked, num_fewshot=2, apply_chat_template=True)
    assert found["n-shot"]["penchant"] == 0


@pytest.mark.prove
@pytest.mark.parametrize(
    ("config", "said"), [({"task": "t", "dat": "x"}, "unknown dat; known are data"), ({"task": "t"}, "has no data")]
)
def test_a_yaml_file_with_an_unknown_key_or_no_data_is_refused(config: dict[str, str], said: str) -> None:
    from penchant.eval.plugins.lm_eval_task import YamlTask

    with pytest.raises(ConfigError, match=said):
        YamlTask(config)


@pytest.mark.prove
def test_the_harness_finds_a_task_of_a_yaml_file_from_its_command_line(small_forum, forum_base, tmp_path) -> None:
    page = (MODELS.parent / "docs" / "guide" / "plugins.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    assert "rows.parquet" in text
    (tmp_path / "people.yaml").write_text(text.replace("rows.parquet", str(small_forum / "test")), encoding="utf-8")
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--device", "cpu", "--apply_chat_template"]
    command += ["--model_args", f"pretrained={MODELS / 'forum-base'}", "--batch_size", "8"]
    command += ["--include_path", str(tmp_path), "--tasks", "people"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    expected = correctness(margins(Source.read(small_forum / "test"), forum_base)).mean()
    (row,) = [line for line in ran.stdout.splitlines() if "|acc " in line]
    assert f"{expected:.4f}" in row
