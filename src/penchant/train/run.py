"""Aligns a model to preference pairs with TRL's trainer.

Only this file and `train.ratings` import trl. TRL provides the loop, the optimizer, schedules, logging, checkpoints and
resuming. penchant provides the batches and the forward pass: a batch is the trees of a few people (`model.tree`), so a
persona is computed once for all of its pairs. TRL's own preparation silently drops rows with long prompts. Here nothing
is dropped, and the run ends with a check that every row was trained.

Several processes (torchrun) or gradient accumulation divide the people of each step into parts. Pairs are weighted so
that the loss equals that of one process with one part.
"""

from __future__ import annotations

import atexit
import difflib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from torch.utils.data import SequentialSampler
from transformers import PrinterCallback, ProgressCallback, set_seed
from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]

from penchant.config import TrainSection
from penchant.errors import ConfigError, TrainingError
from penchant.model.card import WEIGHTS
from penchant.model.likelihood import token_logprobs
from penchant.model.load import load_model, name_base, require_vocabulary, weights_key
from penchant.model.selfcheck import sound
from penchant.model.tree import Forest, collate, sum_answers
from penchant.train.callbacks import Curve, Steps
from penchant.train.loss import Answers, finite, pair_loss
from penchant.train.memory import memory_advice
from penchant.train.reference import Reference
from penchant.train.resume import last_checkpoint, require_same_run, run_identity, step_of, write_identity
from penchant.train.trees import TrainingRow, TrainingSet

_LOGGING_STEPS = 10
_KEYS = {field.name for field in fields(DPOConfig)}
NO_CHECKPOINTING: dict[str, Any] = {
    next(key for key in ("activation_checkpointing", "gradient_checkpointing") if key in _KEYS): False
}
"""Turns off activation checkpointing, by the newer name of the setting if TRL has it: the older name warns."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of a run."""

    folder: Path
    """Weights or adapter, tokenizer, model card and curve."""
    rows: int
    """Rows trained; a row is one person in one round."""
    pairs: int
    """Pairs trained, over all rows."""
    split: int
    """Rows of this process that were computed as several trees, because one would exceed max_tree_tokens."""
    curve: list[dict[str, float]]
    """Per logged step: step, loss, accuracy, margin."""
    is_main: bool = True
    """Whether this is the main process, which reports for all."""


class UserTreeTrainer(DPOTrainer):
    """DPOTrainer over trees; its dataset holds rows (person, round, mate), which are turned into trees here."""

    def __init__(
        self, *, training_set: TrainingSet, settings: TrainSection, reference: Reference, **arguments: Any
    ) -> None:
        self.training_set = training_set
        self.settings = settings
        self.reference = reference
        self.seen: set[TrainingRow] = set()
        """Rows that went through the loss in this process."""
        self.split = 0
        """Number of these rows that were computed as several trees."""
        self._pairs_of_step = 0.0
        super().__init__(data_collator=self._collate, **arguments)
        take_forests(self.model)
        sound(self.model, 1, learning=True)  # tried before anything wraps it

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        # rows are tokenised in _collate, by the same path as in scoring and serving
        return dataset

    def _precompute_ref_logps(self, dataset: Dataset, *_: Any) -> Dataset:
        # train.reference computes them tree by tree; the setting only keeps TRL from loading a reference model
        return dataset

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        # a tied weight is saved once, under its other name, and is not missing
        tied = getattr(self.model, "all_tied_weights_keys", {})
        missing = [key for key in load_result.missing_keys if key not in tied]
        super()._issue_warnings_after_load(load_result._replace(missing_keys=missing))

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        # the training set has drawn the order: mates must stay in one batch
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        return SequentialSampler(rows)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW; token embeddings have `embedding_rate` times the learning rate."""
        if self.optimizer is None:
            policy: Any = self.model
            words = policy.get_input_embeddings().weight
            rest = [weight for weight in policy.parameters() if weight is not words and weight.requires_grad]
            rate = self.args.learning_rate
            groups = [{"params": rest, "lr": rate}]
            if words.requires_grad and self.settings.embedding_rate > 0:
                groups.append({"params": [words], "lr": rate * self.settings.embedding_rate})
            self.optimizer = torch.optim.AdamW(
                groups, lr=rate, betas=(self.args.adam_beta1, self.args.adam_beta2), weight_decay=self.args.weight_decay
            )
        return self.optimizer

    def _collate(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = [TrainingRow(row["person"], row["round"], row["mate"]) for row in rows]
        trees_by_row = [self.training_set.trees(row) for row in batch]
        trees = [tree for of_row in trees_by_row for tree in of_row]
        split = sum(len(of_row) > 1 for of_row in trees_by_row)
        return {"forest": collate(trees), "trees": trees, "rows": batch, "split": split}

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """The parts of one step; counts their pairs over all processes, because the loss is the mean over pairs."""
        parts, items = super().get_batch_samples(epoch_iterator, num_batches, device)
        pairs = torch.tensor(float(sum(part["forest"].answers // 2 for part in parts)), device=device)
        self._pairs_of_step = float(self.accelerator.reduce(pairs, "sum"))
        longest = torch.tensor(max((part["forest"].shape.longest for part in parts), default=0), device=device)
        longest = self.accelerator.gather(longest[None]).max()
        for part in parts:  # all processes decide alike whether this step goes through trees
            part["forest"].shape.longest = int(longest)
        return parts, items

    def _prepare_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return {**inputs, "forest": inputs["forest"].to(self.accelerator.device)}

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The preference loss over all pairs of the batch; see train.loss."""
        del num_items_in_batch
        forest: Forest = inputs["forest"]
        policy = sum_answers(model(forest=forest), forest)
        with self.accelerator.autocast():  # the call of the model is under autocast already
            reference = self.reference.logprobs(inputs["trees"], forest, self.accelerator.unwrap_model(model))
        reference = reference.to(policy)
        tokens = forest.answer_tokens().to(policy)
        pairs = pair_loss(
            chosen=Answers(policy[0::2], reference[0::2], tokens[0::2]),
            rejected=Answers(policy[1::2], reference[1::2], tokens[1::2]),
            beta=self.beta,
            kind=self.settings.loss_type,
            nll_weight=self.settings.nll_weight,
        )
        if not finite(pairs.loss):
            names = self._names(inputs["rows"], pairs.margin_B)
            raise TrainingError(f"the loss is not a number at records {names}; lower learning_rate")
        loss = pairs.loss.float() * self._log(model, pairs.margin_B)
        self.seen.update(inputs["rows"])
        self.split += inputs["split"]
        return (loss, {}) if return_outputs else loss

    def _log(self, model: Any, margin_B: torch.Tensor) -> float:
        """Logs metrics over all processes; returns the weight of this part's loss in the mean over all pairs."""
        sums = torch.stack([(margin_B > 0).sum(), margin_B.sum(), torch.ones_like(margin_B).sum()]).to(margin_B)
        right, margin, pairs = map(float, self.accelerator.reduce(sums, "sum").tolist())
        mode = "train" if model.training else "eval"
        self._metrics[mode]["rewards/accuracies"].append(right / pairs)
        self._metrics[mode]["rewards/margins"].append(margin / pairs)
        self._metrics[mode]["pairs"].append(pairs)
        shares = int(self.accelerator.num_processes) * int(self.current_gradient_accumulation_steps)
        return len(margin_B) * shares / self._pairs_of_step

    def _names(self, rows: Sequence[TrainingRow], margin_B: torch.Tensor) -> str:
        """Ids of the first five records whose margin is not a number."""
        records = [record for row in rows for record in self.training_set.records(row)]
        finite_margins = torch.isfinite(margin_B).tolist()
        bad = [record.record_id for record, is_finite in zip(records, finite_margins, strict=True) if not is_finite]
        return ", ".join(bad[:5])

    def trained(self) -> int:
        """The number of distinct rows that went through the loss, over all processes."""
        count = torch.tensor(len(self.seen), device=self.accelerator.device)
        return int(self.accelerator.reduce(count, "sum"))


def take_forests(model: Any) -> None:
    """Lets `model(forest=...)` return the log-probabilities of a forest's answer tokens.

    The forest goes through the model's own call, so that wrappers of that call (DDP, FSDP, autocast) take effect.
    """
    original = model.forward

    def forward(*arguments: Any, forest: Forest | None = None, **keywords: Any) -> Any:
        return original(*arguments, **keywords) if forest is None else token_logprobs(model, forest)

    model.forward = forward


def align(
    training_set: TrainingSet,
    settings: TrainSection,
    *,
    base: str,
    folder: Path,
    resume: bool = False,
    reference_cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Trained:
    """Aligns a model to people and saves it.

    Args:
        base: folder or Hub id; it is also the frozen reference.
        folder: receives the weights (or the adapter), tokenizer, README.md and curve.json; its subfolder `checkpoints`
            holds checkpoints to resume from.
        resume: continue from the last complete checkpoint in `folder`, if there is one.
        reference_cache: folder that keeps the reference's log-probabilities for later runs; see train.reference.
        progress: called with the number of steps done since the last call, in the process that speaks for the run.
    Raises:
        ConfigError: a key under `trl` that TRL does not have or that is set elsewhere.
        TrainingError: lost rows, a loss that is not a number, another number or kind of processes than the recipe
            says, or a resume from the checkpoints of another run.
        ModelError: the base cannot be loaded.
    """
    model = _trainable(training_set, settings, base)
    load = None if settings.use_peft else lambda: load_model(base)
    checkpoints = folder / "checkpoints"
    arguments = _arguments(settings, checkpoints, seed=training_set.seed)
    key = weights_key(base) + ("-bf16" if arguments.bf16 else "")
    reference = Reference(load, cache=reference_cache, key=key)
    rows = training_set.rows(settings.max_steps * settings.users_per_step)
    folder.mkdir(parents=True, exist_ok=True)
    last, run = last_checkpoint(checkpoints) if resume else None, run_identity(training_set, settings, key)
    if last is not None:
        require_same_run(checkpoints, run)
    elif arguments.process_index == 0:
        if not resume:
            _clear(folder, checkpoints)
        write_identity(checkpoints, run)
    trainer = UserTreeTrainer(
        training_set=training_set,
        settings=settings,
        reference=reference,
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list([asdict(row) for row in rows]),
        processing_class=training_set.tokenizer.tokenizer,
        callbacks=[Curve(folder / "curve.json", reference)],
    )
    _require_launch(trainer.accelerator, settings)
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    if progress is not None:
        trainer.add_callback(Steps(progress))
    before = step_of(last) * settings.users_per_step if last else 0
    with memory_advice():
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    # distinct rows: a trainer that lost rows would repeat others and still take as many steps
    trained = before + trainer.trained()
    if trained != len(rows):
        raise TrainingError(f"{len(rows)} rows were given but {trained} were trained; nothing was saved to {folder}")
    if trainer.accelerator.is_main_process:
        reference.save()
        model.save_pretrained(folder)
        name_base(folder, base)
        training_set.tokenizer.tokenizer.save_pretrained(folder)
    trainer.accelerator.wait_for_everyone()
    atexit.register(_leave)
    curve = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
    pairs = sum(len(training_set.records(row)) for row in rows)
    return Trained(
        folder,
        rows=len(rows),
        pairs=pairs,
        split=trainer.split,
        curve=curve,
        is_main=trainer.accelerator.is_main_process,
    )


def _leave() -> None:
    """Leaves the process group, if there is one, before the interpreter shuts down.

    gloo's threads may still hold tensors. If they are freed during the shutdown, they abort a run that is done
    (pytorch/pytorch#179291).
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _clear(folder: Path, checkpoints: Path) -> None:
    """Deletes an older run: a mixture of its files and new ones would look like a complete model."""
    if checkpoints.exists():
        shutil.rmtree(checkpoints)
    for name in (*WEIGHTS, "curve.json", "README.md"):
        (folder / name).unlink(missing_ok=True)


def _trainable(training_set: TrainingSet, settings: TrainSection, base: str) -> Any:
    """The base whose weights are trained, or the base with a new adapter."""
    model = load_model(base)
    require_vocabulary(model, training_set.tokenizer, base)
    if not settings.use_peft:
        return model
    set_seed(training_set.seed)  # the adapter's weights are drawn here
    return get_peft_model(model, adapter(settings))


def adapter(settings: TrainSection) -> LoraConfig:
    """The adapter that the settings describe."""
    targets = settings.lora_target_modules
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=0.0,
        target_modules=targets if isinstance(targets, str) else list(targets),
    )


def _require_launch(accelerator: Any, settings: TrainSection) -> None:
    """Checks the processes: some launchers silently start one process, or another kind of distribution."""
    kind = str(accelerator.distributed_type).rpartition(".")[2].lower()
    distribution = "fsdp" if kind == "fsdp" else "ddp" if kind.startswith("multi") else kind
    if accelerator.num_processes != settings.processes:
        raise TrainingError(
            f"the recipe asks for processes={settings.processes}, the launcher started {accelerator.num_processes}; "
            f"start with: torchrun --nproc-per-node {settings.processes} --no-python penchant train ..."
        )
    if settings.processes > 1 and distribution != settings.distributed:
        raise TrainingError(
            f"the recipe asks for distributed={settings.distributed}, the launcher set up '{distribution}'"
        )


def _arguments(settings: TrainSection, checkpoints: Path, *, seed: int) -> DPOConfig:
    parts = settings.gradient_accumulation_steps or max(1, settings.users_per_step // settings.processes)
    share, remainder = divmod(settings.users_per_step, settings.processes * parts)
    if remainder or not share:
        raise ConfigError(
            f"users_per_step={settings.users_per_step} cannot be shared by processes={settings.processes} and "
            f"gradient_accumulation_steps={parts}; make it a multiple of their product"
        )
    fixed: dict[str, Any] = {
        "output_dir": str(checkpoints),
        "beta": settings.beta,
        "learning_rate": settings.learning_rate,
        "max_steps": settings.max_steps,
        "per_device_train_batch_size": share,
        "gradient_accumulation_steps": parts,
        "warmup_steps": settings.warmup_steps,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "save_steps": settings.save_steps,
        "seed": seed,
        "max_length": None,
        "precompute_ref_log_probs": True,
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "use_cpu": not torch.cuda.is_available(),
    }
    defaults: dict[str, Any] = {
        "bf16": torch.cuda.is_available(),
        "lr_scheduler_type": "linear",
        "adam_beta2": 0.98,
        "save_total_limit": 2,
        "logging_steps": min(_LOGGING_STEPS, settings.max_steps),
        **NO_CHECKPOINTING,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "report_to": "none",
    }
    return DPOConfig(**fixed, **{**defaults, **checked_trl_keys(settings.trl, fixed)})


def checked_trl_keys(keys: dict[str, Any], fixed: dict[str, Any]) -> dict[str, Any]:
    """The keys of the recipe's `trl` section, which go to TRL unchanged.

    Args:
        fixed: the keys that penchant sets itself.
    Raises:
        ConfigError: TRL has no such key, or penchant sets it itself.
    """
    for key in keys:
        if key in fixed or key in ("loss_type", "loss_weights"):
            raise ConfigError(f"'trl.{key}' is set by the method's own keys; remove it from trl")
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.0)[0]
            raise ConfigError(f"TRL's DPOConfig has no key '{key}' (under 'trl'); nearest is '{near}'")
    return keys
