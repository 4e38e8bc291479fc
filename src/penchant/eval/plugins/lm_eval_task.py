"""A task for lm-evaluation-harness: which answer of a pair does a model find likelier, given the person?

The accuracy equals that of `penchant eval accuracy`: `acc` is the accuracy of `log p(chosen) - log p(rejected)`
including the end of turn; ties count one half. With method few_shot it is penchant's row `few_shot` (`base` under
persona none); with any other method it is the `raw` row. Prompts and answers are the texts that penchant's own models
read, in the chat template of the harness's model.

The harness tokenises these texts itself. It encodes prompt and answer together, moves blanks from the end of the prompt
to the answer, may put a special token in front, and cuts from the left at the model's length. Blanks at the end of a
prompt are in both sums and cancel. Every pair is checked for all other differences: `same_tokens` is the share of pairs
that get the same tokens from the harness and from penchant. At 1, decisions are the same, except for margins within
rounding. Below 1, a warning says what helps. There is no metric per token, because blanks from the prompt would count
among an answer's tokens.

The task needs `apply_chat_template` and a harness model with a Hugging Face tokenizer (hf, vllm). The harness's
standard error assumes independent rows, but the rows of one person are not independent. `acc_se_users` is clustered by
user instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from penchant.errors import ConfigError
from penchant.eval.plugins.source import Source
from penchant.message import as_text
from penchant.model.budget import prompt_budget
from penchant.model.chat import ChatTokenizer
from penchant.record import Record
from penchant.stats import clustered_error, correctness

try:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import TemplateLM
    from lm_eval.api.task import Task
    from lm_eval.config.task import TaskConfig
except ImportError as error:
    raise ConfigError(f"lm-evaluation-harness is missing ({error}); run: pip install 'penchant[eval]'") from error

_FILE = ("data", "space", "split", "method", "persona", "layout", "seed")
"""Keys of a YAML file that are arguments of `Source.read`."""
_HARNESS = ("task", "class", "metadata", "include", "task_alias", "tag")
"""Keys that the harness reads or adds."""


class PersonaTask(Task):
    """The task for `lm_eval.simple_evaluate(model=…, tasks=[PersonaTask(source)], apply_chat_template=True)`.

    Args:
        name: the name in the harness's tables.
        max_prompt_tokens: evidence beyond it is left out, as `penchant eval accuracy` does, and counted as `dropped`.
    """

    VERSION = 1
    OUTPUT_TYPE = "multiple_choice"

    def __init__(self, source: Source, *, name: str = "penchant", max_prompt_tokens: int | None = None) -> None:
        super().__init__()
        self.source = source
        self.max_prompt_tokens = max_prompt_tokens
        facts = {"version": self.VERSION, **source.facts, "max_prompt_tokens": max_prompt_tokens}
        self._config = TaskConfig(task=name, output_type=self.OUTPUT_TYPE, num_fewshot=0, metadata=facts)
        self._docs = [
            {"place": i, "record_id": r.record_id, "user": source.user(i), "answers": [r.chosen, r.rejected]}
            for i, r in enumerate(source.condition.records)
        ]

    def download(self, *_: object, **__: object) -> None:
        """Does nothing: the records are in memory."""

    def build_all_requests(self, **options: Any) -> None:
        """Two requests per record.

        Raises:
            ConfigError: an option would change the prompts, or the model has no Hugging Face tokenizer.
            ModelError: the tokenizer has no usable chat template.
            RecordError: as `Source.rendered`.
        """
        if not options.get("apply_chat_template"):
            raise ConfigError("penchant's prompts are chat messages; pass apply_chat_template (--apply_chat_template)")
        if self.config.num_fewshot or options.get("system_instruction") is not None:
            raise ConfigError("penchant's prompts are complete; leave out num_fewshot and system_instruction")
        if options.get("cache_requests"):
            raise ConfigError("cached requests may be of other records; leave out cache_requests")
        # the harness passes a bound method of the model, which is the only way to its tokenizer
        model = getattr(options.get("chat_template"), "__self__", None)
        if not isinstance(model, TemplateLM) or not hasattr(model.tokenizer, "added_tokens_decoder"):
            raise ConfigError("a model with a Hugging Face tokenizer is needed; use --model hf or vllm")
        self._model, self._chat = model, ChatTokenizer(model.tokenizer, positions=model.max_length)
        super().build_all_requests(**options)
        docs = {request.doc["place"]: request.doc for request in self.instances}.values()
        other = sum(not doc["same_tokens"] for doc in docs)
        if other:
            warnings.warn(
                f"{other} of {len(docs)} pairs are not read as penchant reads them, and decisions may differ; pass "
                "add_bos_token=False among the model's arguments if special tokens are put in front, or "
                "max_prompt_tokens to the task if prompts are longer than the model takes",
                stacklevel=2,
            )

    def fewshot_context(self, doc: dict[str, Any], *_: object, **__: object) -> str:
        """The prompt as text; writes the answers' texts and how the harness reads them into `doc`, for its log."""
        pair = (self._record(doc).chosen, self._record(doc).rejected)
        budget = prompt_budget(self._chat, pair, max_prompt_tokens=self.max_prompt_tokens)
        rendered = self.source.rendered(doc["place"], budget=budget)
        prompt, *answers = self._chat.texts(rendered.messages, pair)
        read = self._chat.encode(rendered.messages, pair)
        same = all(
            self._reads_as(prompt, answer, read.prompt, ids) for answer, ids in zip(answers, read.answers, strict=True)
        )
        doc.update(answers=answers, dropped=rendered.dropped, same_tokens=float(same))
        return prompt

    def _reads_as(self, prompt: str, answer: str, prompt_ids: tuple[int, ...], ids: tuple[int, ...]) -> bool:
        """Whether the harness reads these tokens without a cut, and sums over all tokens of the answer."""
        context, continuation = self._model._encode_pair(prompt, answer)
        tokens = (*context, *continuation)
        # the last token is predicted, not read
        fits = len(tokens) <= self._model.max_length + 1
        return fits and tokens == (*prompt_ids, *ids) and len(continuation) >= len(ids)

    def construct_requests(self, doc: dict[str, Any], ctx: str, **options: Any) -> list[Instance]:
        """The likelihood of the chosen answer, then that of the rejected one."""
        return [
            Instance(
                request_type="loglikelihood", doc=doc, arguments=(ctx, answer), idx=i, metadata=options["metadata"]
            )
            for i, answer in enumerate(doc["answers"])
        ]

    def process_results(self, doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, Any]:
        """The metrics of one pair."""
        (chosen, _), (rejected, _) = results
        right = float(correctness(np.array([chosen - rejected]))[0])
        return {
            "acc": right,
            "acc_se_users": (right, doc["user"]),
            "ties": float(chosen == rejected),
            "same_tokens": doc["same_tokens"],
            "dropped": doc["dropped"],
        }

    def aggregation(self) -> dict[str, Any]:
        """How each metric is aggregated; `ties` and `dropped` (items of evidence) are counts."""
        return {"acc": _mean, "acc_se_users": _clustered, "ties": sum, "same_tokens": _mean, "dropped": sum}

    def higher_is_better(self) -> dict[str, bool]:
        """The arrows of the harness's tables."""
        return {"acc": True, "acc_se_users": False, "ties": False, "same_tokens": True, "dropped": False}

    def has_training_docs(self) -> bool:
        """Always False."""
        return False

    def has_validation_docs(self) -> bool:
        """Always False."""
        return False

    def has_test_docs(self) -> bool:
        """Always True: every record is tested."""
        return True

    def test_docs(self) -> list[dict[str, Any]]:
        """One per record."""
        return self._docs

    def doc_to_text(self, doc: dict[str, Any]) -> str:
        """The record's prompt, without the person."""
        return as_text(self._record(doc).prompt)

    def doc_to_target(self, doc: dict[str, Any]) -> str:
        """The chosen answer."""
        return self._record(doc).chosen

    def _record(self, doc: Mapping[str, Any]) -> Record:
        source: Source = self.source
        return source.condition.records[int(doc["place"])]


class YamlTask(PersonaTask):
    """The task that a YAML file describes, for `lm_eval --tasks FILE`; see docs/guide/plugins.md.

    Raises:
        ConfigError: the file names no data, or has an unknown key.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        unknown = sorted(set(config) - {*_FILE, *_HARNESS, "max_prompt_tokens"})
        if unknown:
            raise ConfigError(f"task '{config['task']}': unknown {', '.join(unknown)}; known are {', '.join(_FILE)}")
        if "data" not in config:
            raise ConfigError(f"task '{config['task']}' has no data; name a file or folder of records")
        source = Source.read(**{key: config[key] for key in _FILE if key in config})
        super().__init__(source, name=config["task"], max_prompt_tokens=config.get("max_prompt_tokens"))


def _mean(values: Sequence[float]) -> float:
    # with the harness's own `mean` it would add a standard error over rows
    return float(np.mean(values))


def _clustered(pairs: Iterable[tuple[float, str]]) -> float:
    values, users = zip(*pairs, strict=True)
    return clustered_error(values, users)
