"""Records with the evidence that each prompt shows, for any harness. This module uses no harness and no model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.bench import Condition, draw_condition
from penchant.method import METHODS
from penchant.person import meet_record
from penchant.persona import PERSONA_KINDS
from penchant.record import Record
from penchant.render import LAYOUTS, Budget, Layout, Rendered
from penchant.shards import read_records
from penchant.space import PreferenceSpace, find_space_file, load_space

PERSONAS = (*PERSONA_KINDS, "shuffled")


@dataclass(frozen=True, slots=True)
class Source:
    """The records of a task: `Source.of` takes records, `Source.read` a path."""

    condition: Condition
    space: PreferenceSpace
    method: str
    layout: Layout
    facts: Mapping[str, Any]
    """For the log of a harness: settings, space, and how many rows were kept or dropped."""

    @classmethod
    def of(
        cls,
        records: Sequence[Record],
        space: PreferenceSpace,
        *,
        method: str = "few_shot",
        persona: str = "mixed",
        layout: str = "user_first",
        seed: int = 0,
        facts: Mapping[str, Any] | None = None,
    ) -> Source:
        """Records in memory; the settings are those of `penchant eval accuracy`.

        Args:
            method: the method that the model was aligned with; few_shot for a model that was not aligned.
            persona: the evidence shown; `none` asks the bare prompt, `shuffled` shows another person's evidence.
            seed: of the draw of a mixed persona.
        Raises:
            ConfigError: an unknown method, persona or layout, or no records.
            RecordError: `shuffled` with records of one person only.
        """
        choices = {"method": (method, tuple(METHODS)), "persona": (persona, PERSONAS), "layout": (layout, LAYOUTS)}
        for name, (value, names) in choices.items():
            if value not in names:
                raise ConfigError(f"{name} '{value}': known are {', '.join(names)}")
        if not records:
            raise ConfigError("there are no records to ask about; check the data and the split")
        settings = {"method": method, "persona": persona, "layout": layout, "seed": seed, "space": space.digest}
        written: Layout = "paper" if layout == "paper" else "user_first"
        condition = draw_condition(records, persona, seed=seed)
        every_fact = {**settings, **(facts or {}), "records": len(records)}
        return cls(condition=condition, space=space, method=method, layout=written, facts=every_fact)

    @classmethod
    def read(cls, data: str | Path, *, space: str | None = None, split: str | None = None, **settings: Any) -> Source:
        """Records of a path in any layout that penchant reads; a warning and `facts` name the rows that are dropped.

        Args:
            space: name or .toml file; None takes the space.toml in or beside the data, else alignx90.
            split: only records of this split.
            settings: as `Source.of`.
        Raises:
            ConfigError: as `Source.of`.
            DataError, SpaceError: as `penchant.shards.read_records`.
        """
        own_space = find_space_file(Path(data))
        opened = load_space(space or (str(own_space) if own_space else "alignx90"))
        loaded = read_records(data, space=opened)
        records = [record for record in loaded if split in (None, record.split)]
        facts: dict[str, Any] = {"data": str(data), "split": split, "rows": loaded.counts.summary()}
        if loaded.counts.lost_items:
            facts["lost_items"] = dict(loaded.counts.lost_items)
        if loaded.counts.dropped or loaded.counts.lost_items:
            lost = "".join(f"; {n:,} items of evidence left out ({why})" for why, n in loaded.counts.lost_items.items())
            warnings.warn(f"{data}: {facts['rows']}{lost}", stacklevel=2)
        return cls.of(records, opened, facts=facts, **settings)

    def __len__(self) -> int:
        return len(self.condition.records)

    def user(self, index: int) -> str:
        """The person of a record; a record without a user is a person of its own."""
        return self.condition.records[index].person_id

    def rendered(self, index: int, record: Record | None = None, *, budget: Budget | None = None) -> Rendered:
        """The prompt of a record under the method, as `penchant eval accuracy` makes it.

        Args:
            record: its prompt takes the place of the record's own, as `eval.choice.orders` makes it.
            budget: evidence beyond it is left out; the result counts it.
        Raises:
            RecordError: the method cannot show the person's evidence, or the prompt alone exceeds the budget.
        """
        own = self.condition.records[index]
        person = meet_record(own, self.condition.personas[index], self.space)
        return METHODS[self.method].record_messages(record or own, person, layout=self.layout, budget=budget)
