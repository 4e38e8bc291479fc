from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Comment, Comparison, Demographics, Evidence, Persona, Rating, RecordError, Statement
from penchant.persona import PERSONA_KINDS, Item

ONE_OF_EACH: tuple[Evidence, ...] = (
    Comment("post", "comment"),
    Comparison("post", "good", "bad"),
    Demographics("a nurse from Leeds"),
    Rating("post", "answer", liked=True),
    Statement("keep it short"),
)
personas = st.lists(st.sampled_from(ONE_OF_EACH), max_size=12).map(Persona.of_items)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Comment("post", " \n"),
        lambda: Comparison("post", "", "bad"),
        lambda: Comparison("post", "good", "\t"),
        lambda: Demographics(""),
        lambda: Rating("post", "", liked=False),
        lambda: Statement("  "),
    ],
)
def test_evidence_without_its_text_is_refused(make) -> None:
    with pytest.raises(RecordError, match="empty"):
        make()


def test_evidence_without_a_post_is_taken_as_no_post_was_recorded() -> None:
    assert Comment("", "text").prompt == ""


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("ugc", (Comment,)), ("pair", (Comparison, Rating)), ("demo", (Demographics, Statement)), ("none", ())],
)
def test_a_kind_shows_its_items_and_no_other(kind, shown: tuple[type, ...]) -> None:
    selected = Persona(ONE_OF_EACH).select(kind)
    assert [type(item) for item in selected.evidence] == list(shown)


def test_every_kind_can_be_selected_from_an_empty_persona() -> None:
    assert [len(Persona().select(kind)) for kind in PERSONA_KINDS] == [0] * len(PERSONA_KINDS)


def test_of_keeps_the_order_of_time() -> None:
    persona = Persona((Comment("a", "first"), Statement("second"), Comment("b", "third")))
    assert persona.of(Comment, Statement) == persona.evidence
    assert persona.of(Comment) == (Comment("a", "first"), Comment("b", "third"))


@given(personas, st.text(max_size=5))
def test_a_mixed_draw_is_a_non_empty_part_in_the_order_of_time(persona: Persona, seed: str) -> None:
    places = iter(persona.evidence)
    drawn = persona.select("mixed", seed=seed).evidence
    assert all(any(item is other for other in places) for item in drawn)
    assert bool(drawn) == bool(persona.evidence)


@given(personas, st.text(max_size=5))
def test_a_mixed_draw_depends_on_its_seed_alone(persona: Persona, seed: str) -> None:
    assert persona.select("mixed", seed=seed) == persona.select("mixed", seed=seed)


def test_mixed_draws_reach_every_count_and_the_description_half_of_the_time() -> None:
    comments = [Comment("p", f"c{i}") for i in range(4)]
    choices = [Comparison("p", f"y{i}", "n") for i in range(4)]
    persona = Persona((*comments, *choices, Demographics("a nurse from Leeds")))
    draws = [persona.select("mixed", seed=str(i)) for i in range(1000)]
    for kind in (Comment, Comparison):
        seen = [len(draw.of(kind)) for draw in draws]
        assert all(150 <= seen.count(count) <= 260 for count in range(5))
    assert 440 <= sum(bool(draw.of(Demographics)) for draw in draws) <= 560


def test_zero_sampled_comments_never_borrow_another_users() -> None:
    mine = Persona((Comment("p", "mine"), Comparison("p", "y", "n")))
    theirs = Persona((Comment("p", "theirs"),))
    for seed in map(str, range(50)):
        theirs.select("mixed", seed=seed)
        assert set(mine.select("mixed", seed=seed).evidence) <= set(mine.evidence)


def test_behaviour_is_what_somebody_wrote_and_chose() -> None:
    wrote, chose, told = Comment("p", "c"), Comparison("p", "a", "b"), Demographics("d")
    assert Persona((told, wrote, chose)).select("behaviour").evidence == (wrote, chose)


def test_an_item_without_an_id_is_named_by_what_it_says_and_not_by_its_direction(tiny) -> None:
    plain, read = Comment("post", "comment"), Comment("post", "comment", tiny.direction({"length": 1}))
    assert Item(plain).key == Item(read).key == Item(plain).key
    assert len({Item(item).key for item in ONE_OF_EACH}) == len(ONE_OF_EACH)
    assert Item(plain, id="c7").key == "c7"


def test_times_are_kept_in_utc() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert Item(ONE_OF_EACH[0], at=noon).at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert Item(ONE_OF_EACH[0], at=datetime(2026, 3, 1)).at == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", PERSONA_KINDS)
def test_selected_and_rewritten_items_keep_their_identity(kind) -> None:
    persona = Persona(tuple(Item(item, id=str(i)) for i, item in enumerate(ONE_OF_EACH)))
    selected = persona.select(kind)
    assert set(selected.items) <= set(persona.items)
    changed = selected.rewritten(lambda item: Statement(type(item).__name__))
    assert [item.id for item in changed.items] == [item.id for item in selected.items]
    assert all(isinstance(item, Statement) for item in changed.evidence)
