"""Alignment to single ratings, a thumb on one answer, by KTO: TRL's own trainer on rendered conversations.

The second of the two files that import trl. A rating has no second answer, so there is no pair to hang on a tree: TRL
tokenises and batches. Each rating is asked of the person's other evidence, never of itself. Nothing is dropped: a
rating whose person shows nothing else is asked with the bare prompt, and the run ends with a check of the rows.

Source: Ethayarajh et al. 2024, arXiv:2402.01306.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import get_peft_model
from transformers import PrinterCallback, ProgressCallback
from trl import KTOConfig, KTOTrainer  # type: ignore[attr-defined]

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.model.local import load_parts
from penchant.person import meet
from penchant.persona import Persona, Rating
from penchant.record import Record
from penchant.train.run import NO_CHECKPOINTING, Bar, Trained, adapter
from penchant.train.trees import TrainingSet, pooled


def rated(grove: TrainingSet) -> list[dict[str, Any]]:
    """Every rating of every person as `prompt` and `completion` turns with a `label`, as TRL takes them.

    A person's evidence is that of all of their records, each item once.
    """
    rows = []
    for records in grove.people:
        persona = pooled(records)
        for place, item in enumerate(persona.evidence):
            if isinstance(item, Rating):
                others = Persona((*persona.evidence[:place], *persona.evidence[place + 1 :]))
                completion = [{"role": "assistant", "content": item.answer}]
                rows.append(
                    {"prompt": _turns(grove, records, others, item), "completion": completion, "label": item.liked}
                )
    return rows


def _turns(grove: TrainingSet, records: Sequence[Record], persona: Persona, rating: Rating) -> list[Any]:
    person = meet(persona, grove.space, profile=records[0].profile)
    asked = grove.method.messages(person, rating.prompt, layout=grove.layout, budget=grove.budget())
    return list(asked.messages)


def align_to_ratings(grove: TrainingSet, settings: TrainSection, *, base: str, folder: Path, quiet: bool = False) -> Trained:
    """Aligns a model to thumbs and saves it.

    Args:
        base: folder or Hub id; it is also the frozen reference.
        folder: receives the weights (or the adapter), the tokenizer and curve.json.
    Raises:
        TrainingError: no ratings, ratings of one kind only, or rows lost.
    """
    rows = rated(grove)
    kinds = {row["label"] for row in rows}
    if len(kinds) < 2:
        found = "no rating" if not rows else f"only {'liked' if True in kinds else 'disliked'} ratings"
        raise TrainingError(f"the personas hold {found}; KTO needs thumbs up and thumbs down, or train on pairs")
    model, _ = load_parts(base)
    reference = None if settings.use_peft else load_parts(base)[0]
    if settings.use_peft:
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
            seed=grove.seed,
            max_length=None,
            **NO_CHECKPOINTING,
            report_to="none",
            disable_tqdm=quiet,
            use_cpu=not torch.cuda.is_available(),
            bf16=torch.cuda.is_available(),
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=grove.tokenizer.tokenizer,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    if not quiet:
        trainer.add_callback(Bar)
    kept: Any = trainer.train_dataset
    if len(kept) != len(rows):
        raise TrainingError(f"{len(rows)} ratings were given but TRL kept {len(kept)}; nothing was saved to {folder}")
    trainer.train()
    model.save_pretrained(folder)
    grove.tokenizer.tokenizer.save_pretrained(folder)
    curve = [{"step": e["step"], "loss": e["loss"]} for e in trainer.state.log_history if "loss" in e]
    (folder / "curve.json").write_text(json.dumps(curve), encoding="utf-8")
    return Trained(folder, len(rows), len(rows), 0, curve)
