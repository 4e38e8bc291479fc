"""Records with every possible field, over the small space of tests/conftest.py."""

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from penchant import Direction, PreferenceSpace, Record
from penchant.message import ROLES, Message
from penchant.persona import Evidence, Item, Persona
from penchant.record import Provenance
from penchant.space import load_space

AWKWARD = "a, b\n\"c\" \t\\ 'd' äß 🙂 </notes>\u2028 end"


@pytest.fixture(scope="session")
def alignx90() -> PreferenceSpace:
    return load_space("alignx90")


@pytest.fixture(scope="session")
def example_of(tiny: PreferenceSpace) -> Callable[..., Evidence]:
    """Evidence of any kind, built from the fields of its class, so that a new kind needs no change here."""

    def build(kind: type[Evidence], direction: Direction | None = None) -> Evidence:
        hints = typing.get_type_hints(kind)
        values: dict[str, object] = {"direction": direction}
        for field in dataclasses.fields(kind):
            if hints[field.name] is str:
                values[field.name] = f"{field.name}: {AWKWARD}"
            elif hints[field.name] is bool:
                values[field.name] = False
            elif hints[field.name] == tuple[Message, ...]:
                values[field.name] = (Message("user", f"before {AWKWARD}"), Message("assistant", "an answer"))
        return kind(**values)

    return build


@pytest.fixture(scope="session")
def full_record(tiny: PreferenceSpace, example_of) -> Callable[[str], Record]:
    """A record with every field set and every kind of evidence; directions are present, missing or neutral."""

    def build(record_id: str) -> Record:
        directions = (None, tiny.direction(), tiny.direction({"length": -1, "depth": 1}))
        evidence = [example_of(kind, d) for kind in typing.get_args(Evidence) for d in directions]
        return Record(
            record_id=record_id,
            user_id="u,1",
            prompt=f"prompt {AWKWARD}",
            chosen=f" chosen {AWKWARD}\r\n",
            rejected="rejected",
            persona=Persona(tuple(reversed(evidence))),
            direction=tiny.direction({"humour": 1}),
            profile=tiny.direction({"length": 1, "humour": -1}),
            golden=tiny.direction({"depth": -1}),
            split="dev",
            provenance=Provenance("set", "how", "unseen", '{"licence": "MIT"}'),
        )

    return build


@pytest.fixture(scope="session")
def any_record(tiny: PreferenceSpace) -> st.SearchStrategy[Record]:
    """Any record over the small space."""
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    said = texts.filter(lambda text: bool(text.strip()))
    direction = st.none() | st.builds(
        lambda signs: Direction(tiny, signs), st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3)
    )

    others = st.builds(Message, st.sampled_from(ROLES), said)

    def item(kind: type[Evidence]) -> st.SearchStrategy[Evidence]:
        by_type = {str: said, bool: st.booleans(), tuple[Message, ...]: st.lists(others, max_size=2).map(tuple)}
        hints = typing.get_type_hints(kind)
        return st.builds(
            kind, **{field.name: by_type.get(hints[field.name], direction) for field in dataclasses.fields(kind)}
        )

    conversations = st.builds(
        lambda earlier, last: (*earlier, Message("user", last)), st.lists(others, max_size=3), said
    )
    evidence = st.one_of([item(kind) for kind in typing.get_args(Evidence)])
    # without times, as files with times in every item are sorted by them
    personas = st.lists(st.builds(Item, evidence, id=texts), max_size=4)
    return st.builds(
        Record,
        record_id=texts.filter(bool),
        user_id=st.none() | texts,
        prompt=conversations,
        chosen=said,
        rejected=said,
        persona=personas.map(Persona.of_items),
        direction=direction,
        profile=direction,
        golden=direction,
        split=texts,
        provenance=st.builds(Provenance, texts, texts, texts, texts),
    ).filter(lambda record: record.chosen.strip() != record.rejected.strip())


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real rows, which are stored outside the repository."""
    folder = Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent")
    return folder
