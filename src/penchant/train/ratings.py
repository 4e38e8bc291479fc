"""Aligns a model to single ratings (a thumb up or down on one answer) by KTO, with TRL's own trainer.

Only this file and `train.run` import trl. A rating has no second answer, so there are no pairs to share a tree: TRL
tokenises and batches the rendered conversations. The prompt of a rating contains the person's other evidence, never the
rating itself. Nothing is dropped: a rating without other evidence gets the bare prompt, and the number of rows is
checked before training.

Source: Ethayarajh et al. 2024, arXiv:2402.01306.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from peft import get_peft_model
from transformers import PrinterCallback, ProgressCallback, set_seed
from trl import KTOConfig, KTOTrainer  # type: ignore[attr-defined]

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.message import as_dicts
from penchant.model.load import load_model, name_base, require_vocabulary
from penchant.person import meet_record
from penchant.persona import Persona, Rating
from penchant.record import Question, Record
from penchant.train.callbacks import Steps, curve_point
from penchant.train.memory import memory_advice
from penchant.train.run import NO_CHECKPOINTING, Trained, adapter
from penchant.train.trees import TrainingSet, pooled


def rating_rows(training_set: TrainingSet, people: Sequence[Sequence[Record | Question]]) -> list[dict[str, Any]]:
    """Every rating of every person as `prompt` and `completion` turns with a `label`, the format of TRL.

    The evidence of a person is that of all of their records, each item once.

    Args:
        training_set: how prompts are made; its own people are not read.
        people: the records or questions of each person; thumbs need no pairs.
    """
    rows = []
    for records in people:
        persona = pooled(records)
        for index, item in enumerate(persona.evidence):
            if isinstance(item, Rating):
                if not item.prompt.strip():
                    raise TrainingError(
                        f"'{records[0].person_id}' rated an answer without a prompt; add the prompt, or leave it out"
                    )
                others = Persona((*persona.items[:index], *persona.items[index + 1 :]))
                completion = [{"role": "assistant", "content": training_set.tokenizer.plain(item.answer)}]
                rows.append(
                    {
                        "prompt": _turns(training_set, records, others, item),
                        "completion": completion,
                        "label": item.liked,
                    }
                )
    return rows


def _turns(
    training_set: TrainingSet, records: Sequence[Record | Question], persona: Persona, rating: Rating
) -> list[Any]:
    person = meet_record(records[0], persona, training_set.space)
    budget = training_set.budget([rating.answer])
    rendered = training_set.method.messages(person, rating.conversation, layout=training_set.layout, budget=budget)
    return as_dicts(training_set.tokenizer.turns(rendered.messages))


class Weights(NamedTuple):
    """Weights of liked and of disliked answers in the loss."""

    liked: float
    disliked: float


def rating_weights(liked: int, *, of: int) -> Weights:
    """Weights under which both kinds of thumbs count alike in sum; the more frequent kind has 1.

    Most logs of thumbs are nearly all up or nearly all down.

    Args:
        liked: number of liked answers, > 0 and < `of`.
    Source: Ethayarajh et al. 2024, arXiv:2402.01306, section 4.2 (ratio of 1).
    """
    disliked = of - liked
    return Weights(max(1.0, disliked / liked), max(1.0, liked / disliked))


def align_to_ratings(
    training_set: TrainingSet,
    people: Sequence[Sequence[Record | Question]],
    settings: TrainSection,
    *,
    base: str,
    folder: Path,
    progress: Callable[[int], None] | None = None,
) -> Trained:
    """Aligns a model to ratings and saves it.

    Args:
        people: see `rating_rows`.
        base: folder or Hub id; it is also the frozen reference.
        folder: receives the weights (or the adapter), the tokenizer and curve.json.
        progress: called with the number of steps done since the last call.
    Raises:
        TrainingError: no ratings, ratings of one kind only, one rating a step, or rows that TRL dropped.
    """
    rows = rating_rows(training_set, people)
    kinds = {row["label"] for row in rows}
    if len(kinds) < 2:
        problem = "no rating" if not rows else f"only {'liked' if True in kinds else 'disliked'} ratings"
        raise TrainingError(f"the personas hold {problem}; KTO needs thumbs up and thumbs down, or train on pairs")
    if settings.users_per_step < 2:
        raise TrainingError("KTO needs two ratings a step or more; set users_per_step to 2 or more")
    weights = rating_weights(sum(row["label"] for row in rows), of=len(rows))
    model = load_model(base)
    require_vocabulary(model, training_set.tokenizer, base)
    reference = None if settings.use_peft else load_model(base)
    if settings.use_peft:
        set_seed(training_set.seed)  # the adapter's weights are drawn here
        model = get_peft_model(model, adapter(settings))
    trainer = KTOTrainer(
        model=model,
        ref_model=reference,
        args=KTOConfig(
            output_dir=str(folder / "checkpoints"),
            beta=settings.beta,
            learning_rate=settings.learning_rate,
            max_steps=settings.max_steps,
            per_device_train_batch_size=min(len(rows), settings.users_per_step),
            warmup_steps=settings.warmup_steps,
            weight_decay=settings.weight_decay,
            max_grad_norm=settings.max_grad_norm,
            save_steps=settings.save_steps,
            save_total_limit=2,
            logging_steps=min(10, settings.max_steps),
            seed=training_set.seed,
            max_length=None,
            desirable_weight=weights.liked,
            undesirable_weight=weights.disliked,
            **NO_CHECKPOINTING,
            report_to="none",
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            bf16=torch.cuda.is_available(),
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=training_set.tokenizer.tokenizer,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    if progress is not None:
        trainer.add_callback(Steps(progress))
    dataset: Any = trainer.train_dataset
    if len(dataset) != len(rows):
        raise TrainingError(
            f"{len(rows)} ratings were given but TRL kept {len(dataset)}; nothing was saved to {folder}"
        )
    with memory_advice():
        trainer.train()
    model.save_pretrained(folder)
    name_base(folder, base)
    training_set.tokenizer.tokenizer.save_pretrained(folder)
    history = trainer.state.log_history
    curve = [curve_point(entry) for entry in history if "loss" in entry]
    (folder / "curve.json").write_text(json.dumps(curve), encoding="utf-8")
    return Trained(folder, rows=len(rows), pairs=len(rows), split=0, curve=curve)
