"""Records, and how their people are shown, as any harness is told them. Knows no harness and no model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.errors import ConfigError
from penchant.eval.bench import Condition, show
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
    """What is asked: `Source.of` takes records, `Source.read` a path."""

    shown: Condition
    space: PreferenceSpace
    method: str
    layout: Layout
    facts: Mapping[str, Any]
    """What a harness writes into its log: settings, space, and what became of the rows."""

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
        """Records in memory; the settings are those of `penchant eval`.

        Args:
            method: few_shot for a model that was not aligned, or the one by which it was.
            persona: of the evidence, what is shown; `none` asks the bare prompt, `shuffled` shows somebody else's.
            seed: of the draw of a mixed persona.
        Raises:
            ConfigError: an unknown method, persona or layout, or no records.
            RecordError: shuffled, with records of one person only.
        """
        known = {"method": (method, tuple(METHODS)), "persona": (persona, PERSONAS), "layout": (layout, LAYOUTS)}
        for name, (given, names) in known.items():
            if given not in names:
                raise ConfigError(f"{name} '{given}': known are {', '.join(names)}")
        if not records:
            raise ConfigError("there are no records to ask about; check the data and the split")
        settings = {"method": method, "persona": persona, "layout": layout, "seed": seed, "space": space.digest}
        written: Layout = "paper" if layout == "paper" else "user_first"
        shown = draw_condition(records, persona, seed=seed)
        return cls(shown, space, method, written, {**settings, **(facts or {}), "records": len(records)})

    @classmethod
    def read(cls, data: str | Path, *, space: str | None = None, split: str | None = None, **settings: Any) -> Source:
        """Records of a path in any layout that penchant reads; rows set aside are warned of and stand in `facts`.

        Args:
            space: name or .toml file; None takes the space.toml with or beside the data, else alignx90.
            split: only records of this split.
            settings: as `Source.of`.
        Raises:
            ConfigError: as `Source.of`.
            DataError, SpaceError: as `penchant.shards.read_records`.
        """
        beside = find_space_file(Path(data))
        where = load_space(space or (str(beside) if beside else "alignx90"))
        loaded = read_records(data, space=where)
        records = [record for record in loaded if split in (None, record.split)]
        facts: dict[str, Any] = {"data": str(data), "split": split, "rows": loaded.counts.summary()}
        if loaded.counts.lost_items:
            facts["lost_items"] = dict(loaded.counts.lost_items)
        if loaded.counts.dropped or loaded.counts.lost_items:
            lost = "".join(f"; {n:,} items of evidence left out ({why})" for why, n in loaded.counts.lost_items.items())
            warnings.warn(f"{data}: {facts['rows']}{lost}", stacklevel=2)
        return cls.of(records, where, facts=facts, **settings)

    def __len__(self) -> int:
        return len(self.shown.records)

    def user(self, place: int) -> str:
        """Whose record it is; a record that names no user is a person of its own."""
        record = self.shown.records[place]
        return record.person_id

    def rendered(self, place: int, record: Record | None = None, *, budget: Budget | None = None) -> Rendered:
        """What the method shows for the record at a place, as `penchant eval` would.

        Args:
            record: asks this in the record's place, as `eval.choice.orders` makes it.
            budget: evidence beyond it is left out, counted in what is returned.
        Raises:
            RecordError: the method has nothing to show of the person, or the task alone is beyond the budget.
        """
        own = self.shown.records[place]
        person = meet_record(own, self.shown.personas[place], self.space)
        return METHODS[self.method].record_messages(record or own, person, layout=self.layout, budget=budget)
