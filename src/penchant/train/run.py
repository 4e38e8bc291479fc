"""Alignment by DPO: TRL's trainer with our rows. The one file that imports trl.

TRL keeps the loop, the optimizer, schedules, logging, checkpoints and resume. Batches and the forward pass are ours:
a batch is a few people's trees (see model.tree), so a persona is computed once for all of its pairs. TRL's own
preparation drops rows whose prompt is long without an error; here nothing is ever dropped, and the run ends with a
check that every row given was trained.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]

from penchant.config import TrainSection
from penchant.errors import TrainingError
from penchant.model.local import load_parts
from penchant.model.tree import Forest, answer_logprobs, collate
from penchant.train.loss import dpo_loss, finite
from penchant.train.trees import Grove, Row

_LOGGING_STEPS = 10


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run did."""

    folder: Path
    """Weights, tokenizer, model card and curve."""
    rows: int
    """Trees trained: one person in one round each."""
    pairs: int
    curve: list[dict[str, float]]
    """Per logged step: step, loss, accuracy, margin."""


class UserTreeTrainer(DPOTrainer):
    """DPOTrainer over people's trees; the dataset holds only which person and round a row is."""

    def __init__(self, *, grove: Grove, embedding_rate: float, **arguments: Any) -> None:
        self.grove = grove
        self.embedding_rate = embedding_rate
        self.seen: set[Row] = set()
        """Rows that went through the loss in this process."""
        super().__init__(data_collator=self._plant, **arguments)

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        # tokenising is done in _plant, by the one path that scoring and serving use
        return dataset

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        # the grove has drawn the order: mirrors must stay in one batch
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        return SequentialSampler(rows)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW in which token embeddings move at `embedding_rate` times the learning rate."""
        if self.optimizer is None:
            policy: Any = self.model
            words = policy.get_input_embeddings().weight
            rest = [weight for weight in policy.parameters() if weight is not words and weight.requires_grad]
            rate = self.args.learning_rate
            groups = [{"params": rest, "lr": rate}]
            if words.requires_grad and self.embedding_rate > 0:
                groups.append({"params": [words], "lr": rate * self.embedding_rate})
            self.optimizer = torch.optim.AdamW(
                groups, lr=rate, betas=(self.args.adam_beta1, self.args.adam_beta2), weight_decay=self.args.weight_decay
            )
        return self.optimizer

    def _plant(self, rows: list[dict[str, int]]) -> dict[str, Any]:
        chosen = [Row(row["person"], row["round"]) for row in rows]
        return {"forest": collate([self.grove.plant(row) for row in chosen]), "rows": chosen}

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"forest": inputs["forest"].to(self.accelerator.device), "rows": inputs["rows"]}

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """DPO over all pairs of the batch's people; see train.loss."""
        del num_items_in_batch
        forest: Forest = inputs["forest"]
        policy = answer_logprobs(model, forest)
        with torch.no_grad():
            reference = answer_logprobs(self.ref_model, forest)
        pairs = dpo_loss(policy[0::2], policy[1::2], reference[0::2], reference[1::2], beta=self.beta)
        if not finite(pairs.loss):
            names = self._names(inputs["rows"], pairs.margin_B)
            raise TrainingError(f"the loss is not a number at records {names}; lower learning_rate")
        mode = "train" if model.training else "eval"
        self._metrics[mode]["rewards/accuracies"].append((pairs.margin_B > 0).float().mean().item())
        self._metrics[mode]["rewards/margins"].append(pairs.margin_B.mean().item())
        self._metrics[mode]["pairs"].append(len(pairs.margin_B))
        self.seen.update(inputs["rows"])
        return (pairs.loss, {}) if return_outputs else pairs.loss

    def _names(self, rows: Sequence[Row], margin_B: torch.Tensor) -> str:
        """The first records whose margin is not a number."""
        records = [record for row in rows for record in self.grove.records(row)]
        whole = torch.isfinite(margin_B).tolist()
        bad = [record.record_id for record, fine in zip(records, whole, strict=True) if not fine]
        return ", ".join(bad[:5])


class _Curve(TrainerCallback):
    """Keeps the logged numbers and writes them beside the checkpoints, so that a resumed run has the whole curve."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Rewrites the curve from the trainer's own log history."""
        del args, control, logs
        points = [
            {"step": entry["step"], "loss": entry["loss"], "accuracy": entry["rewards/accuracies"]}
            for entry in state.log_history
            if "loss" in entry
        ]
        self.path.write_text(json.dumps(points), encoding="utf-8")


class _Bar(ProgressCallback):
    """The trainer's progress bar without its numbers: standard output belongs to the command's own result."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """The numbers go into the curve."""


def align(
    grove: Grove, settings: TrainSection, *, base: str, folder: Path, resume: bool = False, quiet: bool = False
) -> Trained:
    """Aligns a model to people by DPO and saves it.

    Args:
        base: folder or Hub id; it is also the frozen reference.
        folder: receives model.safetensors, tokenizer, README.md, curve.json; `checkpoints/` holds resume points.
        resume: go on from the last whole checkpoint in `folder`, if there is one.
    Raises:
        TrainingError: rows lost, or a loss that is not a number.
        ModelError: the base cannot be loaded.
    """
    model, _ = load_parts(base)
    reference, _ = load_parts(base)
    rows = grove.rows(settings.max_steps * settings.users_per_step)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints = folder / "checkpoints"
    if not resume and checkpoints.exists():
        shutil.rmtree(checkpoints)
    trainer = UserTreeTrainer(
        grove=grove,
        embedding_rate=settings.embedding_rate,
        model=model,
        ref_model=reference,
        args=_arguments(settings, checkpoints, grove.seed, quiet),
        train_dataset=Dataset.from_list([{"person": row.person, "round": row.round} for row in rows]),
        processing_class=grove.tokenizer.tokenizer,
        callbacks=[_Curve(folder / "curve.json")],
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    if not quiet:
        trainer.add_callback(_Bar)
    last = _last_checkpoint(checkpoints) if resume else None
    before = _step(last) * settings.users_per_step if last else 0
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    # counted as rows that differ: a trainer that lost some would go round the others again and do as many steps
    if before + len(trainer.seen) != len(rows):
        raise TrainingError(
            f"{len(rows)} rows were given but {before + len(trainer.seen)} were trained; nothing was saved to {folder}"
        )
    model.save_pretrained(folder)
    grove.tokenizer.tokenizer.save_pretrained(folder)
    curve = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
    return Trained(folder, len(rows), sum(len(grove.records(row)) for row in rows), curve)


def _arguments(settings: TrainSection, checkpoints: Path, seed: int, quiet: bool) -> DPOConfig:
    return DPOConfig(
        output_dir=str(checkpoints),
        beta=settings.beta,
        learning_rate=settings.learning_rate,
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.users_per_step,
        warmup_steps=settings.warmup_steps,
        lr_scheduler_type="linear",
        adam_beta2=0.98,
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        save_steps=settings.save_steps,
        save_total_limit=2,
        logging_steps=min(_LOGGING_STEPS, settings.max_steps),
        seed=seed,
        max_length=None,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        report_to="none",
        disable_tqdm=quiet,
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
    )


def _last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was written to its end; the trainer writes its state file last."""
    whole = [path.parent for path in checkpoints.glob("checkpoint-*/trainer_state.json")]
    return max(whole, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
